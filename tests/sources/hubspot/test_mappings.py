"""What HubSpot's objects mean, read from pages as both ways to ask bring them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from models.object_mapping import ObjectMapping
from pipelines.sources.join_sql import joined_columns
from pipelines.sources.mapping_sql import mapped_sql
from pipelines.sources.reading.pages import read_pages
from pipelines.sources.readings import objects_of
from sql.quoting import identifier

MAPPINGS = objects_of("hubspot", None)
GUIDS = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "left_message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "no_answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "wrong_number",
}


def rows_of(connection, mapping: ObjectMapping, path) -> list[dict[str, str]]:
    """One dict a row that is not ignored: the contract's fields that are not blank."""
    rows = read_pages(connection, path, mapping.pages)
    for name in mapping.joins:
        taken = ", ".join(f"null::varchar as {identifier(column)}" for column in joined_columns(mapping, name))
        connection.execute(f"create or replace temp table {name} as select '' as join_key, {taken} limit 0")
    mapped = mapped_sql(mapping, rows.columns, "America/New_York")
    fields = ", ".join(f"{expression} as {identifier(field)}" for field, expression in mapped.fields.items())
    asked = f"select {mapped.failure_mask}, {fields} from {mapped.source(rows.relation)} where not ({mapped.ignored})"
    found = connection.execute(asked).fetchall()
    assert [mask for mask, *_ in found if mask] == []
    return [
        {name: text for name, text in zip(mapped.fields, texts, strict=True) if text is not None} for _, *texts in found
    ]


@pytest.fixture
def read_window(connection, tmp_path, connector, read_all) -> Callable[..., list]:
    """The rows of a mapping from the pages of a window."""

    def run(window, name: str, of: str | None = None) -> list[dict[str, str]]:
        path = tmp_path / "pages.jsonl"
        path.write_bytes(b"".join(page.body for page in read_all(connector, of or name, window)))
        return rows_of(connection, MAPPINGS[name], path)

    return run


@pytest.fixture
def mapped(read_window, since_forever) -> Callable[..., list]:
    """The rows of a mapping from a first load."""
    return lambda name, of=None: read_window(since_forever, name, of)


@pytest.fixture(params=["list", "search"])
def mapped_either_way(request, read_window, since_forever, last_day) -> Callable[..., list]:
    """The rows of a mapping from a first load, and from a night: both must say the same."""
    window = since_forever if request.param == "list" else last_day
    return lambda name, of=None: read_window(window, name, of)


@pytest.fixture
def each(hubspot, mapped) -> Callable[..., list]:
    """A record for each of some properties → the mapped rows, in the same order."""

    def run(name: str, records: list[dict[str, str | None]]) -> list[dict[str, str]]:
        for place, properties in enumerate(records, 1):
            hubspot.add(name, place, properties)
        return mapped(name)

    return run


def test_a_call_in_full(hubspot, mapped_either_way):
    hubspot.add(
        "calls",
        512,
        {
            "hs_timestamp": "2026-03-02T10:00:00.000Z", "hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED",
            "hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7", "hs_call_duration": "90500",
            "hs_call_title": "Call with Ann", "hs_call_external_id": "CA-9", "hubspot_owner_id": "77",
        },
        created=datetime(2026, 3, 2, 11, tzinfo=UTC),
    )  # fmt: skip
    hubspot.link("calls", 512, "contacts", 501, 502)
    hubspot.link("calls", 512, "companies", 9)
    hubspot.link("calls", 512, "deals", 8)
    assert mapped_either_way("calls") == [
        {
            "source_record_id": "call-512", "channel": "call", "occurred_at": "2026-03-02T10:00:00.000Z",
            "occurred_at_basis": "actual", "direction": "outbound", "status": "completed", "disposition": "connected",
            "duration_seconds": "91", "subject": "Call with Ann", "external_id": "CA-9", "rep_id": "77",
            "contact_ids": '["501","502"]', "account_id": "9", "opportunity_id": "8", "is_deleted": "false",
            "created_at": "2026-03-02T11:00:00.000Z", "updated_at": "2026-03-02T12:00:00.000Z",
        }
    ]  # fmt: skip


def test_a_meeting_with_very_many_contacts_names_them_all(hubspot, mapped_either_way):
    hubspot.links_a_page = 3
    for one in (1, 2):
        hubspot.add("meetings", one)
    hubspot.link("meetings", 1, "contacts", *range(101, 109))
    hubspot.link("meetings", 2, "contacts", 101)
    first, second = mapped_either_way("meetings")
    assert json.loads(first["contact_ids"]) == [str(one) for one in range(101, 109)]
    assert json.loads(second["contact_ids"]) == ["101"]


def test_the_six_outcomes_of_calls_by_guid(each):
    rows = each("calls", [{"hs_call_disposition": guid} for guid in GUIDS])
    assert [row["disposition"] for row in rows] == list(GUIDS.values())


