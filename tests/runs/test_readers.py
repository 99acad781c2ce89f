"""Readers that poll through publications see no error and never a mixed state."""

import subprocess
import sys

import pytest

READER = """
import sys, duckdb
path, seen = sys.argv[1], set()
print("ready", flush=True)
while True:
    with duckdb.connect(path, read_only=True) as connection:
        row = connection.execute(
            "select generation, (select count(*) from core.latest_activities), (select coalesce(sum(touches), 0)::int from marts.rep_activity_daily)"
            " from ops.publication").fetchone()
    generation, records, touches = row
    assert records == touches == generation, row
    seen.add(generation)
    if generation >= int(sys.argv[2]):
        print(len(seen), flush=True)
        break
"""


@pytest.mark.parametrize("nights", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_a_reader_that_polls_sees_every_publication_whole(office, nights):
    call = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}
    office.deliver("reps.csv", [{"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}])
    office.deliver("activities_1.csv", [{"source_record_id": "A1", **call}])
    office.night()
    path = str(office.workspace.published / "crm.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", READER, path, str(nights)], stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout.readline() == "ready\n"
        for night in range(2, nights + 1):
            office.deliver(f"activities_{night}.csv", [{"source_record_id": f"A{night}", **call}])
            office.night()
        seen = reader.stdout.readline()
    assert reader.returncode == 0
    assert int(seen) > nights // 4
