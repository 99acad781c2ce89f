"""ops.restatement says which published cell of a past period moved, from what to what, and which load moved it."""

from datetime import UTC, datetime, timedelta

import pytest

from models.tables import TableSpec
from pipelines.commands.standing import read_standing
from pipelines.night.shipped import shipped_catalogue
from sql import restatements
from tests.runs.together import together

REP = {
    "rep_id": "R1",
    "full_name": "Ada",
    "rep_type": "inside",
    "hire_date": "2025-01-01",
    "role": "ae",
    "team": "East",
}
CALL = {
    "source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1",
    "direction": "outbound", "status": "completed", "disposition": "connected", "duration_seconds": "120",
    "updated_at": "2026-03-02T16:00:00Z",
}  # fmt: skip
NEWER = "2026-03-20T00:00:00Z"
DAY = '{"rep_id":"crm:R1","activity_date":"2026-03-02"}'
WEEK = '{"period_grain":"week","period_start":"2026-03-02","rep_type":"inside"}'


def call(name, **fields):
    return {**CALL, "source_record_id": name, **fields}


def published(office, *rows, reps=(REP,)):
    """A first night with a roster and these activities, one call when none are said."""
    if not rows and reps == (REP,) and not (office.workspace.home / "inbox").exists():
        office.stand_on(published_call)
        return
    deliver(office, *rows, reps=reps)
    office.night()


def deliver(office, *rows, reps=(REP,)):
    office.deliver("reps.csv", reps)
    office.deliver("activities.csv", rows or [call("A1")])


def published_call(office):
    published(office, call("A1"))


def load_of(desk, file_name):
    [(load_id,)] = desk.query(f"select load_id from ops.load where file_name = '{file_name}'")
    return load_id


def moved(office, columns=("touches", "calls", "rep_type", "team", "contacts_touched"), of="marts.rep_activity_daily"):
    """The last generation's restatements of a table as (key, column, old, new, load, cause)."""
    listed = ", ".join(f"'{column}'" for column in columns)
    return office.query(
        "select key, column_name, old_value, new_value, load_id, cause from ops.restatement"
        f" where table_name = '{of}' and column_name in ({listed})"
        " and generation = (select generation from ops.publication) order by all"
    )


def test_a_first_night_restates_nothing(office):
    published(office)
    assert office.query("select * from ops.restatement") == []


def test_a_late_row_moves_its_day_and_every_period_that_was_over(office):
    published(office)
    office.deliver("activities_late.csv", [call("A2", updated_at=NEWER)])
    outcome = office.night()
    assert moved(office) == [
        (DAY, "calls", "1", "2", "000002-0001", "load"),
        (DAY, "touches", "1", "2", "000002-0001", "load"),
    ]
    periods = moved(office, ["touches"], "marts.rep_type_activity")
    assert periods == [
        (WEEK.replace("week", "day"), "touches", "1", "2", "000002-0001", "load"),
        (WEEK, "touches", "1", "2", "000002-0001", "load"),
    ]
    (note,) = [note for note in outcome.notes if "moved" in note]
    assert "by crm/activities_late.csv (000002-0001)" in note and "touchline query" in note


