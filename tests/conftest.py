"""For every test: nights are cheap; tests that want Great Expectations' judgement or all marts say so."""

import fcntl
import json
import os

import pytest

from tests.cheap_nights import ALL_MARTS, CHEAP

os.environ.update(CHEAP)

PROPOSALS = {"metric": "proposals_sent", "target": 2, "period_grain": "month", "effective_from": "2026-05-01"}
"""A target that the demo's managers forgot."""


@pytest.fixture(scope="session")
def demo_night(tmp_path_factory):
    """The default demo company after its night, alerts judged; one test process makes it for the others."""
    from pipelines.demo import demo_settings
    from tests.runs.conftest import Office

    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    with (root / "demo_night.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        office = Office(root / "demo_night" / "workspace", demo_settings())
        office.environment = ALL_MARTS | {"TOUCHLINE__ALERTS__ENABLED": "true"}
        if not office.workspace.published_file.exists():
            make_demo_night(office)
    return office


def make_demo_night(office, **size):
    """Writes the company and its stories, and runs the night on which they are told."""
    from pipelines.demo import DEMO_AS_OF, write_demo

    inbox = office.workspace.home / "inbox"
    summary = write_demo(inbox / "crm", dialer=inbox / "dialer", **size)
    office.workspace.demo_stories.write_text(json.dumps([one.as_record() for one in summary.stories]), encoding="utf-8")
    office.deliver("activity_targets_proposals.csv", [PROPOSALS])
    office.night(as_of=DEMO_AS_OF)