def test_an_outcome_of_the_accounts_own_keeps_its_word(each):
    own = "0b8a4a4a-0000-4000-8000-000000000000"
    assert [row["disposition"] for row in each("calls", [{"hs_call_disposition": own}])] == [own]


CALL_STATUSES = {
    "COMPLETED": ("completed", None),
    "BUSY": ("completed", "busy"),
    "NO_ANSWER": ("completed", "no_answer"),
    "FAILED": ("completed", "failed"),
    "MISSED": ("completed", "no_answer"),
    "CANCELED": ("cancelled", None),
    "QUEUED": ("scheduled", None),
    "CALLING_CRM_USER": ("scheduled", None),
    "UNKNOWN": (None, None),
}


def test_a_call_that_completed_is_not_yet_connected(each):
    rows = each("calls", [{"hs_call_status": status} for status in CALL_STATUSES])
    assert [(row.get("status"), row.get("disposition")) for row in rows] == list(CALL_STATUSES.values())


def test_a_call_with_video_is_a_meeting(hubspot, each):
    hubspot.properties["calls"] += ["hs_call_zoom_meeting_uuid", "hs_call_video_recording_url"]
    rows = each("calls", [{"hs_call_zoom_meeting_uuid": "abc=="}, {"hs_call_video_recording_url": "https://x"}, {}])
    assert [(row["channel"], row.get("meeting_mode")) for row in rows] == [
        ("meeting", "video"), ("meeting", "video"), ("call", None),
    ]  # fmt: skip


def test_times_are_epoch_milliseconds_or_iso(each):
    rows = each("calls", [{"hs_timestamp": "1772445600000"}, {"hs_timestamp": "2026-03-02T10:00:00Z"}])
    assert [row["occurred_at"] for row in rows] == ["2026-03-02 10:00:00+00", "2026-03-02T10:00:00Z"]


def test_a_forwarded_email_has_no_direction(each):
    words = {"EMAIL": "outbound", "INCOMING_EMAIL": "inbound", "FORWARDED_EMAIL": None}
    rows = each("emails", [{"hs_email_direction": word} for word in words])
    assert [row.get("direction") for row in rows] == list(words.values())


EMAILS = [
    ({"hs_email_status": "SENT"}, "completed", "sent"),
    ({"hs_email_status": "SENT", "hs_email_open_count": "2"}, "completed", "opened"),
    ({"hs_email_status": "SENT", "hs_email_open_count": "2", "hs_email_click_count": "1"}, "completed", "clicked"),
    ({"hs_email_status": "SENT", "hs_email_reply_count": "1", "hs_email_open_count": "0"}, "completed", "replied"),
    ({"hs_email_status": "BOUNCED", "hs_email_open_count": "1"}, "completed", "bounced"),
    ({"hs_email_status": "SENT", "hs_email_bounce_error_detail_status_code": "550"}, "completed", "bounced"),
    ({"hs_email_status": "FAILED"}, "cancelled", None),
    ({"hs_email_status": "SCHEDULED"}, "scheduled", None),
    ({"hs_email_status": None}, None, None),
]


def test_what_became_of_an_email(each):
    rows = each("emails", [properties for properties, *_ in EMAILS])
    assert [(row.get("status"), row.get("disposition")) for row in rows] == [tuple(said) for _, *said in EMAILS]


OUTCOMES = [
    ("COMPLETED", "completed"),
    ("NO_SHOW", "no_show"),
    ("CANCELED", "cancelled"),
    ("RESCHEDULED", "cancelled"),
    ("SCHEDULED", None),
    (None, None),
    ("An outcome of our own", None),
]


def test_only_a_meeting_that_says_so_was_held(each):
    rows = each("meetings", [{"hs_meeting_outcome": outcome} for outcome, _ in OUTCOMES])
    assert [row.get("status") for row in rows] == [status for _, status in OUTCOMES]


PLACES = [
    ({"hs_meeting_web_conference_meeting_id": "88"}, "video"),
    ({"hs_meeting_external_url": "https://acme.zoom.us/j/1"}, "video"),
    ({"hs_meeting_location": "https://teams.microsoft.com/l/x"}, "video"),
    ({"hs_meeting_location": "12 Main St", "hs_meeting_location_type": "ADDRESS"}, "in_person"),
    ({"hs_meeting_location_type": "PHONE"}, "phone"),
    ({"hs_meeting_location": "zoomaus community hall", "hs_meeting_location_type": "CUSTOM"}, None),
]


def test_where_a_meeting_took_place(each):
    rows = each("meetings", [properties for properties, _ in PLACES])
    assert [row.get("meeting_mode") for row in rows] == [mode for _, mode in PLACES]


