"""Columns that come and go: each is told once, with what it most likely is, and ops.source_column keeps them all."""

from __future__ import annotations

import pytest

from pipelines.commands.standing import read_standing
from tests.runs.conftest import Office
from tests.runs.test_status import page

pytestmark = pytest.mark.slow

SETTINGS = """
company: {name: Test, timezone: America/New_York}
sources:
  - {name: crm, kind: canonical, path: inbox/crm}
  - name: dialer
    kind: mapped
    path: inbox/dialer/*.csv
    entity: activities
    needs: [Call ID, start_time]
    fields:
      source_record_id: Call ID
      channel: {const: call}
      occurred_at: {column: start_time, format: "%d.%m.%Y %H:%M"}
      rep_id: Agent
      disposition: Result
  - {name: hub, kind: hubspot_export, path: inbox/hub}
"""
REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
DIALED = {"Call ID": "1", "start_time": "02.03.2026 17:30", "Agent": "R1", "Result": "Connected"}
DEAL = {
    "Record ID": "7",
    "Deal Name": "Big",
    "Deal Stage": "won",
    "Pipeline": "Main",
    "Create Date": "2026-03-02 10:00",
}


def changed(row, **columns):
    return {**{key: value for key, value in row.items() if columns.get(key, "") is not None}, **{
        key: value for key, value in columns.items() if value is not None}}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The office after four nights, and the notes of each night."""
    office = Office(tmp_path_factory.mktemp("columns") / "workspace", SETTINGS)
    nights = []

    def night(number, crm, dialed, deal):
        office.deliver(f"activities_{number}.csv", [changed(crm, source_record_id=f"A{number}")])
        office.deliver(f"calls_{number}.csv", [changed(dialed, **{"Call ID": f"D{number}"})], "inbox/dialer")
        office.deliver(f"deals_{number}.csv", [changed(deal, **{"Record ID": f"{number}"})], "inbox/hub")
        nights.append(office.night())

    office.deliver("reps.csv", [REP])
    night(1, {**CALL, "disposition": "Left message"}, DIALED, {**DEAL, "Weather": "fine"})
    drifted = {"Agent": None, "Temsilci": "R1", "Talk time": "0:02:05", "Mood": "sunny"}
    night(
        2,
        {**CALL, "disposion": "Left message"},
        changed(DIALED, **drifted),
        {**DEAL, "Weather": "fine", "Humidity": "9"},
    )
    night(3, {**CALL, "disposion": "Left message"}, changed(DIALED, **drifted), DEAL)
    night(4, CALL, changed(DIALED, start_time=None, starttime_utc="02.03.2026 17:30"), DEAL)
    return office, nights


def columns(office, source):
    return office.query(
        "select column_name, state, feeds, looks_like, proposal, rows_not_supplied, missing_load_id is not null"
        f" from ops.source_column where source = '{source}' and (state <> 'read' or missing_load_id is not null)"
        " and not (state = 'missing' and first_load_id is null) and object in ('', 'deals') order by 1"
    )


def test_a_canonical_file_is_told_the_new_name_of_a_column_once(told):
    office, nights = told
    assert [len([note for note in night.notes if "crm/" in note and "dispos" in note]) for night in nights] == [
        0,
        3,
        0,
        0,
    ]
    assert columns(office, "crm") == [
        ("disposion", "kept", None, "disposition", "rename it to disposition", 0, False),
        ("disposition", "missing", "disposition", None, None, 3, True),
    ]


def test_a_mapping_is_told_the_lines_to_add(told):
    office, nights = told
    assert columns(office, "dialer") == [
        ("Agent", "missing", "rep_id", None, None, 2, True),
        ("Mood", "kept", None, None, None, 0, False),
        ("Talk time", "kept", None, "duration_seconds",
         "fields: {duration_seconds: {column: Talk time, unit: 'HH:MM:SS'}}", 0, False),
        ("Temsilci", "kept", None, "rep_id", "aliases: {Agent: [Temsilci]}", 0, False),
    ]  # fmt: skip
    said = " ".join(nights[1].notes)
    for words in ("'Agent' (it fed rep_id) is no longer there", "'Temsilci' looks like rep_id: to have it read, add",
                  "columns that nothing names are kept in private.duckdb only: Temsilci, Talk time, Mood"):  # fmt: skip
        assert words in said
    assert not [note for note in nights[2].notes if "dialer/" in note]


def test_a_missing_required_column_refuses_the_file_and_names_the_new_one(told):
    _, nights = told
    [refused] = [load for load in nights[3].loads if load.status == "refused"]
    assert refused.reason.startswith(
        "missing_column: the file has no column 'start_time'; 'starttime_utc' looks like it"
    )
    assert "aliases: {start_time: [starttime_utc]}" in refused.remedy


def test_of_a_crm_only_what_changes_after_its_first_night_is_named(told):
    office, nights = told
    assert "Weather" not in " ".join(nights[0].notes) and "deals (2)" in " ".join(nights[0].notes)
    assert [note for note in nights[1].notes if "Humidity" in note and "hub/deals_2.csv" in note]
    assert not [note for note in nights[3].notes if note.startswith("hub/")]
    assert columns(office, "hub") == [
        ("Deal Name", "kept", None, None, None, 0, False),
        ("Humidity", "kept", None, None, None, 0, False), ("Weather", "kept", None, None, None, 0, False),
    ]  # fmt: skip


def test_status_shows_what_went_and_what_looks_like_a_field(told):
    office, _ = told
    found = page(office)
    assert "dialer │ activities │ Agent       │ missing │ fed rep_id; 2 rows came without it" in found
    assert "looks like rep_id: aliases: {Agent: [Temsilci]}" in found
    assert "Mood" not in found
    assert {row["column_name"] for row in read_standing(office.workspace).published.columns} >= {"Agent", "disposion"}


def test_once_the_lines_are_added_everything_is_read(told):
    """The rebuild says nothing of old columns again, and keeps what it proposed for the others."""
    office, _ = told
    aliases = "    aliases: {Agent: [Temsilci], start_time: [starttime_utc]}\n"
    office.configure(
        SETTINGS.replace(
            "    fields:\n      source_record_id: Call ID", aliases + "    fields:\n      source_record_id: Call ID"
        )
    )
    night = office.night()
    assert not [note for note in night.notes if "looks like" in note or "no longer" in note]
    assert not [load for load in night.loads if load.status == "refused"]
    assert office.query("select distinct rep_id from core.fct_activity where source = 'dialer'") == [("crm:R1",)]
    assert [row[:2] for row in columns(office, "dialer")] == [("Mood", "kept"), ("Talk time", "kept")]
    assert columns(office, "dialer")[1][4] == "fields: {duration_seconds: {column: Talk time, unit: 'HH:MM:SS'}}"


JOINED = """
company: {name: Test, timezone: America/New_York}
sources:
  - name: dialer
    kind: mapped
    path: inbox/dialer/calls*.csv
    entity: activities
    joins: {people: {path: inbox/dialer/people*.csv, on: Call ID, key: call}}
    fields:
      source_record_id: Call ID
      channel: {const: call}
      occurred_at: Started
      contact_id: {join: people, column: person}
"""


def test_a_column_that_a_join_takes_is_missed_too(office):
    office.configure(JOINED)
    office.deliver("calls.csv", b"Call ID,Started\n1,2026-03-02T15:00:00Z\n", "inbox/dialer")
    office.deliver("people_1.csv", b"call,person,shoe\n1,P1,9\n", "inbox/dialer")
    assert "is no longer there" not in " ".join(office.night().notes)
    office.deliver("people_2.csv", b"call,persona\n2,P2\n", "inbox/dialer")
    assert "dialer/people_2.csv: the column 'person' (it fed contact_id) is no longer there" in " ".join(
        office.night().notes
    )
    assert office.query(
        "select entity, column_name, state, feeds, rows_not_supplied from ops.source_column where state = 'missing'"
    ) == [("join:activities:people", "person", "missing", "contact_id", 1)]
