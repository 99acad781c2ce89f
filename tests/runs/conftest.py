"""A workspace to run nights in, for every test about nights."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.settings import load_settings
from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo
from pipelines.night.outcome import NightOutcome
from pipelines.night.run import NightRequest, run_night
from pipelines.night.steps import Progress
from pipelines.night.workspace import Workspace
from sql.hashing import logical_hashes
from sql.warehouse import open_published
from tests.cheap_nights import ALL_MARTS, CHEAP
from tests.runs.together import run_together

SETTINGS = """
company: {name: Test, timezone: America/New_York, holidays: {default_country: US}}
sources:
  - {name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}
"""
AS_OF = datetime(2026, 4, 1, 3, 59, 59, 999999, tzinfo=UTC)  # the end of 31 March in New York
STARTED = datetime(2026, 4, 1, 7, 0, tzinfo=UTC)


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as CSV; the header is the union of their keys."""
    listed = list(rows)
    names = list(dict.fromkeys(name for row in listed for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue().encode()


class Office:
    """A workspace with shorthands: deliver files, run nights, ask the published file."""

    def __init__(self, home: Path, settings: str = SETTINGS) -> None:
        self.workspace = Workspace(home)
        self.environment = dict(CHEAP)
        self.nights = 0
        home.mkdir(parents=True, exist_ok=True)
        (home / "var").mkdir(exist_ok=True)
        self.workspace.secret_key.write_text("a key for tests")
        self.configure(settings)

    def stand_on(self, make: Callable[[Office], object]) -> Office:
        """Becomes a copy of what `make` does with a fresh workspace, which a test process does once.

        For the nights that a test only stands on: a tenth of all nights of the suite were the same ones.
        """
        if make not in GROUNDS:
            folder = tempfile.TemporaryDirectory(prefix="ground")
            ground = Office(Path(folder.name) / "workspace")
            make(ground)
            GROUNDS[make] = folder, ground
        ground = GROUNDS[make][1]
        shutil.rmtree(self.workspace.home)
        shutil.copytree(ground.workspace.home, self.workspace.home, symlinks=True)
        self.environment, self.nights = dict(ground.environment), ground.nights
        return self

    def configure(self, settings: str) -> None:
        self.workspace.settings_file.write_text(settings, encoding="utf-8")

    def deliver(self, name: str, content: bytes | Iterable[Mapping[str, Any]], folder: str = "inbox/crm") -> Path:
        path = self.workspace.home / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else as_csv(content))
        return path

    def night(self, as_of: datetime = AS_OF, progress: Progress | None = None, **options: Any) -> NightOutcome:
        self.nights += 1
        request = NightRequest(
            self.workspace, as_of, STARTED + timedelta(days=self.nights), f"run-{self.nights}", **options
        )
        return run_night(request, load_settings(self.workspace.settings_file, self.environment), progress)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with open_published(self.workspace.published / "crm.duckdb") as connection:
            return connection.execute(sql).fetchall()

    def hashes(self) -> dict[str, str]:
        """The logical hash of every core and mart table."""
        with open_published(self.workspace.published / "crm.duckdb") as connection:
            return logical_hashes(connection)


GROUNDS: dict[Callable[[Office], object], tuple[tempfile.TemporaryDirectory[str], Office]] = {}
"""What tests stand on, by the function that makes it, with the folder that goes with the process."""


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one test process fills with `make` for all of them."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    return folder


STORIED = ALL_MARTS | {"TOUCHLINE__METRICS__GROSS_MARGIN": "0.7", "TOUCHLINE__ALERTS__ENABLED": "true"}
TARGETS = [
    {"metric": "proposals_sent", "target": 2, "period_grain": "month", "effective_from": "2026-05-01"},
    {"metric": "meetings_held", "target": 1, "period_grain": "day", "effective_from": "2026-01-01"},
]
"""One that the demo's managers forgot, and one that the target of the week beats."""


def make_storied_demo(folder: Path, **size: int) -> None:
    """The demo company with its stories, and the night on which they are told, alerts judged."""
    office = Office(folder / "workspace", demo_settings())
    office.environment = STORIED
    inbox = office.workspace.home / "inbox"
    told = write_demo(inbox / "crm", dialer=inbox / "dialer", **size).stories
    office.workspace.demo_stories.write_text(json.dumps([story.as_record() for story in told]))
    office.deliver("activity_targets_more.csv", TARGETS)
    office.night(as_of=DEMO_AS_OF)


@pytest.fixture(scope="session")
def storied_demo(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace of the default demo company, every mart published and its alerts judged; only to be read."""
    return Workspace(made_once(tmp_path_factory, "storied_demo", make_storied_demo) / "workspace")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A fresh workspace."""
    return Office(tmp_path / "workspace")


@pytest.fixture(scope="module")
def shared_nights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException]:
    """What went wrong in the module's tests that share their nights, by their names."""
    return run_together(Office(tmp_path_factory.mktemp("together") / "workspace"), request.module)


@pytest.fixture
def open_office(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Office]:
    """Makes as many fresh workspaces as a test needs."""
    return lambda settings=SETTINGS: Office(tmp_path_factory.mktemp("office") / "workspace", settings)


@pytest.fixture
def office_at() -> Callable[..., Office]:
    """Makes a workspace in a folder of the test's choice."""
    return Office


@pytest.fixture
def settings_text() -> str:
    """The settings of a fresh workspace."""
    return SETTINGS


@pytest.fixture
def instance(office: Office) -> Iterator[Any]:
    """Dagster's instance of the office's workspace."""
    import dagster as dg

    from pipelines.new_workspace import write_dagster_settings

    write_dagster_settings(office.workspace)
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as found:
        yield found
