"""Rows of a large night are staged in a file, those of others in memory: the tables are the same."""

import gzip

import pytest

from pipelines.night import build
from sql.warehouse import Warehouse

pytestmark = pytest.mark.slow

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALLS = [
    {"source_record_id": f"A{number % 40}", "channel": "call" if number % 9 else "pigeon",
     "occurred_at": f"2026-03-{number % 28 + 1:02}T15:00:00Z", "rep_id": "R1", "status": "completed",
     "updated_at": f"2026-03-29T00:00:{number:02}Z"}
    for number in range(50)
]  # fmt: skip


@pytest.fixture
def staged_in(monkeypatch):
    """Where each night's rows were staged: a file's name, or None for memory."""
    seen = []
    enter = Warehouse.__enter__

    def noted(warehouse):
        if warehouse.private is not None:
            seen.append(warehouse.staging and warehouse.staging.name)
        return enter(warehouse)

    monkeypatch.setattr(Warehouse, "__enter__", noted)
    return seen


def two_nights(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", CALLS[:30])
    office.night()
    office.deliver("activities_2.csv", CALLS[20:])
    office.night()
    accounting = "select rows_read, rows_accepted, rows_duplicate, rows_superseded, rows_quarantined"
    return office.hashes(), office.query(f"{accounting} from ops.load_accounting order by load_id")


def test_a_large_night_makes_the_same_tables(open_office, staged_in, monkeypatch):
    in_memory = two_nights(open_office())
    monkeypatch.setattr(build, "STAGED_IN_MEMORY_BYTES", 100)
    assert two_nights(open_office()) == in_memory
    assert staged_in == [None, None, "staging.duckdb", "staging.duckdb"]


def test_a_packed_file_counts_as_what_is_in_it(office, staged_in, monkeypatch):
    packed = gzip.compress(b"rep_id,full_name,rep_type,hire_date\nR1,Ada,inside,2025-01-01\n")
    monkeypatch.setattr(build, "STAGED_IN_MEMORY_BYTES", 4 * len(packed))
    office.deliver("reps.csv.gz", packed)
    office.night()
    assert staged_in == ["staging.duckdb"]
