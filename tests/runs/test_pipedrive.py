"""Nights of a Pipedrive source, by its API (a fake) and by exports, with the mappings that are shipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import stamina

from tests.runs.conftest import STARTED, Office
from tests.runs.together import Desk, together
from tests.sources.fakes.pipedrive import TOKEN, FakePipedrive, rfc3339, spaced

pytestmark = pytest.mark.slow

COMPANY = {"timezone": "UTC", "currency": "EUR"}
NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
ROSTER = [{"rep_id": "7", "full_name": "Ada", "email": "ada@example.com", "rep_type": "inside", "role": "ae",
           "hire_date": "2025-01-01"}]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched, stamina.set_testing(True, attempts=3, cap=False):
        patched.setenv("PIPEDRIVE_TOKEN", TOKEN)
        yield


@pytest.fixture
def company() -> Iterator[FakePipedrive]:
    with a_company() as fake:
        yield fake


@contextmanager
def a_company() -> Iterator[FakePipedrive]:
    """One rep with a deal that moved twice and was won, a person, and an activity of every type."""
    with FakePipedrive(now=STARTED) as fake:
        fake.users = [{"id": 7, "name": "Ada", "email": "Ada@example.com", "active_flag": True, "is_deleted": False,
                       "created": "2025-01-01 08:00:00", "modified": "2026-01-01 08:00:00"}]  # fmt: skip
        for id, name in ((1, "Qualified"), (2, "Proposal Made"), (3, "Negotiation")):
            fake.put("stages", id=id, pipeline_id=1, order_nr=id, name=name)
        fake.put("organizations", id=30, name="Client", address={"country": "France"})
        people = {"emails": [{"value": "bob@client.com", "primary": True}], "phones": []}
        fake.put("persons", id=20, name="Bob", org_id=30, **people)
        fake.put("deals", id=10, owner_id=7, person_id=20, org_id=30, pipeline_id=1, stage_id=1, value=1200.5,
                 currency="EUR", add_time="2026-03-01T09:00:00Z", expected_close_date="2026-04-01")  # fmt: skip
        fake.move(10, 2, datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
        fake.move(10, 3, datetime(2026, 3, 9, 9, 30, tzinfo=UTC))
        won = rfc3339(NOON)
        fake.put("deals", **fake.tables["deals"].rows[10] | {"status": "won", "won_time": won, "update_time": won})
        for id, type in enumerate(("call", "meeting", "task", "deadline", "email", "lunch", "site_visit"), 1):
            fake.put("activities", id=id, type=type, owner_id=7, done=True, marked_as_done_time=rfc3339(NOON),
                     due_date="2026-03-19", due_time="", duration="00:30:00", person_id=20, org_id=30, deal_id=10,
                     participants=[{"person_id": 20, "primary": True}, {"person_id": 21, "primary": False}])  # fmt: skip
        yield fake


@pytest.fixture
def sold(office: Office, company: FakePipedrive) -> Office:
    office.configure(
        "company: {timezone: UTC, currency: EUR}\n"
        "sources: [{name: pipe, kind: pipedrive_api, path: inbox/pipe,"
        f" api: {{token: 'env:PIPEDRIVE_TOKEN', base_url: '{company.url}'}}}}]\n"
    )
    office.deliver("reps.csv", ROSTER, "inbox/pipe")
    return office


@contextmanager
def company_of(desk: Desk) -> Iterator[FakePipedrive]:
    """A company of its own for a desk, which asks it every night."""
    with a_company() as fake:
        api = {"token": "env:PIPEDRIVE_TOKEN", "base_url": fake.url}
        desk.sources = [{"name": "pipe", "kind": "pipedrive_api", "api": api}]
        # reps of two rosters with one address would be one person
        fake.users[0]["email"] = f"Ada@{desk.number}.example.com"
        desk.deliver("reps.csv", [{**ROSTER[0], "email": f"ada@{desk.number}.example.com"}], "inbox/pipe")
        yield fake


def night(office):
    return office.night(as_of=STARTED + timedelta(days=office.nights + 1))


def refused(office):
    return office.query("select file_name, reason from ops.load where status = 'refused'")


@together
def test_activities_become_what_their_types_say(desk):
    with company_of(desk):
        outcome = yield
        assert (outcome.notes, refused(desk)) == ((), [])
        rows = desk.query(
            "select activity_id, channel, status, rep_id, duration_seconds, meeting_mode from core.fct_activity order by 1"
        )
        assert rows == [
            ("pipe:activity-1", "call", "completed", "pipe:7", 1800, None),
            ("pipe:activity-2", "meeting", "completed", "pipe:7", 1800, "unknown"),
            ("pipe:activity-3", "task", "completed", "pipe:7", 1800, None),
            ("pipe:activity-4", "task", "completed", "pipe:7", 1800, None),
            ("pipe:activity-5", "email", "completed", "pipe:7", 1800, None),
            ("pipe:activity-6", "meeting", "completed", "pipe:7", 1800, "in_person"),
            ("pipe:activity-7", "task", "completed", "pipe:7", 1800, None),
        ]
        assert desk.query(
            "select distinct occurred_at, occurred_at_basis, opportunity_id, account_id, list_sort(contact_ids)"
            " from core.fct_activity"
        ) == [(NOON, "completed", "pipe:10", "pipe:30", ["pipe:20", "pipe:21"])]


@together
def test_a_deal_has_its_stages_and_its_close(desk):
    with company_of(desk):
        yield
        assert desk.query(
            "select opportunity_id, stage, pipeline, outcome, amount::double, closed_at, owner_rep_id from core.dim_opportunity"
        ) == [("pipe:10", "3", "1", "won", 1200.5, NOON, "pipe:7")]
        assert desk.query("select from_stage, to_stage, changed_at from core.fct_stage_change order by changed_at") == [
            ("1", "2", datetime(2026, 3, 5, 9, 30, tzinfo=UTC)),
            ("2", "3", datetime(2026, 3, 9, 9, 30, tzinfo=UTC)),
        ]
        assert desk.query("select stage, stage_order, outcome, kind from core.dim_stage order by 1") == [
            ("1", 1, "open", None), ("2", 2, "open", "proposal"), ("3", 3, "open", None)
        ]  # fmt: skip


@together
def test_what_is_planned_is_scheduled_on_its_day(desk):
    with company_of(desk) as company:
        planned = {"owner_id": 7, "done": False, "marked_as_done_time": None, "due_time": ""}
        company.put("activities", id=50, type="call", due_date="2026-03-19", **planned)
        company.put("activities", id=51, type="task", due_date="", **planned)
        company.put("activities", id=52, type="call", due_date="2026-03-19", **planned | {"due_time": "23:30"})
        yield
        rows = desk.query(
            "select activity_id, status, activity_date::varchar, occurred_at_precision, occurred_at_basis"
            " from core.fct_activity where status = 'scheduled' order by 1"
        )
        assert rows[0] == ("pipe:activity-50", "scheduled", "2026-03-19", "date", "due")
        assert rows[1][4] == "logged"
        assert rows[2] == ("pipe:activity-52", "scheduled", "2026-03-19", "instant", "due")
        due = "select occurred_at from core.fct_activity where activity_id = 'pipe:activity-52'"
        assert desk.query(due) == [(datetime(2026, 3, 19, 23, 30, tzinfo=UTC),)]


@together
def test_a_call_log_is_the_same_call_as_its_activity(desk):
    with company_of(desk) as company:
        company.call_logs = [
            {"id": "abc", "activity_id": 1, "user_id": 7, "start_time": "2026-03-20 11:58:00", "end_time": "2026-03-20 12:00:00",
             "duration": "120", "outcome": "left_voicemail", "person_id": 20, "org_id": 30, "deal_id": 10}
        ]  # fmt: skip
        yield
        [(calls,)] = desk.query("select count(*) from core.fct_counted_activity where channel = 'call'")
        [(started, talked, disposition)] = desk.query(
            "select occurred_at, duration_seconds, disposition from core.fct_activity where activity_id = 'pipe:call-abc'"
        )
        assert (started, talked, disposition) == (datetime(2026, 3, 20, 11, 58, tzinfo=UTC), 120, "voicemail")
        assert calls == 1


@together
def test_a_token_without_call_logs_reads_the_rest(desk):
    with company_of(desk) as company:
        company.refused = {"/callLogs"}
        assert (yield).notes == ()
        assert desk.query("select count(*) from core.fct_activity") == [(7,)]


def test_what_is_deleted_counts_no_longer(sold, company):
    night(sold)
    company.now = STARTED + timedelta(days=8)
    sold.nights += 7
    company.delete("activities", 3)
    company.delete("deals", 10)
    night(sold)
    assert [id for (id,) in sold.query("select activity_id from core.fct_activity order by 1")] == [
        f"pipe:activity-{id}" for id in (1, 2, 4, 5, 6, 7)
    ]
    assert sold.query("select count(*) from core.dim_opportunity") == [(0,)]


@together
def test_changes_are_asked_for_from_the_last_night_on(desk):
    with company_of(desk) as company:
        yield
        company.now = STARTED + timedelta(days=1, hours=12)
        company.put(
            "activities", **company.tables["activities"].rows[1] | {"update_time": rfc3339(company.now), "done": False}
        )
        company.put("activities", id=8, type="call", owner_id=7, done=True, marked_as_done_time=spaced(company.now),
                    due_date="2026-04-03", due_time="", update_time=rfc3339(company.now))  # fmt: skip
        asked = len(company.asked)
        yield
        since = [one.query.get("updated_since") for one in company.asked[asked:] if one.path.endswith("v2/activities")]
        assert since and all(since)
        assert desk.query("select count(*), count(*) filter (status = 'scheduled') from core.fct_activity") == [(8, 1)]


EXPORT = """Activity - ID,Activity - Subject,Activity - Type,Activity - Done,Activity - Due date,Activity - Due time,\
Activity - Duration,Activity - Assigned to user,Activity - Marked as done time,Activity - Update time,Deal - ID
1,Intro,Call,Done,2026-03-19,,00:15,7,2026-03-20 14:30:00,2026-03-20 14:30:00,10
2,Plan,Meeting,To do,2026-03-25,10:00,01:00,7,,2026-03-20 14:31:00,10
3,Day,Task,To do,2026-03-26,,,7,,2026-03-20 14:31:00,10
"""
DEALS = """Deal - ID,Deal - Title,Deal - Value,Deal - Currency,Deal - Stage,Deal - Pipeline,Deal - Status,Deal - Owner,\
Deal - Won time,Deal - Deal created,Deal - Update time
10,Big,1200.50,EUR,Negotiation,Sales,Won,7,2026-03-20 12:00:00,2026-03-01 09:00:00,2026-03-20 12:00:00
11,Small,10,EUR,Qualified,Sales,Open,7,,2026-03-02 09:00:00,2026-03-20 12:00:00
"""


def test_exports_by_hand_are_read_by_their_labels(office):
    office.configure(
        "company: {timezone: UTC, currency: EUR}\n"
        "sources: [{name: pipe, kind: pipedrive_export, path: inbox/pipe, timezone: Europe/Istanbul}]\n"
    )
    office.deliver("reps.csv", ROSTER, "inbox/pipe")
    office.deliver("activities-12345-6.csv", EXPORT.encode(), "inbox/pipe")
    office.deliver("deals-12345-7.csv", DEALS.encode(), "inbox/pipe")
    night(office)
    assert refused(office) == []
    assert office.query(
        "select activity_id, channel, status, occurred_at, duration_seconds, rep_id, opportunity_id"
        " from core.fct_activity order by 1"
    ) == [
        ("pipe:activity-1", "call", "completed", datetime(2026, 3, 20, 11, 30, tzinfo=UTC), 900, "pipe:7", "pipe:10"),
        ("pipe:activity-2", "meeting", "scheduled", datetime(2026, 3, 25, 7, tzinfo=UTC), 3600, "pipe:7", "pipe:10"),
        ("pipe:activity-3", "task", "scheduled", datetime(2026, 3, 26, tzinfo=UTC), 0, "pipe:7", "pipe:10"),
    ]
    assert office.query(
        "select opportunity_id, stage, outcome, amount::double from core.dim_opportunity order by 1"
    ) == [
        ("pipe:10", "Negotiation", "won", 1200.5),
        ("pipe:11", "Qualified", "open", 10.0),
    ]
