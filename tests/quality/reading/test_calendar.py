"""Calendars: every occurrence once, at the right instant, and a broken event costs itself."""

from __future__ import annotations

import pytest

from models.errors import UnreadableFileError
from pipelines.sources.reading.calendar import COLUMNS

NEW_YORK = "DTSTART;TZID=America/New_York:20260302T100000"
CUSTOM_ZONE = """BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:19701101T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700308T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE"""


def event(*lines, uid="a", stamp="20260301T000000Z"):
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{stamp}", *lines, "END:VEVENT"])


def calendar(*parts, head=()):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *head, *parts, "END:VCALENDAR"]
    return "\n".join(lines).replace("\n", "\r\n").encode() + b"\r\n"


@pytest.fixture
def read(load):
    """The file's rows as dicts of the cells that are not blank, and what else was found."""

    def run(content, **options):
        loaded = load(content, "a.ics", **options)
        assert loaded.found.records == len(loaded.cells) + len(loaded.found.rejects) + loaded.found.ignored
        rows = [{name: cell for name, cell in zip(COLUMNS, row, strict=True) if cell} for row in loaded.cells]
        return rows, loaded

    return run


@pytest.fixture
def starts(read):
    """The starts of one event's occurrences."""

    def run(*lines, head=(), also=()):
        rows, loaded = read(calendar(*also, event(*lines), head=head))
        assert loaded.rejects == []
        return [row["start"] for row in rows]

    return run


def test_an_event_is_a_row_with_its_people_and_places(read):
    rows, _ = read(
        calendar(
            event(
                NEW_YORK,
                "DTEND;TZID=America/New_York:20260302T104500",
                "SUMMARY:Demo\\, second\\nround",
                "LOCATION:12 Main St",
                "STATUS:CONFIRMED",
                "SEQUENCE:3",
                'ORGANIZER;CN="Lee; Ann":mailto:Ann@Example.com',
                "ATTENDEE;CN=Bob:MAILTO:bob@client.com",
                "ATTENDEE;EMAIL=cy@client.com:urn:uuid:1",
                "ATTENDEE;CUTYPE=ROOM:mailto:room1@example.com",
                "ATTENDEE:mailto:bob@client.com",
                "X-GOOGLE-CONFERENCE:https://meet.example.com/abc",
                "URL:https://example.com/e",
                "TRANSP:OPAQUE",
                "CREATED:20260201T090000Z",
                "LAST-MODIFIED:20260215T090000Z",
                "DESCRIPTION:the body",
            ),
            head=["METHOD:REQUEST"],
        )
    )
    assert rows == [
        {
            "occurrence_id": "a", "uid": "a", "start": "2026-03-02T15:00:00Z", "end": "2026-03-02T15:45:00Z",
            "duration_seconds": "2700", "status": "CONFIRMED", "method": "REQUEST", "organizer_email": "ann@example.com",
            "attendee_emails": "bob@client.com;cy@client.com", "attendee_count": "3", "summary": "Demo, second round",
            "location": "12 Main St", "url": "https://example.com/e", "conference_url": "https://meet.example.com/abc",
            "transparency": "OPAQUE", "created": "2026-02-01T09:00:00Z", "last_modified": "2026-02-15T09:00:00Z",
            "dtstamp": "2026-03-01T00:00:00Z", "sequence": "3", "is_deleted": "false",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "instant"),
    [
        ("DTSTART:20260302T100000Z", "2026-03-02T10:00:00Z"),
        ("DTSTART;TZID=Pacific/Auckland:20260302T100000", "2026-03-01T21:00:00Z"),
        ("DTSTART;TZID=Pacific/Honolulu:20260302T160000", "2026-03-03T02:00:00Z"),
        ('DTSTART;TZID="W. Europe Standard Time":20260702T100000', "2026-07-02T08:00:00Z"),
        ("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Rome:20260702T100000", "2026-07-02T08:00:00Z"),
        ("DTSTART;TZID=America/Argentina/Buenos_Aires:20260702T100000", "2026-07-02T13:00:00Z"),
        ("DTSTART;TZID=America/New_York:20260308T023000", "2026-03-08T07:30:00Z"),  # the clocks jump over it
        ("DTSTART;TZID=America/New_York:20261101T013000", "2026-11-01T05:30:00Z"),  # it comes twice
        ("DTSTART;TZID=Office:20260702T100000", "2026-07-02T14:00:00Z"),
        ("DTSTART;TZID=Office:20260308T023000", "2026-03-08T07:30:00Z"),
        ("DTSTART;VALUE=DATE:20260302", "2026-03-02"),
        ("DTSTART:20260302", "2026-03-02"),
        ("DTSTART:20260302T100000", "2026-03-02T10:00:00"),
    ],
)
def test_a_start_is_the_instant_that_its_zone_says(starts, start, instant):
    assert starts(start, also=[CUSTOM_ZONE]) == [instant]


