"""A company in HubSpot through two nights, with the shipped mappings: what is published of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stamina

from tests.runs.conftest import STARTED, Office
from tests.sources.fakes.hubspot import TOKEN, FakeHubSpot

pytestmark = pytest.mark.slow

CONNECTED, NO_ANSWER = "f240bbac-87c9-4f6e-bf70-924b57d47db7", "73a0d17f-1163-4015-bdd5-ec830791da20"
ROSTER = [
    {"rep_id": "77", "full_name": "Ann", "rep_type": "inside", "hire_date": "2025-01-01", "role": "ae", "team": "East"}
]
DAY = "2026-03-02"


def _first_day(fake: FakeHubSpot) -> None:
    def call(id: int, owner: str = "77", **properties: str) -> None:
        shared = {"hs_timestamp": f"{DAY}T15:00:00.000Z", "hubspot_owner_id": owner, "hs_call_direction": "OUTBOUND"}
        fake.add("calls", id, shared | {"hs_call_status": "COMPLETED"} | properties)

    call(1, hs_call_disposition=CONNECTED, hs_call_duration="120500")
    call(2, hs_call_duration="30000")
    call(3, owner="78", hs_call_disposition=CONNECTED)
    call(4, hs_call_disposition=CONNECTED, hs_call_duration="600000")
    for id, status, direction in ((11, "SENT", "EMAIL"), (12, "BOUNCED", "EMAIL"), (13, "SENT", "INCOMING_EMAIL")):
        given = {"hs_timestamp": f"{DAY}T16:00:00.000Z", "hubspot_owner_id": "77"}
        fake.add("emails", id, given | {"hs_email_status": status, "hs_email_direction": direction})
    for id, outcome in ((21, "COMPLETED"), (22, None), (23, "SCHEDULED"), (24, "CANCELED"), (25, "NO_SHOW")):
        start = {"hs_meeting_start_time": f"{DAY}T17:00:00.000Z", "hs_meeting_end_time": f"{DAY}T17:30:00.000Z"}
        fake.add("meetings", id, start | {"hs_meeting_outcome": outcome, "hubspot_owner_id": "77"})
    given = {"hs_timestamp": f"{DAY}T18:00:00.000Z", "hubspot_owner_id": "77"}
    fake.add("tasks", 31, given | {"hs_task_status": "NOT_STARTED"})
    fake.add("communications", 41, given | {"hs_communication_channel_type": "LINKEDIN_MESSAGE"})
    fake.add("notes", 51, given)
    for id in (501, 502):
        fake.add("contacts", id, {"email": f"person{id}@example.com", "associatedcompanyid": "9"})
    fake.add("companies", 9, {"name": "Acme"})
    fake.link("calls", 1, "contacts", 501)
    fake.link("calls", 1, "companies", 9)
    fake.link("calls", 1, "deals", 8)
    _deal(fake, ("offer", "2026-02-20T00:00:00.000Z"), ("demo", "2026-02-01T00:00:00.000Z"))
    shared = {"createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": "2025-01-01T00:00:00.000Z", "archived": False}
    fake.owners = [
        {"id": "77", "type": "PERSON", "email": "ann@example.com"} | shared,
        {"id": "78", "type": "QUEUE", "email": None, "firstName": "Inbound", "lastName": "Desk"} | shared,
    ]
    stages = [("demo", "0.2", "false"), ("offer", "0.5", "false"), ("closedwon", "1.0", "true")]
    fake.pipelines = [{"id": "default", "label": "Sales", "stages": [
        {"id": id, "label": id, "displayOrder": order, "metadata": {"probability": chance, "isClosed": closed}}
        for order, (id, chance, closed) in enumerate(stages)
    ]}]  # fmt: skip


def _second_day(fake: FakeHubSpot) -> None:
    fake.archive("calls", 4)
    fake.merge("contacts", 501, 502)
    _deal(
        fake,
        ("closedwon", "2026-03-20T00:00:00.000Z"),
        ("demo", "2026-03-01T00:00:00.000Z"),
        ("offer", "2026-02-20T00:00:00.000Z"),
        ("demo", "2026-02-01T00:00:00.000Z"),
    )


def _deal(fake: FakeHubSpot, *history: tuple[str, str]) -> None:
    given = {"pipeline": "default", "amount": "1000", "hubspot_owner_id": "77", "dealstage": history[0][0]}
    fake.add("deals", 8, given, {"dealstage": list(history)}, created=datetime(2026, 2, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two nights: the second after a call was archived, a contact merged, and a deal won by way of an earlier stage."""
    office = Office(tmp_path_factory.mktemp("hubspot") / "workspace")
    office.deliver("reps.csv", ROSTER, "inbox/hub")
    os.environ["HUBSPOT_TOKEN"] = TOKEN
    with FakeHubSpot() as fake, stamina.set_testing(True, attempts=3, cap=False):
        office.configure(
            "company: {timezone: UTC}\nsources: [{name: hub, kind: hubspot_api, path: inbox/hub,"
            f" api: {{token: 'env:HUBSPOT_TOKEN', base_url: '{fake.url}'}}}}]\n"
        )
        fake.now = STARTED + timedelta(hours=12)
        for day in (_first_day, _second_day):
            day(fake)
            outcome = office.night(as_of=STARTED + timedelta(days=office.nights + 1))
            assert outcome.status == "published", outcome
            fake.now += timedelta(days=1)
    del os.environ["HUBSPOT_TOKEN"]
    yield office


