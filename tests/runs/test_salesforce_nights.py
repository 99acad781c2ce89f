"""Nights of Salesforce: from its API and from its exports, with what its records mean in the published tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina

from pipelines.sources.salesforce.objects import OBJECTS
from tests.runs.conftest import STARTED, Office
from tests.runs.together import Desk, together
from tests.sources.fakes.salesforce import CLIENT_ID, CLIENT_SECRET, FakeSalesforce
from tests.sources.fakes.server import Fault

pytestmark = pytest.mark.slow

BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BEN = "0051G0000000001AAA", "0051G0000000002AAA"
ROSTERED = {"rep_id": ANN, "full_name": "Ann", "rep_type": "inside", "hire_date": "2025-01-01"}
COMPANY = {"timezone": "UTC"}


def record(id: str, changed: datetime = BORN, **other: object) -> dict[str, Any]:
    return {"Id": id, "OwnerId": ANN, "CreatedDate": BORN, "SystemModstamp": changed, "IsDeleted": False, **other}


def task(number: int, changed: datetime = BORN, **other: object) -> dict[str, Any]:
    done = {"Status": "Completed", "IsClosed": True, "ActivityDate": "2026-03-01", "TaskSubtype": "Call"}
    return record(f"00T{number:012d}AAA", changed, **(done | other))


@pytest.fixture(scope="module", autouse=True)
def no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched, stamina.set_testing(True, attempts=3, cap=False):
        patched.setenv("SF_ID", CLIENT_ID)
        patched.setenv("SF_SECRET", CLIENT_SECRET)
        yield


@pytest.fixture
def salesforce() -> Iterator[FakeSalesforce]:
    with an_org() as fake:
        yield fake


@contextmanager
def an_org() -> Iterator[FakeSalesforce]:
    fake = FakeSalesforce()
    fake.org.polls_until_done = 0
    for each in OBJECTS:
        fake.org.fields[each.name] = [*each.needed, *each.wished]
    with fake:
        yield fake


@pytest.fixture
def api_office(office: Office, salesforce: FakeSalesforce) -> Office:
    configure(office, salesforce, "UTC")
    office.deliver("reps.csv", [ROSTERED], "inbox/sf")
    return office


@contextmanager
def org_of(desk: Desk) -> Iterator[FakeSalesforce]:
    """A Salesforce of its own for a desk, which asks it every night."""
    with an_org() as fake:
        api = {"client_id": "env:SF_ID", "client_secret": "env:SF_SECRET", "base_url": fake.url}
        desk.sources = [{"name": "sf", "kind": "salesforce_api", "api": api}]
        desk.deliver("reps.csv", [ROSTERED], "inbox/sf")
        yield fake


def configure(office: Office, salesforce: FakeSalesforce, zone: str) -> None:
    office.configure(
        f"company: {{timezone: {zone}}}\n"
        "sources: [{name: sf, kind: salesforce_api, path: inbox/sf,"
        f" api: {{client_id: 'env:SF_ID', client_secret: 'env:SF_SECRET', base_url: '{salesforce.url}'}}}}]\n"
    )


def task_jobs(fake: FakeSalesforce) -> list[str]:
    """The queries for changed tasks, in the order of asking."""
    asked = [one.value["query"] for one in fake.asked if one.path.endswith("/jobs/query")]
    return [query for query in asked if "FROM Task WHERE SystemModstamp" in query]


def night(office: Office) -> Any:
    return office.night(as_of=STARTED + timedelta(days=office.nights + 1))


@together
def test_every_object_lands_and_later_nights_take_what_changed(desk):
    with org_of(desk) as salesforce:
        salesforce.org.add("Task", [task(n) for n in range(5)])
        salesforce.org.add("Event", [record("00U000000000001AAA", StartDateTime=BORN, DurationInMinutes=30, CreatedById=BEN)])  # fmt: skip
        salesforce.org.add("Opportunity", [record("006000000000001AAA", StageName="Won", CloseDate="2026-03-05", IsClosed=True, IsWon=True)])  # fmt: skip
        salesforce.org.add("OpportunityHistory", [record("008000000000001AAA", OpportunityId="006000000000001AAA", StageName="Won")])  # fmt: skip
        salesforce.org.add("User", [record(ANN, Name="Ann", Email="ann@example.com", IsActive=True)])
        salesforce.org.add("Group", [record("00G000000000001AAA", Name="Inbound", Type="Queue")])
        salesforce.org.add("OpportunityStage", [{"Id": "01J1", "MasterLabel": "Won", "SortOrder": 9, "IsClosed": True, "IsWon": True}])  # fmt: skip

        outcome = yield

        assert outcome.notes == ()
        assert desk.query(
            "select object, sum(rows_accepted)::int, sum(rows_quarantined)::int from ops.load join ops.load_accounting"
            " using (load_id, entity) where object <> '' group by all order by all"
        ) == [
            ("Event", 1, 0), ("Group", 1, 0), ("Opportunity", 1, 0), ("OpportunityHistory", 1, 0),
            ("OpportunityStage", 1, 0), ("Task", 5, 0), ("User", 1, 0),
        ]  # fmt: skip
        later = STARTED + timedelta(days=1, hours=1)
        salesforce.org.tables["Task"][2] |= {"SystemModstamp": later, "IsDeleted": True}
        salesforce.org.add("Task", [task(9, later)])
        yield
        assert desk.query("select count(*) from core.fct_activity where channel = 'call'") == [(5,)]
        first, second = task_jobs(salesforce)
        assert "SystemModstamp >=" not in first and "SystemModstamp >= 2026-04-02T06:45:00Z" in second


@together
def test_a_fault_in_the_middle_of_a_job_goes_on_within_it(desk):
    with org_of(desk) as salesforce:
        salesforce.org.add("Task", [task(n) for n in range(10)])
        salesforce.org.largest_page = 3
        salesforce.faults = [Fault("/results", "html", times=99, after=2)]
        outcome = yield
        [told] = [note for note in outcome.notes if "could not be fetched to the end" in note]
        assert told.startswith("sf: Task, ")
        salesforce.faults = []
        yield
        assert desk.query("select count(*) from core.fct_activity") == [(10,)]
        assert len(task_jobs(salesforce)) == 1


@together
def test_a_job_that_expired_meanwhile_starts_anew(desk):
    with org_of(desk) as salesforce:
        salesforce.org.add("Task", [task(n) for n in range(10)])
        salesforce.org.largest_page = 3
        salesforce.faults = [Fault("/results", "html", times=99, after=2)]
        yield
        salesforce.faults = []
        salesforce.forget_jobs()
        yield
        assert desk.query("select count(*) from core.fct_activity") == [(10,)]


def test_a_login_that_fails_is_told_once(api_office, monkeypatch):
    monkeypatch.setenv("SF_SECRET", "wrong")
    assert len([note for note in night(api_office).notes if "invalid_client" in note]) == 1


@together
def test_an_optional_object_that_is_hidden_is_no_trouble(desk):
    with org_of(desk) as salesforce:
        salesforce.org.hidden_objects = {"EmailMessage", "Group", "OpportunityFieldHistory"}
        salesforce.org.add("Task", [task(1)])
        assert (yield).notes == ()


def test_a_task_that_was_purged_is_deleted(api_office, salesforce):
    salesforce.org.add("Task", [task(n) for n in range(5)])
    night(api_office)
    del salesforce.org.tables["Task"][3]
    api_office.nights += 7
    night(api_office)
    assert api_office.query("select count(*) from core.fct_activity") == [(4,)]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu"])
def test_a_due_day_is_the_same_day_in_every_zone(api_office, salesforce, zone):
    configure(api_office, salesforce, zone)
    salesforce.org.add("Task", [task(1)])
    salesforce.org.add("Event", [record("00U000000000001AAA", StartDateTime=datetime(2026, 3, 1, tzinfo=UTC), IsAllDayEvent=True, ActivityDate="2026-03-01")])  # fmt: skip
    night(api_office)
    assert api_office.query("select distinct activity_date::varchar, occurred_at_precision from core.fct_activity") == [("2026-03-01", "date")]  # fmt: skip


@together
def test_a_merged_contact_counts_under_its_master_and_a_converted_lead_keeps_its_touches(desk):
    with org_of(desk) as salesforce:
        winner, loser, lead = "003000000000001AAA", "003000000000002AAA", "00Q000000000001AAA"
        salesforce.org.add(
            "Contact", [record(winner, Name="Won"), record(loser, IsDeleted=True, MasterRecordId=winner)]
        )
        salesforce.org.add("Lead", [record(lead, OwnerId="00G000000000001AAA", Status="Converted", IsConverted=True, ConvertedDate="2026-03-02", ConvertedContactId=winner)])  # fmt: skip
        salesforce.org.add("Task", [task(1, WhoId=loser), task(2, WhoId=lead)])
        yield
        assert desk.query("select distinct contact_id from core.fct_activity_contact where contact_id is not null") == [(f"sf:{winner}",)]  # fmt: skip
        assert desk.query("select lead_id from core.fct_activity where lead_id is not null") == [(f"sf:{lead}",)]


@together
def test_an_email_and_its_task_are_one_email(desk):
    with org_of(desk) as salesforce:
        salesforce.org.add("Task", [task(1, TaskSubtype="Email", WhoId="003000000000001AAA")])
        salesforce.org.add("EmailMessage", [record("02s000000000001AAA", Status="3", Incoming=True, MessageDate=BORN, CreatedById=ANN, ActivityId="00T000000000001AAA")])  # fmt: skip
        yield
        assert desk.query("select channel, direction, contact_id from core.fct_activity") == [("email", "inbound", "sf:003000000000001AAA")]  # fmt: skip


def test_exports_of_the_data_loader_and_of_a_connector_are_one_source(office):
    office.configure("company: {timezone: UTC}\nsources: [{name: sf, kind: salesforce_export, path: inbox/sf}]\n")
    loader = (
        '"ID","OWNERID","ISCLOSED","ACTIVITYDATE","CREATEDDATE","COMPLETEDDATETIME","ISRECURRENCE","CALLDURATIONINSECONDS"\r\n'
        '"00T000000000001AAA","0051G0000000001","true","2026-03-01","2026-03-01T10:00:00.000Z","2026-03-02T10:00:00.000Z","false","65"\r\n'
        '"00T000000000002AAA","0051G0000000001","true","2026-03-01","2026-03-01T10:00:00.000Z","","true",""\r\n'
    )
    office.deliver("Task.csv", loader.encode(), "inbox/sf")
    connector = "id,owner_id,is_closed,activity_date,created_date,_fivetran_synced\r00T000000000003AAA,0051G0000000001AAA,FALSE,2026-03-01 00:00:00,2026-03-01 10:00:00,2026-03-03 00:00:00\r"  # fmt: skip
    office.deliver("sf_task_data.csv", connector.encode(), "inbox/sf")
    office.deliver("opportunity_line_item.csv", b"id,quantity\n1,2\n", "inbox/sf")
    office.deliver("OpportunityLineItem.csv", b"Id,Quantity\n1,2\n", "inbox/sf")
    night(office)
    assert office.query(
        "select file_name, rows_accepted, rows_quarantined, rows_ignored from ops.load_accounting"
        " where rows_read > 0 order by 1"
    ) == [("Task.csv", 1, 0, 1), ("sf_task_data.csv", 1, 0, 0)]
    assert office.query(
        "select occurred_at_precision, status, duration_seconds, activity_date::varchar from core.fct_activity"
        " order by activity_id"
    ) == [("instant", "completed", 65, "2026-03-02"), ("date", "scheduled", 0, "2026-03-01")]


@together
def test_work_of_queues_and_programs_says_whose_it_is(desk):
    with org_of(desk) as salesforce:
        queue, program = "00G000000000001AAA", "005000000000009AAA"
        salesforce.org.add("Group", [record(queue, Name="Inbound", Type="Queue")])
        salesforce.org.add("User", [record(program, Name="Automated Process", Email="a@example.com", IsActive=True, UserType="AutomatedProcess")])  # fmt: skip
        salesforce.org.add("Task", [task(1, OwnerId=queue), task(2, OwnerId=program), task(3, OwnerId=BEN), task(4)])
        yield
        assert desk.query("select source_rep_id, reason from ops.unattributed order by 1") == [
            (program, "integration_user"),
            (BEN, "not_on_roster"),
            (queue, "queue"),
        ]