def test_a_floating_time_is_in_the_calendars_zone_where_it_names_one(starts):
    assert starts("DTSTART:20260302T100000", head=["X-WR-TIMEZONE:Asia/Tokyo"]) == ["2026-03-02T01:00:00Z"]
    assert starts("DTSTART:20260302T100000", head=["X-WR-TIMEZONE:Nowhere"]) == ["2026-03-02T10:00:00"]


def test_a_zone_may_be_described_after_its_events(read):
    rows, _ = read(calendar(event("DTSTART;TZID=Office:20260702T100000"), CUSTOM_ZONE))
    assert rows[0]["start"] == "2026-07-02T14:00:00Z"


def test_an_hour_at_nine_stays_at_nine_when_the_clocks_change(read):
    rule = "RRULE:FREQ=WEEKLY;COUNT=3"
    rows, _ = read(calendar(event("DTSTART;TZID=America/New_York:20260302T090000", "DURATION:PT1H", rule)))
    assert [(row["start"], row["end"]) for row in rows] == [
        ("2026-03-02T14:00:00Z", "2026-03-02T15:00:00Z"),
        ("2026-03-09T13:00:00Z", "2026-03-09T14:00:00Z"),
        ("2026-03-16T13:00:00Z", "2026-03-16T14:00:00Z"),
    ]
    assert [row["occurrence_id"] for row in rows] == [f"a/{row['start']}" for row in rows]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;UNTIL=20260304"], ["2026-03-02", "2026-03-03", "2026-03-04"]),
        ([NEW_YORK, "RRULE:FREQ=DAILY;UNTIL=20260303T150000Z"], ["2026-03-02T15:00:00Z", "2026-03-03T15:00:00Z"]),
        ([NEW_YORK, "RRULE:FREQ=DAILY;UNTIL=20260303T145959Z"], ["2026-03-02T15:00:00Z"]),
        ([NEW_YORK, "RRULE:FREQ=DAILY;UNTIL=20260303"], ["2026-03-02T15:00:00Z", "2026-03-03T15:00:00Z"]),
        (
            [NEW_YORK, "RDATE;TZID=America/New_York:20260305T120000,20260306T120000"],
            ["2026-03-02T15:00:00Z", "2026-03-05T17:00:00Z", "2026-03-06T17:00:00Z"],
        ),
        ([NEW_YORK, "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1"], ["2026-03-02T15:00:00Z", "2026-03-03T15:00:00Z"]),
        (
            [NEW_YORK, "RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=2"],
            ["2026-03-03T15:00:00Z", "2026-03-05T15:00:00Z"],
        ),
        (
            ["DTSTART;TZID=America/New_York:20260307T023000", "RRULE:FREQ=DAILY;COUNT=3"],
            ["2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"],
        ),
    ],
)  # fmt: skip
def test_rules_are_followed(starts, lines, expected):
    assert starts(*lines) == expected