def test_what_counts_of_a_day(company):
    """Calls 1 and 2 (4 is archived), the sent e-mail, the meeting that says it was held, one LinkedIn message: touches."""
    [counts] = company.query(
        "select calls, calls_connected, talk_seconds, emails, emails_inbound, social_touches, meetings_held,"
        " meetings_no_show, touches"
        f" from marts.rep_activity_daily where rep_id = 'hub:77' and activity_date = '{DAY}'"
    )
    assert counts == (2, 1, 151, 1, 1, 1, 1, 1, 5)


def test_a_meeting_without_an_outcome_has_no_status(company):
    stored = company.query(
        "select activity_id, status from core.latest_activities where channel = 'meeting' order by 1"
    )
    assert stored == [
        ("hub:meeting-21", "completed"), ("hub:meeting-22", None), ("hub:meeting-23", None),
        ("hub:meeting-24", "cancelled"), ("hub:meeting-25", "no_show"),
    ]  # fmt: skip


def test_a_queue_is_credited_to_nobody(company):
    found = company.query("select source_rep_id, reason, full_name, activities from ops.unattributed")
    assert found == [("78", "queue", "Inbound Desk", 1)]


def test_meetings_that_nobody_says_were_held_are_counted_as_unconfirmed(company):
    assert company.query("select assumed_meetings, unconfirmed_meetings from ops.source") == [(0, 2)]


def test_an_archived_call_is_deleted(company):
    assert company.query("select is_deleted from core.latest_activities where activity_id = 'hub:call-4'") == [(True,)]


def test_a_merged_contacts_calls_are_the_survivors(company):
    found = company.query("select contact_id from core.fct_activity_contact where activity_id = 'hub:call-1'")
    assert found == [("hub:502",)]


def test_a_call_names_its_account_and_its_deal(company):
    found = company.query("select account_id, opportunity_id from core.fct_activity where activity_id = 'hub:call-1'")
    assert found == [("hub:9", "hub:8")]


def test_a_stage_that_is_entered_again_is_two_stays(company):
    assert company.query("select to_stage, changed_at::date::varchar from core.fct_stage_change order by 2") == [
        ("demo", "2026-02-01"), ("offer", "2026-02-20"), ("demo", "2026-03-01"), ("closedwon", "2026-03-20"),
    ]  # fmt: skip


def test_a_deal_is_won_by_its_stage_and_its_history(company):
    assert company.query("select outcome, amount::integer, pipeline from core.dim_opportunity") == [
        ("won", 1000, "default")
    ]


def test_every_page_is_accounted_for(company):
    [(odd,)] = company.query(
        "select count(*) from ops.load_accounting where rows_read <> rows_accepted + rows_duplicate + rows_superseded"
        " + rows_quarantined + rows_ignored + rows_erased"
    )
    assert odd == 0
    assert company.query("select count(*) from quarantine.rejected") == [(0,)]
    assert company.query("select distinct status from ops.load where status = 'refused'") == []
