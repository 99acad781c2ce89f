"""Readers that poll through publications see no error and never a mixed state."""

import subprocess
import sys
from contextlib import ExitStack

import pytest

from sql.warehouse import open_published
from tests.reliability import record, tried_here

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}

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
    assert not seen or generation >= max(seen), (generation, max(seen))
    seen.add(generation)
    if generation >= int(sys.argv[2]):
        print(len(seen), flush=True)
        break
"""


def test_a_reader_that_is_locked_down_in_the_same_process_disturbs_no_night(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", [{"source_record_id": "A1", **CALL}])
    office.night()
    with open_published(office.workspace.published_file.resolve()) as reader:
        office.deliver("activities_2.csv", [{"source_record_id": "A2", **CALL}])
        assert office.night().status == "published"
        assert reader.execute("select generation from ops.publication").fetchone() == (1,)
    assert office.query("select generation from ops.publication") == [(2,)]


@pytest.mark.slow
@pytest.mark.parametrize(("readers", "nights"), [(1, 4), (5, tried_here(50))])
def test_readers_that_poll_see_every_publication_whole(office, readers, nights):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", [{"source_record_id": "A1", **CALL}])
    office.night()
    command = [sys.executable, "-c", READER, str(office.workspace.published / "crm.duckdb"), str(nights)]
    with ExitStack() as stack:
        polling = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) for _ in range(readers)
        ]
        assert [reader.stdout.readline() for reader in polling] == ["ready\n"] * readers
        for night in range(2, nights + 1):
            office.deliver(f"activities_{night}.csv", [{"source_record_id": f"A{night}", **CALL}])
            office.night()
        seen = [int(reader.stdout.readline()) for reader in polling]
    assert [reader.returncode for reader in polling] == [0] * readers
    assert min(seen) > nights // 4
    record("readers never see half a night", f"{readers} readers poll through {nights} publications")
