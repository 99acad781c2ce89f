"""What a calendar event is: one meeting, where it was, and nothing about its outcome."""

from __future__ import annotations

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


def test_an_all_day_event_is_a_day_and_has_no_length(mapped):
    given = EVENT | {"IsAllDayEvent": "true", "StartDateTime": "2026-03-02T00:00:00.000Z", "DurationInMinutes": "1440"}
    rows = mapped("Event", *(given | {"ActivityDate": f"2026-03-02{rest}"} for rest in ("", "T00:00:00.000Z", " 00:00:00")))  # fmt: skip
    assert {(row["occurred_at"], row["occurred_at_precision"]) for row in rows} == {("2026-03-02", "date")}
    assert len(rows) == 3 and not any({"duration_seconds", "ended_at"} & set(row) for row in rows)


def test_an_all_day_event_without_its_day_has_that_of_its_start(mapped):
    [row] = mapped("Event", EVENT | {"IsAllDayEvent": "1", "ActivityDate": None, "StartDateTime": "2026-03-02T00:00:00.000Z"})  # fmt: skip
    assert row["occurred_at"] == "2026-03-02"


def test_copies_and_patterns_are_no_meetings(mapped):
    assert mapped("Event", *(EVENT | given for given in ({"IsChild": "true"}, {"IsRecurrence": "TRUE"}, {"GroupEventType": "3"}))) == []  # fmt: skip


def test_an_occurrence_of_a_newer_series_is_a_meeting(mapped):
    assert len(mapped("Event", EVENT | {"IsRecurrence2": "true", "GroupEventType": "0"})) == 1


PLACES = [
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
]


def test_where_a_meeting_is_is_read_from_its_place_and_its_type(mapped):
    rows = mapped("Event", *(EVENT | given for given, _ in PLACES))
    assert [(given, row.get("meeting_mode")) for (given, _), row in zip(PLACES, rows, strict=True)] == PLACES
    assert {row["channel"] for row in rows} == {"meeting"}


def test_an_absence_is_no_meeting(mapped):
    rows = mapped("Event", *(EVENT | {"ShowAs": word} for word in ("OutOfOffice", "Out of Office", "Busy", "Free")))
    assert [row["channel"] for row in rows] == ["note", "note", "meeting", "meeting"]
