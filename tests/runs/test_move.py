"""A workspace that was moved, as docs/operations.md says, goes on where it was."""

import json
import shutil

import pytest

from pipelines.cli import main
from tests.runs.conftest import AS_OF

REPS = [
    {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2026-01-05", "role": "ae", "team": "East"}
]
CALLS = [{"source_record_id": "1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}]


@pytest.mark.slow
def test_a_moved_workspace_is_in_order_and_takes_nothing_twice(office, office_at, tmp_path, capsys):
    office.deliver("reps.csv", REPS)
    office.deliver("activities.csv", CALLS)
    office.night()
    before = office.hashes()
    settings = office.workspace.settings_file.read_text()
    shutil.copytree(office.workspace.home, tmp_path / "elsewhere", symlinks=True)  # as rsync: no inode is the same
    shutil.rmtree(office.workspace.home)
    moved = office_at(tmp_path / "elsewhere", settings)
    moved.nights = 1
    assert moved.night(as_of=AS_OF).status == "nothing_new"
    moved.deliver("activities_more.csv", [{**CALLS[0], "source_record_id": "2"}])
    assert [load.file_name for load in moved.night(as_of=AS_OF).loads] == ["activities_more.csv"]
    assert moved.query("select touches from marts.rep_activity_daily") == [(2,)]
    assert moved.hashes().keys() == before.keys()
    with pytest.raises(SystemExit):
        main(["doctor", "--json", "--home", str(moved.workspace.home)])
    found = json.loads(capsys.readouterr().out)
    assert str(office.workspace.home) not in json.dumps(found)