@together
def test_a_row_that_appears_lists_what_it_holds_and_no_counts_of_zero(desk):
    deliver(desk)
    yield
    desk.deliver("activities_late.csv", [call("A2", channel="email", occurred_at="2026-03-05T15:00:00Z")])
    yield
    columns = desk.query(
        "select column_name, old_value, new_value from ops.restatement where table_name = 'marts.rep_activity_daily'"
        " and not contains(column_name, 'activity_at') order by 1"
    )
    assert columns == [
        ("emails", None, "1"), ("rep_type", None, "inside"), ("role", None, "ae"), ("team", None, "East"),
        ("touches", None, "1"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_newer_version_that_moves_a_call_takes_it_from_one_day_and_adds_it_to_another(office):
    published(office, call("A1"), call("A2"))
    office.deliver("activities_2.csv", [call("A2", occurred_at="2026-03-03T15:00:00Z", updated_at=NEWER)])
    office.night()
    assert moved(office, ["touches"]) == [
        (DAY, "touches", "2", "1", "000002-0001", "load"),
        (DAY.replace("-02", "-03"), "touches", None, "1", "000002-0001", "load"),
    ]
    assert moved(office, ["touches"], "marts.rep_type_activity")[0][0].startswith('{"period_grain":"day"')
    assert WEEK not in [key for key, *_ in moved(office, ["touches"], "marts.rep_type_activity")]


@together
def test_a_deleted_call_takes_the_row_away(desk):
    deliver(desk)
    yield
    desk.deliver("activities_2.csv", [call("A1", is_deleted="true", updated_at=NEWER)])
    yield
    load = load_of(desk, "activities_2.csv")
    assert moved(desk) == [
        (DAY, "calls", "1", None, load, "load"),
        (DAY, "rep_type", "inside", None, load, "load"),
        (DAY, "team", "East", None, load, "load"),
        (DAY, "touches", "1", None, load, "load"),
    ]


@pytest.mark.slow
def test_the_same_rows_again_move_nothing(office):
    published(office)
    office.deliver(
        "activities_again.csv", [call("A1"), call("A1", updated_at="2026-03-01T00:00:00Z", status="cancelled")]
    )
    office.night()
    office.night(full_refresh=True)
    assert office.query("select * from ops.restatement") == []


@together
def test_a_merge_moves_the_distinct_contacts_and_names_the_load_of_the_contacts(desk):
    contacts = [{"contact_id": name, "updated_at": "2026-01-01T00:00:00Z"} for name in ("C1", "C2", "C9")]
    desk.deliver("contacts.csv", contacts)
    deliver(desk, call("A1", contact_id="C1"), call("A2", contact_id="C2"))
    yield
    desk.deliver("activities_2.csv", [call("A3", occurred_at="2026-03-10T15:00:00Z")])
    desk.deliver("contacts_2.csv", [{"contact_id": "C1", "merged_into_id": "C2", "updated_at": NEWER}])
    yield
    load = dict(desk.query("select file_name, load_id from ops.load"))
    assert moved(desk, ["contacts_touched"]) == [(DAY, "contacts_touched", "2", "1", load["contacts_2.csv"], "load")]
    assert moved(desk, ["touches"]) == [
        (DAY.replace("-02", "-10"), "touches", None, "1", load["activities_2.csv"], "load")
    ]


@pytest.mark.slow
def test_a_late_roster_row_moves_words_and_what_stands_on_them(office):
    published(office, call("A1"), call("A2", occurred_at="2026-03-20T15:00:00Z"))
    office.deliver("reps_2.csv", [{**REP, "rep_type": "outside", "effective_from": "2026-03-15"}])
    office.night()
    assert moved(office) == [(DAY.replace("-02", "-20"), "rep_type", "inside", "outside", "000002-0001", "load")]
    day = '{"period_grain":"day","period_start":"2026-03-20","rep_type":"%s"}'
    assert moved(office, ["touches"], "marts.rep_type_activity")[:2] == [
        (day % "inside", "touches", "1", None, "000002-0001", "load"),
        (day % "outside", "touches", None, "1", "000002-0001", "load"),
    ]


@together
def test_a_word_and_a_count_of_one_row_name_the_roster_and_the_activities(desk):
    deliver(desk)
    yield
    desk.deliver("activities_2.csv", [call("A2")])
    desk.deliver("reps_2.csv", [{**REP, "team": "West", "updated_at": NEWER}])
    yield
    load = dict(desk.query("select file_name, load_id from ops.load"))
    assert moved(desk) == [
        (DAY, "calls", "1", "2", load["activities_2.csv"], "load"),
        (DAY, "team", "East", "West", load["reps_2.csv"], "load"),
        (DAY, "touches", "1", "2", load["activities_2.csv"], "load"),
    ]


@pytest.mark.slow
def test_an_unknown_rep_who_is_credited_later_names_the_roster(office):
    office.deliver("activities.csv", [call("A1")])
    office.night()
    office.deliver("reps.csv", [REP])
    office.night()
    unknown = '{"rep_id":"unknown","activity_date":"2026-03-02"}'
    assert moved(office, ["touches"]) == [
        (DAY, "touches", None, "1", "000002-0001", "load"),
        (unknown, "touches", "1", None, "000002-0001", "load"),
    ]


def test_days_off_told_late_move_the_workdays_of_their_periods(office):
    published(office)
    office.deliver("time_off.csv", [{"rep_id": "R1", "start_date": "2026-03-02", "end_date": "2026-03-03"}])
    office.night()
    weeks = [row for row in moved(office, ["rep_workdays"], "marts.rep_type_activity") if row[0] == WEEK]
    assert weeks == [(WEEK, "rep_workdays", "5", "3", "000002-0001", "load")]


@together
def test_a_proposal_told_late_names_the_load_of_the_deal(desk):
    stage = {"pipeline": "default", "stage": "Offer", "stage_order": "1", "outcome": "open", "kind": "proposal"}
    desk.deliver("stages.csv", [stage])
    deliver(desk)
    yield
    deal = {"opportunity_id": "D1", "stage": "Offer", "owner_rep_id": "R1", "created_at": "2026-03-02T10:00:00Z"}
    desk.deliver("opportunities.csv", [deal])
    yield
    load = load_of(desk, "opportunities.csv")
    assert moved(desk, ["proposals_sent"]) == [(DAY, "proposals_sent", "0", "1", load, "load")]


@together
def test_of_two_loads_the_one_that_brought_more_is_named_and_each_names_its_own_rep(desk):
    deliver(desk, call("A1"), call("A2", rep_id="R2"), reps=[REP, {**REP, "rep_id": "R2"}])
    yield
    desk.deliver("activities_2.csv", [call("B1"), call("B2"), call("B3", rep_id="R2")])
    desk.deliver("activities_3.csv", [call("C1"), call("C2", rep_id="R2"), call("C3", rep_id="R2")])
    yield
    other = DAY.replace("R1", "R2")
    assert moved(desk, ["touches"]) == [
        (DAY, "touches", "1", "4", load_of(desk, "activities_2.csv"), "load"),
        (other, "touches", "1", "4", load_of(desk, "activities_3.csv"), "load"),
    ]


@pytest.mark.slow
def test_a_day_that_was_still_running_is_not_past(office):
    noon = datetime(2026, 3, 2, 17, tzinfo=UTC)
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [call("A1")])
    office.night(as_of=noon)
    office.deliver("activities_2.csv", [call("A2")])
    office.night(as_of=noon + timedelta(days=3))
    assert office.query("select * from ops.restatement") == []
    office.deliver("activities_3.csv", [call("A3")])
    office.night(as_of=noon + timedelta(days=3))
    assert moved(office, ["touches"]) == [(DAY, "touches", "2", "3", "000003-0001", "load")]


def test_a_meeting_over_midnight_that_has_ended_since_is_moved_by_as_of(office):
    just_after = datetime(2026, 3, 3, 5, 30, tzinfo=UTC)  # half past midnight in New York
    late = call("M1", channel="meeting", occurred_at="2026-03-03T04:00:00Z", ended_at="2026-03-03T06:00:00Z", status="")
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [late, call("A1")])
    office.night(as_of=just_after)
    office.night(as_of=just_after + timedelta(days=1))
    assert moved(office, ["touches", "meetings_held"]) == [
        (DAY, "meetings_held", "0", "1", None, "as_of"),
        (DAY, "touches", "1", "2", None, "as_of"),
    ]


