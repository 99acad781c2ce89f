"""What a task is: when it was, whether it was done, and what kind of touch."""

from __future__ import annotations

import pytest

TASK = {"Id": "00T1G00003Ufap9UAB", "OwnerId": "0051G000005Mun4QAC", "IsClosed": "true", "Status": "Completed",
        "ActivityDate": "2026-03-01", "CreatedDate": "2026-02-20T10:00:00.000Z"}  # fmt: skip


def test_a_due_day_is_the_day_as_written(mapped):
    ways = ["2026-03-01", "2026-03-01T00:00:00.000Z", "2026-03-01 00:00:00", "2026-03-01T00:00:00.000+0000"]
    rows = mapped("Task", *(TASK | {"ActivityDate": day} for day in ways))
    assert {(row["occurred_at"], row["occurred_at_precision"], row["occurred_at_basis"]) for row in rows} == {
        ("2026-03-01", "date", "due")
    }
    assert len(rows) == 4


def test_a_due_task_is_not_done(mapped):
    [row] = mapped("Task", TASK | {"IsClosed": "false", "Status": "Not Started"})
    assert row["status"] == "scheduled"


def test_a_task_was_when_it_was_completed(mapped):
    [row] = mapped("Task", TASK | {"CompletedDateTime": "2026-03-05T23:30:00.000Z"})
    assert row["occurred_at"] == "2026-03-05T23:30:00.000Z"
    assert (row["status"], row["occurred_at_precision"], row["occurred_at_basis"]) == ("completed", "instant", "completed")  # fmt: skip


def test_a_reopened_task_is_due_again(mapped):
    [row] = mapped("Task", TASK | {"IsClosed": "false", "CompletedDateTime": "2026-03-05T23:30:00.000Z"})
    assert (row["occurred_at"], row["occurred_at_basis"]) == ("2026-03-01", "due")


def test_a_task_without_a_day_is_when_it_was_logged(mapped):
    [row] = mapped("Task", TASK | {"ActivityDate": None})
    assert (row["occurred_at"], row["occurred_at_basis"]) == ("2026-02-20T10:00:00.000Z", "logged")


def test_times_without_an_offset_are_utc_whatever_the_source_says(mapped):
    [row] = mapped("Task", TASK | {"CreatedDate": "2019-11-11 17:23:34", "ActivityDate": None})
    assert row["occurred_at"] == row["created_at"] == "2019-11-11 17:23:34+00"


def test_the_master_of_a_series_is_no_task(mapped):
    assert mapped("Task", TASK | {"IsRecurrence": "true"}) == []


CHANNELS = [
    ({"TaskSubtype": "Call"}, "call"),
    ({"TaskSubtype": "Email"}, "email"),
    ({"TaskSubtype": "ListEmail"}, "email"),
    ({"TaskSubtype": "List Email"}, "email"),
    ({"TaskSubtype": "LinkedIn"}, "social"),
    ({"TaskSubtype": "Cadence"}, "task"),
    ({"TaskSubtype": "Task"}, "task"),
    ({"TaskSubtype": "Task", "Type": "Call"}, "call"),
    ({"TaskSubtype": "Task", "Type": "E-mail"}, "email"),
    ({"TaskSubtype": "Task", "Type": "Callback requested"}, "task"),
    ({"TaskSubtype": "Task", "Type": "Meeting"}, "meeting"),
    ({"TaskSubtype": "Task", "Subject": "LinkedIn: InMail sent"}, "social"),
    ({"TaskSubtype": "Task", "Subject": "Email: Re: your offer"}, "email"),
    ({"TaskSubtype": "Task", "Subject": "Call"}, "call"),
    ({"TaskSubtype": "Task", "Subject": "Call the printer about paper"}, "task"),
    ({"Subject": "Send Letter"}, "task"),
]


def test_the_channel_is_the_subtypes_then_the_types_then_the_subjects(mapped):
    rows = mapped("Task", *(TASK | given for given, _ in CHANNELS))
    assert [(given, row["channel"]) for (given, _), row in zip(CHANNELS, rows, strict=True)] == CHANNELS


