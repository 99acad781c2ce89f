"""One company by API and by export: the same core tables, on which every mart stands, whichever way its records came."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina

from tests.reliability import record
from tests.runs.conftest import Office
from tests.sources.fakes.hubspot import TOKEN, FakeHubSpot
from tests.sources.fakes.salesforce import CLIENT_ID, CLIENT_SECRET, FakeSalesforce

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
SAME = "one company has the same tables by API and by export"
HOW_IT_CAME = {"core.source", "core.parameter"}
"""Tables that say by which kind of source a company came."""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"HUBSPOT": TOKEN, "SF_ID": CLIENT_ID, "SF_SECRET": CLIENT_SECRET}.items():
        monkeypatch.setenv(name, value)
    with stamina.set_testing(True, attempts=3, cap=False):
        yield


def published(
    office: Office, sources: str, roster: list[dict[str, Any]], zone: str = "America/New_York"
) -> dict[str, str]:
    office.configure(f"company: {{timezone: {zone}}}\nsources:\n  - {sources}\n")
    office.deliver("reps.csv", roster, "inbox/crm")
    outcome = office.night()
    assert outcome.status == "published", outcome
    assert office.query("select count(*) from quarantine.rejected") == [(0,)]
    assert office.query("select count(*) > 100 from core.fct_activity") == [(True,)]
    return {table: found for table, found in office.hashes().items() if table not in HOW_IT_CAME}


def different(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return sorted(table for table in one.keys() | other.keys() if one.get(table) != other.get(table))


def at(chance: random.Random) -> datetime:
    return NOW - timedelta(days=chance.randint(1, 80), seconds=chance.randint(0, 80_000))


def fill_salesforce(fake: FakeSalesforce, chance: random.Random) -> None:
    users = [f"0051G000000000{n}AAA" for n in range(1, 5)]

    def rows(name: str, prefix: str, count: int, make: Callable[[int], dict[str, Any]]) -> None:
        shared = {"IsDeleted": False, "CreatedDate": None, "SystemModstamp": None}
        made = []
        for number in range(count):
            born = at(chance)
            given = shared | {"Id": f"{prefix}1G{number:010d}AAA", "CreatedDate": born, "SystemModstamp": born}
            made.append(given | make(number))
        fake.org.add(name, made)

    def activity(number: int) -> dict[str, Any]:
        who = chance.choice([f"0031G{number % 20:010d}AAA", f"00Q1G{number % 7:010d}AAA", ""])
        return {
            "OwnerId": chance.choice([*users, "00G1G0000000001AAA"]), "WhoId": who or None,
            "WhatId": chance.choice([f"0061G{number % 15:010d}AAA", None]), "AccountId": f"0011G{number % 9:010d}AAA",
            "IsDeleted": chance.random() < 0.05,
        }  # fmt: skip

    def task(number: int) -> dict[str, Any]:
        closed = chance.random() < 0.8
        return activity(number) | {
            "IsClosed": closed, "Status": "Completed" if closed else "Not Started",
            "ActivityDate": chance.choice([at(chance).date().isoformat(), None]),
            "CompletedDateTime": at(chance) if closed and chance.random() < 0.5 else None,
            "TaskSubtype": chance.choice(["Call", "Email", "ListEmail", "Task", "LinkedIn"]), "CallType": "Outbound",
            "CallDurationInSeconds": chance.choice([None, 30, 200]), "CallDisposition": chance.choice([None, "Left voicemail"]),
            "Subject": chance.choice(['He said "no", twice', "Call: Ada\nsecond line", "Send invoice"]), "Type": None,
            "IsRecurrence": chance.random() < 0.05,
        }  # fmt: skip

    def event(number: int) -> dict[str, Any]:
        start = at(chance)
        return activity(number) | {
            "StartDateTime": start, "EndDateTime": start + timedelta(minutes=30), "DurationInMinutes": 30,
            "IsAllDayEvent": False, "ActivityDate": start.date().isoformat(), "CreatedById": users[0],
            "IsChild": chance.random() < 0.1, "Location": chance.choice(["https://zoom.us/j/1", "5 Main St", None]),
        }  # fmt: skip

    def deal(number: int) -> dict[str, Any]:
        stage = chance.choice(["Prospecting", "Closed Won", "Closed Lost"])
        return {
            "OwnerId": chance.choice(users), "Name": f"Deal {number}", "AccountId": f"0011G{number % 9:010d}AAA",
            "StageName": stage, "Amount": chance.choice([None, 1200.5, 90000]), "CloseDate": at(chance).date().isoformat(),
            "IsClosed": stage != "Prospecting", "IsWon": stage == "Closed Won", "Type": "New Business",
        }  # fmt: skip

    rows("Task", "00T", 160, task)
    rows("Event", "00U", 60, event)
    rows("Opportunity", "006", 15, deal)
    rows("Account", "001", 9, lambda n: {"Name": f"Acme {n}", "Industry": "Mining"})
    rows(
        "Contact",
        "003",
        20,
        lambda n: {"AccountId": f"0011G{n % 9:010d}AAA", "Email": f"p{n}@example.com", "Name": "X"},
    )
    rows("User", "005", 0, lambda n: {})
    fake.org.add("User", [
        {"Id": id, "Name": f"User {place}", "Email": f"u{place}@acme.example", "IsActive": True, "UserType": "Standard",
         "CreatedDate": NOW, "SystemModstamp": NOW}
        for place, id in enumerate(users)
    ])  # fmt: skip


@pytest.mark.slow
def test_salesforce(open_office):
    roster = [
        {"rep_id": f"E{place}", "full_name": f"Rep {place}", "email": f"u{place}@acme.example",
         "rep_type": ["inside", "outside"][place % 2], "hire_date": "2025-01-01", "updated_at": "2026-01-01"}
        for place in range(4)
    ]  # fmt: skip
    with FakeSalesforce() as fake:
        fake.org.polls_until_done = 0
        fill_salesforce(fake, random.Random(7))
        for name in ("EmailMessage", "OpportunityHistory", "Lead", "OpportunityStage", "UserRole", "Group"):
            fake.org.fields.setdefault(name, ["Id"])
        names = "[Task, Event, Opportunity, Account, Contact, User]"
        by_api = published(
            open_office(),
            "{name: sf, kind: salesforce_api, path: inbox/crm, api: {client_id: 'env:SF_ID', client_secret: 'env:SF_SECRET',"
            f" base_url: '{fake.url}', objects: {names}}}}}",
            roster,
        )
        office = open_office()
        for name, rows in fake.org.tables.items():
            texts = [{key.upper(): _export_value(value) for key, value in row.items()} for row in rows]
            office.deliver(f"{name}.csv", texts, "inbox/crm")
        by_export = published(office, "{name: sf, kind: salesforce_export, path: inbox/crm}", roster)
    assert different(by_api, by_export) == []
    record(SAME, f"Salesforce: {len(by_api)} tables")


def _export_value(value: object) -> str:
    """As the Data Loader writes it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def fill_hubspot(fake: FakeHubSpot, chance: random.Random) -> None:
    for id in range(1, 21):
        fake.add(
            "contacts", id, {"email": f"p{id}@example.com", "associatedcompanyid": str(id % 5 + 1)}, updated=at(chance)
        )
    for id in range(1, 6):
        fake.add("companies", id, {"name": f"Acme {id}", "industry": "Mining"}, updated=at(chance))
    for id in range(1, 120):
        call = {"hs_timestamp": _iso(at(chance)), "hubspot_owner_id": str(chance.randint(71, 74)), "hs_call_direction": "OUTBOUND",
                "hs_call_status": "COMPLETED", "hs_call_duration": str(chance.randint(0, 900_000)),
                "hs_call_disposition": chance.choice([None, "f240bbac-87c9-4f6e-bf70-924b57d47db7", "73a0d17f-1163-4015-bdd5-ec830791da20"])}  # fmt: skip
        fake.add("calls", id, call, updated=at(chance))
        fake.link("calls", id, "contacts", *chance.sample(range(1, 21), chance.randint(0, 3)))
    for id in range(1, 40):
        start = at(chance)
        meeting = {"hs_timestamp": _iso(start), "hs_meeting_start_time": _iso(start), "hs_meeting_end_time": _iso(start + timedelta(minutes=45)),
                   "hubspot_owner_id": "71", "hs_meeting_outcome": chance.choice(["COMPLETED", None, "SCHEDULED", "NO_SHOW", "CANCELED"])}  # fmt: skip
        fake.add("meetings", id, meeting, updated=at(chance))
        fake.link("meetings", id, "contacts", chance.randint(1, 20))
    shared = {
        "createdAt": "2025-01-01T00:00:00Z",
        "updatedAt": "2025-01-01T00:00:00Z",
        "archived": False,
        "type": "PERSON",
    }
    fake.owners = [{"id": str(id), "email": f"o{id}@acme.example"} | shared for id in range(71, 75)]


