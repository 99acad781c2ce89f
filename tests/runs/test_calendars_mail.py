"""Calendars and mailboxes through nights, with the settings that docs/sources_calendars_mail.md shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.quality.reading.test_calendar import calendar, event
from tests.quality.reading.test_mailbox import letter
from tests.runs.conftest import Office

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources_calendars_mail.md"
ANN = {"rep_id": "R1", "full_name": "Ann", "rep_type": "inside", "role": "ae", "hire_date": "2025-01-01",
       "email": "ann@acme.example"}  # fmt: skip
OURS = ("ORGANIZER:mailto:Ann@acme.example", "ATTENDEE:mailto:bob@client.example", "LAST-MODIFIED:20260301T000000Z")


@pytest.fixture
def acme(office: Office) -> Office:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    office.configure(found[1])
    office.deliver("reps.csv", [ANN])
    return office


def meetings(office, columns="activity_id, occurred_at, status"):
    return office.query(f"select {columns} from core.fct_activity where channel = 'meeting' order by occurred_at")


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_meetings_around_the_world_are_at_their_instants(acme):
    zones = {
        "auckland": "DTSTART;TZID=Pacific/Auckland:20260303T090000",
        "honolulu": "DTSTART;TZID=Hawaiian Standard Time:20260302T160000",
        "gap": "DTSTART;TZID=America/New_York:20260308T023000",
        "floating": "DTSTART:20260310T100000",
    }
    parts = [event(start, "DURATION:PT1H", *OURS, uid=name) for name, start in zones.items()]
    acme.deliver("ann.ics", calendar(*parts), "inbox/calendar")
    acme.night()
    assert meetings(acme, "activity_id, occurred_at, duration_seconds, rep_id, direction") == [
        ("calendar:auckland", at(2026, 3, 2, 20), 3600, "crm:R1", "outbound"),
        ("calendar:honolulu", at(2026, 3, 3, 2), 3600, "crm:R1", "outbound"),
        ("calendar:gap", at(2026, 3, 8, 7, 30), 3600, "crm:R1", "outbound"),
        ("calendar:floating", at(2026, 3, 10, 14), 3600, "crm:R1", "outbound"),
    ]


def test_a_whole_day_stays_its_day(acme):
    acme.deliver("ann.ics", calendar(event("DTSTART;VALUE=DATE:20260302", *OURS)), "inbox/calendar")
    acme.night()
    columns = "activity_date::varchar, occurred_at_precision, duration_seconds"
    assert meetings(acme, columns) == [("2026-03-02", "date", 0)]


def test_a_series_counts_as_often_as_it_was_held(acme):
    series = event(
        "DTSTART;TZID=America/New_York:20260302T090000",
        "DURATION:PT30M",
        "RRULE:FREQ=WEEKLY;COUNT=5",
        "EXDATE;TZID=America/New_York:20260309T090000",
        *OURS,
    )
    cancelled = event("RECURRENCE-ID:20260316T130000Z", "DTSTART:20260316T130000Z", "STATUS:CANCELLED", *OURS)
    moved = event("RECURRENCE-ID:20260323T130000Z", "DTSTART:20260324T150000Z", "DURATION:PT1H", *OURS)
    acme.deliver("ann.ics", calendar(series, cancelled, moved), "inbox/calendar")
    acme.night()
    assert meetings(acme, "occurred_at, status, duration_seconds") == [
        (at(2026, 3, 2, 14), "completed", 1800),
        (at(2026, 3, 16, 13), "cancelled", 0),
        (at(2026, 3, 24, 15), "completed", 3600),
        (at(2026, 3, 30, 13), "completed", 1800),
    ]
    [(rows,)] = acme.query("select rows_accepted from ops.load_accounting where file_name = 'ann.ics'")
    assert rows == 5


@pytest.mark.slow
def test_an_occurrence_taken_out_later_is_taken_back(acme):
    lines = ("DTSTART:20260302T140000Z", "RRULE:FREQ=DAILY;COUNT=3", *OURS)
    acme.deliver("ann.ics", calendar(event(*lines)), "inbox/calendar")
    acme.night()
    assert len(meetings(acme)) == 3
    changed = event(*lines[:-1], "LAST-MODIFIED:20260320T000000Z", "EXDATE:20260303T140000Z")
    acme.deliver("ann-2.ics", calendar(changed), "inbox/calendar")
    acme.night()
    assert [row[1] for row in meetings(acme)] == [at(2026, 3, 2, 14), at(2026, 3, 4, 14)]


def test_a_broken_event_is_quarantined_and_the_others_count(acme):
    parts = [event("DTSTART:20260302T140000Z", *OURS), event("DTSTART:20260230T140000Z", *OURS, uid="b")]
    acme.deliver("ann.ics", calendar(*parts), "inbox/calendar")
    acme.night()
    assert len(meetings(acme)) == 1
    assert acme.query("select rule, file_name from quarantine.rejected") == [("bad_time", "ann.ics")]


def test_where_and_with_whom_a_meeting_was(acme):
    when = "DTSTART:20260302T140000Z"
    ours, theirs = "mailto:ann@acme.example", "mailto:bob@client.example"
    parts = [
        event(when, f"ORGANIZER:{ours}", f"ATTENDEE:{theirs}", "LOCATION:https://meet.example/x", uid="video"),
        event(when, f"ORGANIZER:{ours}", f"ATTENDEE:{theirs}", "LOCATION:12 Main St", uid="visit"),
        event(when, f"ORGANIZER:{ours}", f"ATTENDEE:{ours}", uid="inside"),
        event(when, f"ORGANIZER:{theirs}", f"ATTENDEE:{ours}", f"ATTENDEE:{theirs}", uid="theirs"),
    ]
    acme.deliver("ann.ics", calendar(*parts), "inbox/calendar")
    acme.night()
    rows = acme.query("select activity_id, meeting_mode, direction, rep_id from core.fct_activity order by 1")
    assert rows == [
        ("calendar:inside", "unknown", "internal", "crm:R1"),
        ("calendar:theirs", "unknown", "inbound", "unknown"),
        ("calendar:video", "video", "outbound", "crm:R1"),
        ("calendar:visit", "in_person", "outbound", "crm:R1"),
    ]
    assert not re.search("client", str(acme.query("select * from ops.unattributed")))


DATE = "Date: Mon, 2 Mar 2026 10:00:00 -0500"
MAILS = {
    "out": ("From: Ann <Ann@acme.example>", "To: bob@client.example"),
    "in": ("From: bob@client.example", "To: ann@acme.example", "In-Reply-To: <out>"),
    "inside": ("From: ann@acme.example", "To: lee@acme.example"),
    "list": ("From: ann@acme.example", "To: all@client.example", "List-Id: <news>"),
    "away": ("From: bob@client.example", "To: ann@acme.example", "Auto-Submitted: auto-replied"),
    "back": ("From: mailer@client.example", "To: ann@acme.example", "Content-Type: multipart/report; boundary=x",
             "Auto-Submitted: auto-replied"),
}  # fmt: skip


def test_mails_are_told_apart_by_who_wrote_them(acme):
    box = "".join(letter(f"Message-ID: <{id}>", DATE, *headers) for id, headers in MAILS.items())
    acme.deliver("ann.mbox", box.encode(), "inbox/mail")
    acme.night()
    rows = acme.query(
        "select activity_id, direction, rep_id, disposition, is_bulk, occurred_at from core.fct_activity order by 1"
    )
    ten = at(2026, 3, 2, 15)
    assert rows == [
        ("mail:back", "inbound", "crm:R1", "bounced", False, ten),
        ("mail:in", "inbound", "crm:R1", "replied", False, ten),
        ("mail:inside", "internal", "crm:R1", None, False, ten),
        ("mail:list", "outbound", "crm:R1", None, True, ten),
        ("mail:out", "outbound", "crm:R1", None, False, ten),
    ]
    assert acme.query("select rows_read, rows_accepted, rows_ignored from ops.load_accounting where file_name = 'ann.mbox'") == [
        (6, 5, 1)
    ]  # fmt: skip