def test_a_list_email_is_one_message_to_many(mapped):
    assert [row.get("is_bulk") for row in mapped("Task", TASK | {"TaskSubtype": "ListEmail"}, TASK)] == ["true", None]


DISPOSITIONS = [
    ("Left Voicemail", "left_message"),
    ("LVM", "left_message"),
    ("Voicemail", "voicemail"),
    ("No Answer", "no_answer"),
    ("Not Connected", "no_answer"),
    ("Connected - interested", "connected"),
    ("Busy", "busy"),
    ("Wrong Number", "wrong_number"),
    ("Gatekeeper", "Gatekeeper"),
    (None, None),
]


def test_dispositions_are_free_text(mapped):
    rows = mapped("Task", *(TASK | {"CallDisposition": written} for written, _ in DISPOSITIONS))
    assert [
        (written, row.get("disposition")) for (written, _), row in zip(DISPOSITIONS, rows, strict=True)
    ] == DISPOSITIONS


def test_calls_have_a_direction_and_a_length(mapped):
    rows = mapped("Task", *(TASK | {"CallType": word, "CallDurationInSeconds": "61"} for word in ("Inbound", "Outbound", "Internal", "Odd", None)))  # fmt: skip
    assert [row.get("direction") for row in rows] == ["inbound", "outbound", "internal", "unknown", None]
    assert {row["duration_seconds"] for row in rows} == {"61"}


def test_a_logged_email_was_sent_by_its_owner_unless_its_subject_says_otherwise(mapped):
    subjects = ["Email: your offer", "Email: << Re: your offer", "[Outreach] [Email] [In] Re: offer", "Hello", None]
    rows = mapped("Task", *(TASK | {"TaskSubtype": "Email", "Subject": subject} for subject in subjects))
    assert [row["direction"] for row in rows] == ["outbound", "inbound", "inbound", "outbound", "outbound"]
    [task] = mapped("Task", TASK | {"TaskSubtype": "Task", "Subject": "Send Quote"})
    assert "direction" not in task


def test_who_and_what_are_told_apart_by_their_first_letters(mapped):
    contact, lead = mapped(
        "Task",
        TASK | {"WhoId": "0031G00001S3ckZQAR", "WhatId": "0061G00000N38JZQAZ"},
        TASK | {"WhoId": "00Q1G00000nOMcPUAW", "WhatId": "0011G00000eLwuWQAS"},
    )
    assert (contact["contact_id"], contact["opportunity_id"]) == ("0031G00001S3ckZQAR", "0061G00000N38JZQAZ")
    assert (lead["lead_id"], lead["account_id"]) == ("00Q1G00000nOMcPUAW", "0011G00000eLwuWQAS")
    assert "lead_id" not in contact and "contact_id" not in lead and "account_id" not in contact


def test_ids_of_fifteen_characters_are_the_same_as_those_of_eighteen(mapped):
    [row] = mapped("Task", TASK | {"Id": "00T1G00003Ufap9", "OwnerId": "0051G000005Mun4", "WhoId": "0031G00001S3ckZ", "WhatId": "0061G00000N38JZ", "AccountId": "0011G00000eLwuW"})  # fmt: skip
    assert [row[name] for name in ("source_record_id", "rep_id", "contact_id", "opportunity_id", "account_id")] == [
        "00T1G00003Ufap9UAB",
        "0051G000005Mun4QAC",
        "0031G00001S3ckZQAR",
        "0061G00000N38JZQAZ",
        "0011G00000eLwuWQAS",
    ]


@pytest.mark.parametrize("spelled", [str.upper, str.lower])
def test_headers_in_any_case(mapped, spelled):
    [row] = mapped("Task", {spelled(name): text for name, text in TASK.items()} | {spelled("CallDurationInSeconds"): "5"})  # fmt: skip
    assert row["duration_seconds"] == "5"