@pytest.mark.slow
def test_an_earlier_as_of_compares_what_was_over_at_both(office):
    published(office, call("A1"), call("A2", occurred_at="2026-03-20T15:00:00Z"))
    office.night(as_of=datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert office.query("select count(*) from marts.rep_activity_daily") == [(1,)]
    assert office.query("select * from ops.restatement") == []


def test_other_settings_name_no_load_and_list_the_newest_up_to_a_limit(office, monkeypatch):
    plain = [call(f"A{day}", disposition="", occurred_at=f"2026-03-{day:02}T15:00:00Z") for day in range(2, 8)]
    published(office, *plain)
    monkeypatch.setattr(restatements, "MOST_CELLS_OF_SETTINGS", 4)
    office.configure(office.workspace.settings_file.read_text() + "metrics: {connected_call_seconds: 200}\n")
    office.deliver("activities_2.csv", [call("B1", disposition="", occurred_at="2026-03-07T15:00:00Z")])
    outcome = office.night()
    assert moved(office, ["calls_connected", "calls"]) == [
        (DAY.replace("-02", "-07"), "calls", "1", "2", None, "settings"),
        (DAY.replace("-02", "-07"), "calls_connected", "1", "0", None, "settings"),
    ]
    assert any("marts.rep_activity_daily: 13 more cells" in note for note in outcome.notes), outcome.notes


@pytest.mark.slow
def test_a_full_refresh_keeps_what_was_restated(office):
    published(office)
    office.deliver("activities_late.csv", [call("A2")])
    office.night()
    before = office.query("select * from ops.restatement order by all")
    office.night(full_refresh=True)
    assert before and office.query("select * from ops.restatement order by all") == before


@pytest.mark.parametrize("full_refresh", [False, True])
def test_a_full_refresh_with_new_files_names_the_same_loads(office, full_refresh):
    published(office)
    office.deliver("activities_late.csv", [call("A1", status="cancelled", updated_at=NEWER), call("A1")])
    office.deliver("reps_2.csv", [{**REP, "team": "West", "updated_at": NEWER}])
    office.night(full_refresh=full_refresh)
    load = dict(office.query("select file_name, load_id from ops.load"))
    assert moved(office, ["touches", "team"]) == [
        (DAY, "team", "East", None, load["activities_late.csv"], "load"),
        (DAY, "touches", "1", None, load["activities_late.csv"], "load"),
    ]


def test_every_mart_of_days_or_periods_is_watched():
    """A cohort is not: its figures go on moving as its deals do."""
    forgotten = [
        f"{spec.table}: add `period: {{start: {column.name}, grain: …}}` to its YAML"
        for spec in shipped_catalogue().specs().values()
        if spec.schema_name == "marts" and spec.period is None
        for column in spec.columns
        if column.name in spec.grain and column.type == "DATE" and "cohort" not in column.name
    ]
    assert forgotten == []


@pytest.mark.parametrize(
    ("period", "complaint"),
    [
        ({"start": "touches", "grain": "day"}, "period.start names no column of the grain: touches"),
        ({"start": "activity_date", "grain": "fortnight"}, "neither day, week, month, quarter, year nor a column"),
    ],
)
def test_a_period_names_columns_of_the_grain(period, complaint):
    spec = shipped_catalogue().spec("marts.rep_activity_daily").model_dump()
    with pytest.raises(ValueError, match=complaint):
        TableSpec.model_validate({**spec, "period": period})


def test_status_says_what_was_restated_and_by_which_file(office):
    published(office)
    office.deliver("activities_late.csv", [call("A2")])
    office.night()
    daily, _ = sorted(read_standing(office.workspace).published.restated, key=lambda row: row["table_name"])
    (cells,) = office.query("select count(*) from ops.restatement where table_name = 'marts.rep_activity_daily'")
    assert daily == {
        "generation": 2, "table_name": "marts.rep_activity_daily", "cause": "load", "load_id": "000002-0001",
        "file_name": "activities_late.csv", "cells": cells[0],
    }  # fmt: skip