def test_a_meeting_begins_and_ends_as_planned(each):
    given = {
        "hs_meeting_start_time": "2026-02-02T10:00:00.000Z", "hs_meeting_end_time": "2026-02-02T10:45:00Z",
        "hs_timestamp": "2026-02-01T00:00:00Z", "hs_i_cal_uid": "U1",
    }  # fmt: skip
    (row,) = each("meetings", [given])
    assert (row["occurred_at"], row["ended_at"]) == ("2026-02-02T10:00:00.000Z", "2026-02-02T10:45:00Z")
    assert (row["occurred_at_basis"], row["external_id"]) == ("scheduled", "U1")


def test_a_task_is_done_when_it_was_completed_and_else_only_due(hubspot, mapped):
    due, done = "2026-03-05T09:00:00.000Z", "2026-03-01T15:00:00.000Z"
    hubspot.add("tasks", 1, {"hs_timestamp": due, "hs_task_completion_date": done, "hs_task_status": "COMPLETED"})
    for place, status in enumerate(("NOT_STARTED", "WAITING", None), 2):
        hubspot.add("tasks", place, {"hs_timestamp": due, "hs_task_completion_date": done, "hs_task_status": status})
    first, *others = mapped("tasks")
    told = ("channel", "occurred_at", "occurred_at_basis", "status")
    assert [first[name] for name in told] == ["task", done, "completed", "completed"]
    assert [[other[name] for name in told] for other in others] == [["task", due, "due", "scheduled"]] * 3


def test_messages_have_a_channel_and_no_direction(hubspot, mapped):
    for place, kind in enumerate(("SMS", "WHATS_APP", "LINKEDIN_MESSAGE", "PIGEON", None), 1):
        hubspot.add("communications", place, {"hs_communication_channel_type": kind})
    rows = mapped("communications")
    assert [row["channel"] for row in rows] == ["sms", "sms", "social", "note", "note"]
    assert not any("direction" in row for row in rows)


def test_ids_of_several_objects_stay_apart(hubspot, mapped):
    names = ("calls", "emails", "meetings", "tasks", "communications", "notes")
    for name in names:
        hubspot.add(name, 1)
    ids = [mapped(name)[0]["source_record_id"] for name in names]
    assert ids == ["call-1", "email-1", "meeting-1", "task-1", "communication-1", "note-1"]


def test_an_archived_call_is_a_deleted_version_from_then_on(hubspot, mapped):
    hubspot.add("calls", 1, updated=datetime(2026, 2, 1, tzinfo=UTC))
    hubspot.archive("calls", 1)
    (row,) = mapped("calls", of="calls_archived")
    assert (row["is_deleted"], row["updated_at"]) == ("true", "2026-03-02T12:00:00.000Z")


def test_a_record_erased_by_law_is_deleted(each):
    assert [row["is_deleted"] for row in each("calls", [{"hs_gdpr_deleted": "true"}])] == ["true"]


def test_a_deal_in_full(hubspot, mapped_either_way):
    hubspot.add(
        "deals",
        8,
        {
            "dealstage": "closedwon", "pipeline": "default", "amount": "1200.50", "deal_currency_code": "EUR",
            "closedate": "2026-03-01T16:00:00.000Z", "hubspot_owner_id": "77", "dealtype": "existingbusiness",
            "hs_is_closed": "true", "hs_is_closed_won": "true", "hs_analytics_source": "PAID_SEARCH",
        },
    )  # fmt: skip
    hubspot.link("deals", 8, "companies", 9, 10)
    hubspot.link("deals", 8, "contacts", 501)
    at = "2026-03-02T12:00:00.000Z"
    assert mapped_either_way("deals") == [
        {
            "opportunity_id": "8", "stage": "closedwon", "pipeline": "default", "owner_rep_id": "77", "amount": "1200.5000",
            "currency": "EUR", "deal_type": "expansion", "account_id": "9", "contact_id": "501",
            "lead_source": "PAID_SEARCH", "created_at": at, "expected_close_date": "2026-03-01",
            "closed_at": "2026-03-01T16:00:00.000Z", "is_won": "true", "updated_at": at, "is_deleted": "false",
        }
    ]  # fmt: skip


def test_an_open_deals_close_date_is_a_hope(each):
    flags = [("true", "false"), ("false", "false"), (None, None)]
    rows = each("deals", [{"closedate": "2026-03-01", "hs_is_closed": c, "hs_is_closed_won": w} for c, w in flags])
    assert [row["expected_close_date"] for row in rows] == ["2026-03-01"] * 3
    assert [(row.get("is_won"), row.get("closed_at")) for row in rows] == [
        ("false", "2026-03-01"), (None, None), (None, None),
    ]  # fmt: skip


