"""What a killed night leaves is found and removed; what a reader or a rollback may need is not."""

import pytest

from pipelines.night.generation import Generation, point_readers_at
from pipelines.night.leftovers import find_leftovers, remove_leftovers
from sql.warehouse import Warehouse

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}


@pytest.fixture
def two_nights(office):
    return office.stand_on(first_two)


def first_two(office):
    office.deliver("reps.csv", [REP])
    office.night()
    office.deliver("reps_2.csv", [REP | {"rep_id": "R2"}])
    office.night()


def leave(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def test_after_nights_that_ended_nothing_is_left(two_nights):
    assert find_leftovers(two_nights.workspace) == []


def test_generations_to_roll_back_to_are_kept_whichever_is_published(two_nights):
    first = Generation(two_nights.workspace.generations / "000001")
    point_readers_at(two_nights.workspace, first)
    assert remove_leftovers(two_nights.workspace) == []
    assert (two_nights.workspace.generations / "000002" / "crm.duckdb").exists()


def test_each_kind_of_leftover_is_removed_and_named_in_the_next_night(two_nights):
    workspace = two_nights.workspace
    both = ("crm.duckdb", "private.duckdb")
    leave(workspace.building / "000003", "crm.duckdb")
    leave(workspace.generations / "000003", *both, ".unpublished")
    leave(workspace.generations / "000004", "crm.duckdb")
    leave(workspace.generations / ".dropping-000000", "crm.duckdb")
    leave(workspace.landed, ".landing-1")
    leave(workspace.var, "last_night.tmp")
    (workspace.var / ".published").symlink_to("generations/000003")
    assert sorted(leftover.what for leftover in find_leftovers(workspace)) == [
        "a generation that was never published",
        "a generation without all its files",
        "a half-copied inbox file",
        "a half-removed generation",
        "a half-written record",
        "an unfinished build",
        "an unfinished swap of var/published",
    ]
    outcome = two_nights.night()
    assert outcome.status == "nothing_new"
    assert "An earlier night did not end" in outcome.notes[0]
    assert find_leftovers(workspace) == []
    assert sorted(folder.name for folder in workspace.generations.iterdir()) == ["000001", "000002"]


def test_rows_that_do_not_fit_in_memory_go_where_they_are_cleaned_up(tmp_path):
    with Warehouse(spill=tmp_path / "spill") as warehouse:
        found = warehouse.connection.execute("select current_setting('temp_directory')").fetchone()
    assert found == (str(tmp_path / "spill"),)
