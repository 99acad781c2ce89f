"""What a calendar event is: one meeting, where it was, and nothing about its outcome."""

from __future__ import annotations

import pytest

EVENT = {"Id": "00U1G00000DEaypUAD", "OwnerId": "0051G000007Ez4XQAS", "CreatedById": "0051G0000060zsHQAQ",
         "StartDateTime": "2026-03-02T15:00:00.000Z", "EndDateTime": "2026-03-02T15:30:00.000Z", "DurationInMinutes": "30",
         "ActivityDate": "2026-03-02", "CreatedDate": "2026-02-20T10:00:00.000Z"}  # fmt: skip


def test_an_event_has_no_outcome(mapped):
    [row] = mapped("Event", EVENT)
    assert "status" not in row
    assert (row["channel"], row["occurred_at"], row["ended_at"], row["duration_seconds"]) == (
        "meeting",
        "2026-03-02T15:00:00.000Z",
        "2026-03-02T15:30:00.000Z",
        "1800",
    )
    assert (row["rep_id"], row["booked_by_rep_id"]) == ("0051G000007Ez4XQAS", "0051G0000060zsHQAQ")


def test_a_calendar_that_calls_it_cancelled_is_believed(mapped):
    rows = mapped("Event", EVENT | {"Subject": "Canceled: demo"}, EVENT | {"Subject": "Cancelled project"})
    assert [row.get("status") for row in rows] == ["cancelled", None]


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-02T00:00:00.000Z", "2026-03-02 00:00:00"])
def test_an_all_day_event_is_a_day_and_has_no_length(mapped, day):
    given = {"IsAllDayEvent": "true", "ActivityDate": day, "StartDateTime": "2026-03-02T00:00:00.000Z", "DurationInMinutes": "1440"}  # fmt: skip
    [row] = mapped("Event", EVENT | given)
    assert (row["occurred_at"], row["occurred_at_precision"]) == ("2026-03-02", "date")
    assert "duration_seconds" not in row and "ended_at" not in row


def test_an_all_day_event_without_its_day_has_that_of_its_start(mapped):
    [row] = mapped("Event", EVENT | {"IsAllDayEvent": "1", "ActivityDate": None, "StartDateTime": "2026-03-02T00:00:00.000Z"})  # fmt: skip
    assert row["occurred_at"] == "2026-03-02"


@pytest.mark.parametrize("given", [{"IsChild": "true"}, {"IsRecurrence": "TRUE"}, {"GroupEventType": "3"}])
def test_copies_and_patterns_are_no_meetings(mapped, given):
    assert mapped("Event", EVENT | given) == []


def test_an_occurrence_of_a_newer_series_is_a_meeting(mapped):
    assert len(mapped("Event", EVENT | {"IsRecurrence2": "true", "GroupEventType": "0"})) == 1


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"Location": "https://acme.zoom.us/j/123456789"}, "video"),
        ({"Location": "https://teams.microsoft.com/l/meetup-join/19"}, "video"),
        ({"Location": "meet.google.com/abc-defg-hij"}, "video"),
        ({"Location": "Microsoft Teams Meeting"}, "video"),
        ({"Location": "Zoom", "Type": "Call"}, "video"),
        ({"Location": "https://maps.example.com/acme"}, None),
        ({"Location": "12 Main Street, Springfield"}, "in_person"),
        ({"Location": "Hauptstraße 5, 10115 Berlin"}, "in_person"),
        ({"Location": "Customer HQ, room 4"}, "in_person"),
        ({"Location": "+1 (555) 555-0100"}, "phone"),
        ({"Location": "Phone"}, "phone"),
        ({"Type": "Call"}, "phone"),
        ({"Type": "Call", "Location": "Their office"}, "in_person"),
        ({"Type": "Onsite visit"}, "in_person"),
        ({"Type": "Meeting"}, None),
        ({"Location": "to be agreed"}, None),
        ({}, None),
    ],
)
def test_where_a_meeting_is_is_read_from_its_place_and_its_type(mapped, given, mode):
    [row] = mapped("Event", EVENT | given)
    assert (row["channel"], row.get("meeting_mode")) == ("meeting", mode)


def test_an_absence_is_no_meeting(mapped):
    rows = mapped("Event", *(EVENT | {"ShowAs": word} for word in ("OutOfOffice", "Out of Office", "Busy", "Free")))
    assert [row["channel"] for row in rows] == ["note", "note", "meeting", "meeting"]
