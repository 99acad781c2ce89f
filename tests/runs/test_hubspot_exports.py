"""Exports of HubSpot's own, with labels for headers and values, and tables that a connector landed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.settings import load_settings
from pipelines.sources.readings import readers_of
from tests.runs.conftest import Office
from tests.runs.test_accounting import accounting
from tests.runs.together import together

pytestmark = pytest.mark.slow

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HUB = {"name": "hub", "kind": "hubspot_export", "timezone": "UTC", "max_quarantined_share": 1}
EXPORTS = {
    "calls 2026-03.csv": {
        "Record ID": "512", "Activity date": "2026-03-02 10:00", "Call outcome": "Left voicemail",
        "Call status": "Completed", "Call direction": "Outbound", "Call duration (HH:mm:ss)": "00:01:30",
        "Call Title": "Intro", "Activity assigned to": "77", "Associated Contact IDs": "501;502",
        "Associated Company IDs": "9", "Associated Deal IDs": "8;18", "Create Date": "2026-03-02 10:05",
    },
    "Meetings.csv": {
        "Record ID": "21", "Meeting start time": "2026-03-02 15:00", "Meeting end time": "2026-03-02 15:30",
        "Meeting outcome": "No show", "Meeting name": "Demo", "Activity assigned to": "77",
    },
    "deals.csv": {
        "Record ID": "8", "Deal Name": "Acme", "Deal Stage": "closedwon", "Pipeline": "default", "Amount": "1200.5",
        "Close Date": "2026-03-01 11:00", "Create Date": "2026-01-01 09:00", "Deal owner": "77",
        "Deal Type": "New Business", "Is Closed Won": "true", "Associated Company IDs": "9",
    },
    "hubspot-crm-exports-all-contacts-2026-03-02.csv": {
        "Record ID": "501", "First Name": "Ann", "Email": "ann@example.com", "Create Date": "2026-01-01 09:00",
        "Last Modified Date": "2026-03-01 09:00", "Primary Associated Company ID": "9",
    },
    "companies.csv": {"Record ID": "9", "Company name": "Acme", "Industry": "Mining", "Country/Region": "Chile"},
}  # fmt: skip


@pytest.fixture
def hub(office: Office) -> Office:
    office.configure(json.dumps({"sources": [HUB | {"path": "inbox/hub"}]}))
    return office


@together
def test_exports_with_labels_are_read_by_their_labels(desk):
    desk.sources = [HUB]
    for name, row in EXPORTS.items():
        desk.deliver(name, [row], "inbox/hub")
    assert (yield).status == "published"
    assert {name: counts[:2] for name, counts in accounting(desk).items()} == {name: [1, 1] for name in EXPORTS}
    assert desk.query(
        "select activity_id, occurred_at::varchar, channel, direction, status, disposition, duration_seconds,"
        " source_rep_id, account_id, list_sort(contact_ids), opportunity_id from core.fct_activity order by 1"
    ) == [
        ("hub:call-512", "2026-03-02 10:00:00+00", "call", "outbound", "completed", "voicemail", 90, "77", "hub:9",
         ["hub:501", "hub:502"], None),
        ("hub:meeting-21", "2026-03-02 15:00:00+00", "meeting", "unknown", "no_show", None, 1800, "77", None, None, None),
    ]  # fmt: skip
    assert desk.query(
        "select opportunity_id, stage, amount::float, deal_type, account_id from core.latest_opportunities"
    ) == [("hub:8", "closedwon", 1200.5, "new", "hub:9")]
    assert desk.query("select account_id, name, country from core.latest_accounts") == [("hub:9", "Acme", "Chile")]
    assert desk.query("select contact_id, account_id from core.latest_contacts") == [("hub:501", "hub:9")]


@together
def test_a_connectors_tables_are_joined_to_their_engagement(desk):
    desk.sources = [HUB]
    at = "2020-07-09 11:11:56.288"
    desk.deliver(
        "engagement_call_data.csv",
        [
            {"engagement_id": "1", "_fivetran_synced": at, "disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
             "duration_milliseconds": "61000", "status": "COMPLETED"},
            {"engagement_id": "2", "_fivetran_synced": at, "status": "NO_ANSWER"},
        ],
        "inbox/hub",
    )  # fmt: skip
    desk.deliver(
        "engagement_email_data.csv",
        [{"engagement_id": "3", "_fivetran_synced": at, "status": "SENT", "message_id": "<A@b.c>"}],
        "inbox/hub",
    )
    desk.deliver(
        "engagement_data.csv",
        [
            {"id": "1", "type": "CALL", "owner_id": "77", "timestamp": "2020-05-01 18:26:00", "active": "true"},
            {"id": "2", "type": "CALL", "owner_id": "77", "timestamp": "2020-05-02 18:26:00", "active": "true"},
            {
                "id": "3",
                "type": "INCOMING_EMAIL",
                "owner_id": "78",
                "timestamp": "2020-05-03 18:26:00",
                "active": "true",
            },
        ],
        "inbox/hub",
    )
    desk.deliver(
        "engagement_contact_data.csv",
        [{"engagement_id": "1", "contact_id": "501"}, {"engagement_id": "1", "contact_id": "502"}],
        "inbox/hub",
    )
    desk.deliver("engagement_deal_data.csv", [{"engagement_id": "2", "deal_id": "8"}], "inbox/hub")
    yield
    assert desk.query(
        "select activity_id, occurred_at::varchar, direction, disposition, duration_seconds, source_rep_id,"
        " list_sort(contact_ids), opportunity_id from core.fct_activity order by 1"
    ) == [
        ("hub:call-1", "2020-05-01 18:26:00+00", "unknown", "connected", 61, "77", ["hub:501", "hub:502"], None),
        ("hub:call-2", "2020-05-02 18:26:00+00", "unknown", "no_answer", 0, "77", None, "hub:8"),
        ("hub:email-3", "2020-05-03 18:26:00+00", "inbound", "sent", 0, "78", None, None),
    ]  # fmt: skip


@together
def test_a_property_history_gives_the_stages_alone(desk):
    desk.sources = [HUB]
    rows = [
        {"deal_id": "8", "name": "dealstage", "value": "demo", "timestamp": "2026-01-01 6:00:00"},
        {"deal_id": "8", "name": "amount", "value": "1000", "timestamp": "2026-01-02 06:00:00"},
        {"deal_id": "8", "name": "dealstage", "value": "", "timestamp": "2026-01-03 06:00:00"},
    ]
    desk.deliver("deal_property_history_data.csv", rows, "inbox/hub")
    yield
    assert accounting(desk)["deal_property_history_data.csv"] == [3, 1, 0, 0, 0, 2]
    assert desk.query("select to_stage, changed_at::varchar from core.latest_stage_changes") == [
        ("demo", "2026-01-01 06:00:00+00")
    ]


@pytest.mark.parametrize(
    ("name", "objects"),
    [
        ("CONTACT.csv.gz", ["contacts"]),
        ("contact_list_member.csv", []),
        ("contact_property_history_data.csv", []),
        ("deal.parquet", ["deals"]),
        ("deal_stage.csv", ["deal_stages"]),
        ("deal_pipeline_stage_data.csv", ["stages"]),
        ("email_event_data.csv", []),
        ("engagement_email_data.csv", ["emails"]),
        ("engagements_calls.jsonl", ["calls"]),
        ("owner_team_data.csv", []),
        ("hubspot-crm-exports-all-deals-2026-03-02.csv", ["deals"]),
        ("users.csv", []),
        ("stages.csv", []),
    ],
)
def test_a_files_name_says_what_it_holds(name, objects, hub):
    [source] = load_settings(hub.workspace.settings_file, {}).sources
    assert [reading.object for reading, join in readers_of(source, hub.workspace.home, name) if not join] == objects


REAL_2023 = {
    "contact_data.csv": [100, 100, 0, 0, 0, 0],
    "contact_merge_audit_data.csv": [4, 4, 0, 0, 0, 0],
    "deal_data.csv": [100, 52, 0, 0, 48, 0],
    "deal_pipeline_data.csv": [6, 6, 0, 0, 0, 0],
    "deal_pipeline_stage_data.csv": [71, 71, 0, 0, 0, 0],
    "deal_stage_data.csv": [14, 14, 0, 0, 0, 0],
    "engagement_call_data.csv": [100, 0, 0, 0, 100, 0],
    "engagement_company_data.csv": [100, 100, 0, 0, 0, 0],
    "engagement_contact_data.csv": [100, 100, 0, 0, 0, 0],
    "engagement_data.csv": [100, 100, 0, 0, 0, 0],
    "engagement_deal_data.csv": [100, 100, 0, 0, 0, 0],
    "engagement_email_data.csv": [100, 0, 0, 0, 100, 0],
    "engagement_meeting_data.csv": [100, 93, 0, 0, 7, 0],
    "engagement_note_data.csv": [100, 1, 0, 0, 99, 0],
    "engagement_task_data.csv": [100, 99, 0, 0, 1, 0],
    "owner_data.csv": [100, 100, 0, 0, 0, 0],
}
"""100 engagements are notes, and one of the 100 notes is among them: calls, e-mails and the other notes have no time.
Seven meetings of 1970 have seconds where milliseconds belong; 48 deals stand in no stage."""


@pytest.mark.skipif(not DATA.is_dir(), reason="the real exports are not beside this clone")
@together
def test_a_connectors_real_tables_are_accounted_to_the_row(desk):
    desk.sources = [HUB]
    for path in sorted((DATA / "fivetran_hubspot_engagements_2023").glob("*.csv")):
        desk.deliver(path.name, path.read_bytes(), "inbox/hub")
    yield
    assert accounting(desk) == REAL_2023
    assert desk.query("select distinct field, rule from quarantine.rejected order by all") == [
        ("ended_at", "out_of_range"), ("occurred_at", "out_of_range"), ("occurred_at", "required"), ("stage", "required"),
    ]  # fmt: skip


@pytest.mark.skipif(not DATA.is_dir(), reason="the real exports are not beside this clone")
@together
def test_tables_that_belong_to_no_object_are_told_and_not_read(desk):
    desk.sources = [HUB]
    for path in sorted((DATA / "fivetran_hubspot_seeds").glob("*.csv")):
        desk.deliver(path.name, path.read_bytes(), "inbox/hub")
    outcome = yield
    prefixes = (
        "email_",
        "property_",
        "role_",
        "team_",
        "owner_team",
        "contact_list",
        "contact_property",
        "company_prop",
    )
    delivered = {path.name for path in (DATA / "fivetran_hubspot_seeds").glob("*.csv")}
    unread = {name for name in delivered if name.startswith(prefixes)}
    assert set(accounting(desk)) == delivered - unread
    [told] = [note for note in outcome.notes if note.startswith("hub: not read: ")]
    assert f"{sorted(unread)[0]}, " in told
    assert f" and {len(unread) - 8} more" in told
