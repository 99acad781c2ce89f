"""Readers that poll through publications see no error and never a mixed state."""

import subprocess
import sys

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
    if generation >= 20:
        print(len(seen), flush=True)
        break
"""


def test_a_reader_sees_twenty_publications_whole(office):
    call = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}
    office.deliver("reps.csv", [{"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}])
    office.deliver("activities_1.csv", [{"source_record_id": "A1", **call}])
    office.night()
    path = str(office.workspace.published / "crm.duckdb")
    with subprocess.Popen([sys.executable, "-c", READER, path], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout.readline() == "ready\n"
        for night in range(2, 21):
            office.deliver(f"activities_{night}.csv", [{"source_record_id": f"A{night}", **call}])
            office.night()
        seen = reader.stdout.readline()
    assert reader.returncode == 0
    assert int(seen) > 5
