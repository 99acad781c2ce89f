"""Every published row of every mart is what its evidence says: the records behind it are found again and add up to it."""

import duckdb
import pytest

from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo
from pipelines.night.plan import shipped_catalogue
from sql.evidence import disagreements
from tests.cheap_nights import ALL_MARTS
from tests.runs.conftest import Office

TARGETS = [
    {"metric": "proposals_sent", "target": 2, "period_grain": "month", "effective_from": "2026-05-01"},
    {"metric": "meetings_held", "target": 1, "period_grain": "day", "effective_from": "2026-01-01"},
]
"""One that the demo's managers forgot, and one that the target of the week beats."""

EVIDENCE = {
    f"{spec.name}.{evidence.name}": (spec, evidence)
    for spec in shipped_catalogue().specs().values()
    for evidence in spec.evidence
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """What a night of the demo company publishes; a company whose people, deals and records do what they should not."""
    office = Office(tmp_path_factory.mktemp("demo") / "workspace", demo_settings())
    office.environment = ALL_MARTS | {"TOUCHLINE__METRICS__GROSS_MARGIN": "0.7"}
    inbox = office.workspace.home / "inbox"
    write_demo(inbox / "crm", reps=10, days=70, seed=3, dialer=inbox / "dialer")
    office.deliver("activity_targets_more.csv", TARGETS)
    office.night(as_of=DEMO_AS_OF)
    with duckdb.connect(str(office.workspace.published / "crm.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.mark.parametrize("name", EVIDENCE)
def test_the_records_add_up_to_every_published_row(published, name):
    spec, evidence = EVIDENCE[name]
    assert published.execute(f"select count(*) from ({evidence.sql}\n)").fetchone() > (0,), "the demo shows none"
    assert published.execute(disagreements(spec, evidence)).fetchall() == []


def test_every_mart_names_what_stands_behind_it():
    marts = {spec.table for spec in shipped_catalogue().specs().values() if spec.schema_name == "marts"}
    assert marts - {spec.table for spec, _ in EVIDENCE.values()} == set()