def test_an_occurrence_taken_out_is_a_deleted_row(read):
    lines = [NEW_YORK, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=America/New_York:20260303T100000"]
    rows, _ = read(calendar(event(*lines)))
    assert [(row["start"], row["is_deleted"], row.get("status")) for row in rows] == [
        ("2026-03-02T15:00:00Z", "false", None),
        ("2026-03-03T15:00:00Z", "true", "CANCELLED"),
        ("2026-03-04T15:00:00Z", "false", None),
    ]
    for exdate in ("EXDATE:20260303T150000Z", "EXDATE;VALUE=DATE:20260303"):
        again, _ = read(calendar(event(*lines[:2], exdate)))
        assert [row["is_deleted"] for row in again] == ["false", "true", "false"]


def test_a_changed_occurrence_takes_its_place_under_its_old_name(read):
    series = event(NEW_YORK, "RRULE:FREQ=DAILY;COUNT=3", "DURATION:PT1H", "SUMMARY:Daily")
    moved = event(
        "RECURRENCE-ID;TZID=America/New_York:20260303T100000",
        "DTSTART;TZID=America/New_York:20260303T160000",
        "DURATION:PT30M",
        "SUMMARY:Late",
    )
    cancelled = event("RECURRENCE-ID:20260304T150000Z", "DTSTART:20260304T150000Z", "STATUS:CANCELLED")
    for parts in ([series, moved, cancelled], [cancelled, moved, series]):
        rows, _ = read(calendar(*parts))
        assert sorted((row["occurrence_id"], row["start"], row.get("summary"), row.get("status")) for row in rows) == [
            ("a/2026-03-02T15:00:00Z", "2026-03-02T15:00:00Z", "Daily", None),
            ("a/2026-03-03T15:00:00Z", "2026-03-03T21:00:00Z", "Late", None),
            ("a/2026-03-04T15:00:00Z", "2026-03-04T15:00:00Z", None, "CANCELLED"),
        ]


def test_an_occurrence_may_be_named_by_its_day(read):
    series = event(NEW_YORK, "RRULE:FREQ=DAILY;COUNT=2")
    moved = event("RECURRENCE-ID;VALUE=DATE:20260303", "DTSTART:20260303T200000Z")
    rows, _ = read(calendar(series, moved))
    assert [(row["recurrence_id"], row["start"]) for row in rows] == [
        ("2026-03-02T15:00:00Z", "2026-03-02T15:00:00Z"),
        ("2026-03-03T15:00:00Z", "2026-03-03T20:00:00Z"),
    ]


def test_an_occurrence_without_its_series_is_a_row(read):
    rows, _ = read(calendar(event("RECURRENCE-ID:20260303T150000Z", "DTSTART:20260303T200000Z")))
    assert [(row["occurrence_id"], row["start"]) for row in rows] == [
        ("a/2026-03-03T15:00:00Z", "2026-03-03T20:00:00Z")
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_version_of_an_event_wins(read, order):
    versions = [
        event("DTSTART:20260302T100000Z", "SEQUENCE:1", "LAST-MODIFIED:20260309T000000Z"),
        event("DTSTART:20260302T120000Z", "SEQUENCE:2", "LAST-MODIFIED:20260302T000000Z"),
        event("DTSTART:20260302T110000Z", "SEQUENCE:2", "LAST-MODIFIED:20260301T000000Z"),
    ]
    rows, loaded = read(calendar(*versions[::order]))
    assert [row["start"] for row in rows] == ["2026-03-02T12:00:00Z"]
    assert loaded.found.ignored == 2


def test_a_cancellation_cancels(read):
    rows, _ = read(calendar(event(NEW_YORK, "STATUS:CONFIRMED"), head=["METHOD:CANCEL"]))
    assert rows[0]["status"] == "CANCELLED"


def test_a_series_without_an_end_ends_a_year_after_the_file_was_written(starts):
    found = starts("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=WEEKLY")
    assert (found[0], found[-1], len(found)) == ("2026-03-02", "2027-03-01", 53)


def test_a_rule_with_too_many_occurrences_is_rejected_and_costs_itself(read):
    rows, loaded = read(
        calendar(
            event("DTSTART:20200302T100000Z", "RRULE:FREQ=HOURLY"),
            event("DTSTART:20260302T100000Z", uid="b"),
        )
    )
    assert [row["uid"] for row in rows] == ["b"]
    assert loaded.rejects == [(3, "too_many_occurrences")]


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (["SUMMARY:x"], "missing_start"),
        (["DTSTART:yesterday"], "bad_time"),
        (["DTSTART:20260230T100000Z"], "bad_time"),
        (["DTSTART;TZID=Mars/Olympus:20260302T100000"], "unknown_zone"),
        (["DTSTART:20260302T100000Z", "DTEND:20260302T090000Z"], "bad_time"),
        (["DTSTART:20260302T100000Z", "DTEND;VALUE=DATE:20260302"], "bad_time"),
        (["DTSTART:20260302T100000Z", "DURATION:an hour"], "bad_time"),
        (["DTSTART;TZID=America/New_York:99991231T235900"], "bad_time"),
        (["DTSTART:20260302T100000Z", "SEQUENCE:many"], "bad_property"),
        (["DTSTART:20260302T100000Z", "SUMMARY"], "bad_property"),
        (["DTSTART:20260302T100000Z", "SUMMARY:" + "x" * 1_100_000], "too_large"),
        (["DTSTART:20260302T100000Z", "RRULE:FREQ=SECONDLY"], "bad_rule"),
        (["DTSTART:20260302T100000Z", "RRULE:FREQ=DAILY;INTERVAL=0"], "bad_rule"),
        (["DTSTART:20260302T100000Z", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"], "bad_rule"),
        (["DTSTART:20260302T100000Z", "RRULE:FREQ=DAILY;BYDAY=XX"], "bad_rule"),
        (["DTSTART:20260302T100000Z", "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20260401"], "bad_rule"),
        (["DTSTART:20260302T100000Z", "RRULE:FREQ=DAILY;UNTIL=soon"], "bad_rule"),
        (["DTSTART:20260302T100000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T100000Z"], "unsupported_range"),
    ],
)
def test_a_broken_event_costs_itself(read, lines, rule):
    good = event("DTSTART:20260302T100000Z", uid="good")
    rows, loaded = read(calendar(event(*lines, uid="bad"), good))
    assert [row["uid"] for row in rows] == ["good"]
    assert loaded.rejects == [(3, rule)]


def test_an_event_without_a_uid_or_an_end_costs_itself(read):
    good = event("DTSTART:20260302T100000Z", uid="good")
    nameless = "BEGIN:VEVENT\nDTSTART:20260302T100000Z\nEND:VEVENT"
    open_ended = "BEGIN:VEVENT\nUID:open\nDTSTART:20260302T100000Z"
    rows, loaded = read(calendar(nameless, open_ended, good))
    assert [row["uid"] for row in rows] == ["good"]
    assert loaded.rejects == [(3, "missing_uid"), (6, "not_closed")]
    rows, loaded = read(calendar(good, open_ended)[:-20])
    assert [row["uid"] for row in rows] == ["good"]
    assert loaded.rejects == [(8, "not_closed")]


def test_a_byte_in_another_encoding_costs_its_event(read):
    content = calendar(event(NEW_YORK, "SUMMARY:café", uid="bad"), event(NEW_YORK, uid="good"))
    rows, loaded = read(content.replace("é".encode(), b"\xe9"))
    assert ([row["uid"] for row in rows], loaded.rejects) == (["good"], [(3, "encoding")])
    rows, _ = read(content.replace("é".encode(), b"\xe9"), encoding="latin-1")
    assert [row.get("summary") for row in rows] == ["café", None]


def test_lines_are_unfolded_also_in_the_middle_of_a_letter(read):
    content = calendar(event(NEW_YORK, "SUMMARY:café, again"))
    cut = content.index("é".encode()) + 1
    folded = content[:cut] + b"\r\n " + content[cut:]
    assert read(folded)[0][0]["summary"] == "café, again"


def test_alarms_and_descriptions_say_nothing_about_the_event(read):
    alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nSUMMARY:Wake up\nDURATION:PT5M\nEND:VALARM"
    rows, _ = read(calendar(event(alarm, NEW_YORK, "SUMMARY:Call")))
    assert (rows[0]["summary"], rows[0].get("duration_seconds")) == ("Call", None)


def test_to_dos_and_journals_are_ignored(read):
    rows, loaded = read(calendar("BEGIN:VTODO\nUID:t\nDTSTART:20260302\nEND:VTODO", event(NEW_YORK)))
    assert (len(rows), loaded.found.ignored, loaded.rejects) == (1, 1, [])


def test_calendars_may_follow_each_other(read):
    first = calendar(event("DTSTART:20260302T100000"), head=["X-WR-TIMEZONE:Asia/Tokyo"])
    second = calendar(event("DTSTART:20260302T100000", uid="b"), head=["METHOD:CANCEL"])
    rows, _ = read(first + second)
    assert [(row["start"], row.get("status")) for row in rows] == [
        ("2026-03-02T01:00:00Z", None),
        ("2026-03-02T10:00:00", "CANCELLED"),
    ]


@pytest.mark.parametrize("content", [b"hello\r\n", b"\r\n\r\n", b"id,start\r\n1,2026-03-02\r\n"])
def test_what_is_no_calendar_is_refused(load, content):
    with pytest.raises(UnreadableFileError) as refused:
        load(content, "a.ics")
    assert refused.value.rule == "no_calendar"


def test_a_web_page_is_refused_by_its_name(load):
    with pytest.raises(UnreadableFileError) as refused:
        load(b"<!doctype html><html>Sign in</html>", "a.ics")
    assert refused.value.rule == "wrong_type:html"