def _iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.slow
def test_hubspot(open_office):
    roster = [
        {
            "rep_id": str(id),
            "full_name": f"Rep {id}",
            "rep_type": "inside",
            "hire_date": "2025-01-01",
            "role": "sdr",
            "updated_at": "2026-01-01",
        }
        for id in range(71, 75)
    ]
    with FakeHubSpot() as fake:
        fake.now = NOW
        fill_hubspot(fake, random.Random(7))
        by_api = published(
            open_office(),
            f"{{name: hub, kind: hubspot_api, path: inbox/crm, api: {{token: 'env:HUBSPOT', base_url: '{fake.url}'}}}}",
            roster,
        )
        office = open_office()
        for name, shelf in fake.shelves.items():
            rows = [
                record.properties | {"Record ID": str(id), "Archived": "false",
                                     "Associated Contact IDs": ";".join(sorted(map(str, fake.links[name, "contacts"][id])))}
                for id, record in shelf.records.items()
            ]  # fmt: skip
            office.deliver(f"{name}.csv", rows, "inbox/crm")
        owners = [{name: str(value) for name, value in owner.items()} for owner in fake.owners]
        office.deliver("owners.csv", owners, "inbox/crm")
        by_export = published(
            office, "{name: hub, kind: hubspot_export, path: inbox/crm, assume_past_meetings_held: false}", roster
        )
    assert different(by_api, by_export) == []
    record(SAME, f"HubSpot: {len(by_api)} tables")
