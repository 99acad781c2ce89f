"""What a night holds in memory for its tables, and for how long."""

import pytest

from pipelines.night import build, tables

REP = {"rep_id": "R1", "full_name": "Ada Ng", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}


def two_nights(office):
    """A first one, and one with an activity more."""
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    office.night()
    office.deliver("activities_later.csv", [{**CALL, "source_record_id": "A2"}])
    office.night()
    assert office.query("select sum(touches) from marts.rep_activity_daily") == [(2,)]


def test_a_full_build_lets_go_of_its_activities_before_it_ends_and_a_later_night_keeps_its_few(office, monkeypatch):
    stood = []

    def looked(connection, *told):
        named = "select count(*) from duckdb_tables() where database_name = 'staging' and table_name = 'dirty_activity'"
        stood.append(connection.execute(named).fetchone()[0])
        return restate(connection, *told)

    restate = build.restate_past
    monkeypatch.setattr(build, "restate_past", looked)
    two_nights(office)
    assert stood == [0, 1]


@pytest.mark.parametrize(("many", "lanes"), [(1, [1, 2]), (2, [2, 2])])
def test_a_full_build_of_many_activities_makes_one_table_at_a_time(office, monkeypatch, many, lanes):
    taken = []

    def looked(connection, before, make, lanes):
        taken.append(lanes)
        return side_by_side(connection, before, make, lanes)

    side_by_side = tables.side_by_side
    monkeypatch.setattr(tables, "side_by_side", looked)
    monkeypatch.setattr(tables, "MANY_ACTIVITIES", many)
    two_nights(office)
    assert taken == lanes
