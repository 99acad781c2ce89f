"""Every published row of every mart is what its evidence says: the records behind it are found again and add up to it."""

import pytest

from pipelines.night.shipped import shipped_catalogue
from sql.evidence import disagreements
from sql.warehouse import open_published
from tests.reliability import record

EVIDENCE = {
    f"{spec.name}.{evidence.name}": (spec, evidence)
    for spec in shipped_catalogue().specs().values()
    for evidence in spec.evidence
}


@pytest.fixture(scope="module")
def published(storied_demo):
    """What a night of the demo company publishes; a company whose people, deals and records do what they should not."""
    with open_published(storied_demo.published / "crm.duckdb") as connection:
        yield connection


@pytest.mark.parametrize("name", EVIDENCE)
def test_the_records_add_up_to_every_published_row(published, name):
    spec, evidence = EVIDENCE[name]
    assert published.execute(f"select count(*) from ({evidence.sql}\n)").fetchone() > (0,), "the demo shows none"
    assert published.execute(disagreements(spec, evidence)).fetchall() == []
    (rows,) = published.execute(f"select count(*) from {spec.table}").fetchone()
    record("every published figure is the sum of its records", "published rows, added up again", rows)


def test_every_mart_names_what_stands_behind_it():
    marts = {spec.table for spec in shipped_catalogue().specs().values() if spec.schema_name == "marts"}
    marts -= {"marts.alerts"}  # each row carries its own evidence
    assert marts - {spec.table for spec, _ in EVIDENCE.values()} == set()