def test_a_stage_that_is_entered_again_is_two_stays(hubspot, mapped_either_way):
    history = [
        ("demo", "2026-03-01T00:00:00.000Z"), ("offer", "2026-02-01T00:00:00.000Z"), ("", "2026-01-20T00:00:00.000Z"),
        ("demo", "2026-01-01T00:00:00.000Z"),
    ]  # fmt: skip
    hubspot.add("deals", 8, {"dealstage": "demo"}, {"dealstage": history})
    assert mapped_either_way("deal_stages", of="deals") == [
        {"opportunity_id": "8", "to_stage": stage, "changed_at": at} for stage, at in history if stage
    ]


def test_who_was_merged_into_whom(hubspot, mapped_either_way):
    at = "2026-03-02T12:00:00.000Z"
    for crm_type in ("contacts", "companies", "deals"):
        hubspot.add(crm_type, 1)
        hubspot.add(crm_type, 3)
        hubspot.merge(crm_type, 1, 3)
    assert mapped_either_way("contact_merges", of="contacts") == [
        {"contact_id": "1", "merged_into_id": "3", "updated_at": at}
    ]
    assert mapped_either_way("company_merges", of="companies") == [
        {"account_id": "1", "merged_into_id": "3", "updated_at": at}
    ]
    assert mapped_either_way("deal_merges", of="deals") == [
        {"opportunity_id": "1", "stage": "merged", "merged_into_id": "3", "updated_at": at}
    ]


def test_a_contact_and_a_company(hubspot, mapped_either_way):
    at = "2026-03-02T12:00:00.000Z"
    hubspot.add("contacts", 501, {"email": "ann@example.com", "phone": "+1 555", "associatedcompanyid": "9"})
    hubspot.add("companies", 9, {"name": "Acme", "industry": "MINING", "country": "Chile"})
    assert mapped_either_way("contacts") == [
        {"contact_id": "501", "email": "ann@example.com", "phone": "+1 555", "account_id": "9", "created_at": at,
         "updated_at": at, "is_deleted": "false"}
    ]  # fmt: skip
    assert mapped_either_way("companies") == [
        {"account_id": "9", "name": "Acme", "industry": "MINING", "country": "Chile", "created_at": at, "updated_at": at,
         "is_deleted": "false"}
    ]  # fmt: skip


def test_an_owner_may_be_a_queue_and_may_have_left(hubspot, mapped):
    at = "2026-01-01T00:00:00.000Z"
    shared = {"createdAt": at, "updatedAt": at}
    hubspot.owners = [
        {"id": "77", "type": "PERSON", "email": "ann@example.com", "archived": False, "userId": 5} | shared,
        {"id": "78", "type": "QUEUE", "email": None, "archived": False} | shared,
        {"id": "79", "type": "PERSON", "email": "bob@example.com", "archived": True} | shared,
    ]
    assert [(row["user_id"], row["kind"], row.get("email"), row["is_active"]) for row in mapped("owners")] == [
        ("77", "person", "ann@example.com", "true"),
        ("78", "queue", None, "true"),
        ("79", "person", "bob@example.com", "false"),
    ]


def test_stages_by_the_ids_that_deals_carry(hubspot, mapped):
    def stage(name, order, probability, closed, label):
        return {"id": name, "label": label, "displayOrder": order,
                "metadata": {"probability": probability, "isClosed": closed}, "archived": False}  # fmt: skip

    stages = [
        stage("a", 0, "0.2", "false", "Demo"), stage("b", 1, "0.9", "false", "Proposal sent"),
        stage("c", 2, "1.0", "true", "Won"), stage("d", 3, "0.0", "true", "Lost"), stage("e", 4, "0.0", "false", "New"),
        stage("f", 5, "1.0", None, "Won"), stage("g", 6, "0.0", None, "Lost"),
    ]  # fmt: skip
    hubspot.pipelines = [{"id": "default", "label": "Sales", "stages": stages}]
    rows = mapped("stages", of="pipelines")
    assert {row["pipeline"] for row in rows} == {"default"}
    assert [(row["stage"], row["stage_order"], row["outcome"], row.get("kind")) for row in rows] == [
        ("a", "0", "open", None), ("b", "1", "open", "proposal"), ("c", "2", "won", None), ("d", "3", "lost", None),
        ("e", "4", "open", None), ("f", "5", "won", None), ("g", "6", "lost", None),
    ]  # fmt: skip


def test_every_column_that_a_page_gives_is_asked_for():
    """A mapping may not read a property that the connector never requests."""
    from pipelines.sources.hubspot.crm_types import CRM_TYPES

    for name, crm_type in CRM_TYPES.items():
        paths = [path.path for paths in MAPPINGS[name].pages.columns.values() for path in paths if path.path]
        read = {path.removeprefix("properties.") for path in paths if path.startswith("properties.")}
        assert read <= set(crm_type.properties), name
        assert read >= set(crm_type.needed), name
