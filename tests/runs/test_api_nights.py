"""Nights of an API source: windows, cursors, crashes, rollbacks, records that vanish; against a fake HubSpot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina

from models.errors import SettingsError
from pipelines.night.rollback import roll_back
from tests.runs.conftest import STARTED, Office
from tests.runs.together import Desk, together
from tests.sources.fakes.hubspot import TOKEN, FakeHubSpot
from tests.sources.fakes.server import Fault

CALLS = """
entity: activities
pages:
  records: page.results
  columns:
    id: id
    at: properties.hs_timestamp
    owner: properties.hubspot_owner_id
    changed: updatedAt
    archived_at: archivedAt
    archived: archived
    contact_ids:
      - {each: associations.contacts.results, take: id}
      - {lookup: associations.contacts.results, by: from.id, each: to, take: toObjectId}
fields:
  source_record_id: {column: id, prefix: call-}
  channel: {const: call}
  occurred_at: at
  rep_id: owner
  contact_ids: contact_ids
  updated_at: {cases: [{if: {archived: true}, column: archived_at}, {column: changed}]}
  is_deleted: archived
"""
JUST_BEFORE = STARTED + timedelta(days=1) - timedelta(hours=1)


COMPANY = {"timezone": "UTC"}


@pytest.fixture(scope="module", autouse=True)
def no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched, stamina.set_testing(True, attempts=3, cap=False):
        patched.setenv("HUBSPOT_TOKEN", TOKEN)
        yield


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    with FakeHubSpot() as fake:
        fake.now = JUST_BEFORE
        yield fake


@pytest.fixture
def api_office(office: Office, hubspot: FakeHubSpot) -> Office:
    office.deliver("calls.yaml", CALLS.encode(), "mappings")
    office.configure(
        "company: {timezone: UTC}\n"
        "sources: [{name: hub, kind: hubspot_api, path: inbox/hub, mappings: mappings,"
        f" api: {{token: 'env:HUBSPOT_TOKEN', base_url: '{hubspot.url}', objects: [calls], daily_share: 1}}}}]\n"
    )
    return office


@contextmanager
def calls_of(desk: Desk) -> Iterator[FakeHubSpot]:
    """A HubSpot of its own for a desk, which asks it for calls."""
    desk.office.deliver("calls.yaml", CALLS.encode(), "mappings")
    with FakeHubSpot() as fake:
        fake.now = JUST_BEFORE
        api = {"token": "env:HUBSPOT_TOKEN", "base_url": fake.url, "objects": ["calls"], "daily_share": 1}
        desk.sources = [{"name": "hub", "kind": "hubspot_api", "mappings": "mappings", "api": api}]
        yield fake


def add_calls(fake: FakeHubSpot, *ids: int, at: datetime = JUST_BEFORE, **properties: str) -> None:
    for id in ids:
        fake.add("calls", id, {"hs_timestamp": "2026-03-02T15:00:00Z"} | properties, updated=at)


def night(office: Office) -> Any:
    return office.night(as_of=STARTED + timedelta(days=office.nights + 1))


def ids(office: Office) -> list[int]:
    found = office.query("select activity_id from core.fct_activity order by 1")
    return sorted(int(one.removeprefix("hub:call-")) for (one,) in found)


def cursor(office: Office) -> datetime:
    [(until,)] = office.query("select fetched_until from ops.source_cursor where object = 'calls'")
    return until


@together
def test_a_first_load_and_a_night_of_changes_count_every_record_once(desk):
    with calls_of(desk) as hubspot:
        add_calls(hubspot, *range(1, 251))
        hubspot.link("calls", 7, "contacts", 70, 71)
        yield
        assert ids(desk) == list(range(1, 251))
        hubspot.now += timedelta(days=1)
        add_calls(hubspot, 251, 7, at=hubspot.now, hubspot_owner_id="9")
        hubspot.link("calls", 7, "contacts", 70, 71, 72)
        outcome = yield
        assert ids(desk) == list(range(1, 252))
        [(contacts, rep)] = desk.query(
            "select list_sort(contact_ids), source_rep_id from core.fct_activity where activity_id = 'hub:call-7'"
        )
        assert (contacts, rep) == (["hub:70", "hub:71", "hub:72"], "9")
        assert "fetched" not in " ".join(outcome.notes)


@together
def test_the_cursor_ends_before_now_and_is_in_the_generation(desk):
    with calls_of(desk) as hubspot:
        add_calls(hubspot, 1)
        yield
        assert cursor(desk) == STARTED + timedelta(days=1) - timedelta(minutes=10)
        [(until, records)] = desk.query("select fetched_until, records from ops.source_cursor where object = 'calls'")
        assert (until.tzinfo is not None, records) == (True, 1)


@together
def test_an_archived_record_is_deleted(desk):
    with calls_of(desk) as hubspot:
        add_calls(hubspot, 1, 2)
        yield
        assert desk.query("select deletes_observable from ops.source") == [(True,)]  # it was asked for them
        hubspot.now += timedelta(days=1)
        hubspot.archive("calls", 2)
        yield
        assert ids(desk) == [1]


def test_a_record_that_vanished_is_deleted_when_all_ids_are_listed(api_office, hubspot):
    add_calls(hubspot, *range(1, 6))
    night(api_office)
    hubspot.purge("calls", 3)
    hubspot.now += timedelta(days=8)
    api_office.nights += 7
    night(api_office)
    assert ids(api_office) == [1, 2, 4, 5]


def test_a_list_of_ids_that_lacks_most_records_is_not_believed(api_office, hubspot):
    add_calls(hubspot, *range(1, 6))
    night(api_office)
    for id in (1, 2, 3):
        hubspot.purge("calls", id)
    hubspot.now += timedelta(days=8)
    api_office.nights += 7
    add_calls(hubspot, 9, at=hubspot.now)
    outcome = night(api_office)
    assert ids(api_office) == [1, 2, 3, 4, 5, 9]
    assert "is not believed: it lacks 3 of 5 known records" in " ".join(outcome.notes)


@together
def test_a_fault_in_the_middle_moves_no_cursor_and_the_next_night_goes_on(desk):
    with calls_of(desk) as hubspot:
        add_calls(hubspot, *range(1, 351))
        hubspot.faults = [Fault("/objects/calls$", "html", times=50, after=2)]
        outcome = yield
        assert "hub: calls, calls_archived could not be fetched to the end" in " ".join(outcome.notes)
        assert ids(desk) == []
        hubspot.faults = []
        asked = len(hubspot.asked)
        yield
        assert ids(desk) == list(range(1, 351))
        lists = [
            one
            for one in hubspot.asked[asked:]
            if one.path.endswith("/objects/calls") and one.query.get("archived") != "true"
        ]
        assert "after" in lists[0].query  # it went on behind the last page that had landed


def test_a_wrong_token_is_told_and_nothing_is_asked_again(api_office, hubspot, monkeypatch):
    monkeypatch.setenv("HUBSPOT_TOKEN", "wrong")
    outcome = night(api_office)
    assert "refuses the token (401)" in " ".join(outcome.notes)
    assert len([one for one in outcome.notes if "401" in one]) == 1


def test_an_unset_variable_ends_the_night_before_it_begins(api_office, monkeypatch):
    monkeypatch.delenv("HUBSPOT_TOKEN")
    with pytest.raises(SettingsError, match="needs the variable HUBSPOT_TOKEN"):
        night(api_office)


@pytest.mark.slow
def test_after_a_rollback_the_window_is_asked_for_again(api_office, hubspot):
    add_calls(hubspot, 1)
    night(api_office)
    for id in (2, 3):
        hubspot.now += timedelta(days=1)
        add_calls(hubspot, id, at=hubspot.now)
        night(api_office)
    roll_back(api_office.workspace, 1)
    assert ids(api_office) == [1]
    hubspot.now += timedelta(days=1)
    add_calls(hubspot, 4, at=hubspot.now)
    night(api_office)
    assert ids(api_office) == [1, 2, 3, 4]


@pytest.mark.slow
def test_a_full_refresh_reads_landed_pages_with_their_own_mapping(api_office, hubspot):
    add_calls(hubspot, 1, 2)
    night(api_office)
    before = api_office.hashes()
    api_office.night(as_of=STARTED + timedelta(days=1), full_refresh=True)
    assert api_office.hashes() == before


def test_a_night_with_nothing_new_asks_little_and_builds_nothing(api_office, hubspot):
    add_calls(hubspot, 1)
    night(api_office)
    api_office.nights -= 1
    asked = len(hubspot.asked)
    assert api_office.night(as_of=STARTED + timedelta(days=1)).status == "nothing_new"
    assert len(hubspot.asked) == asked


@together
def test_the_roster_lies_beside_the_api(desk):
    with calls_of(desk) as hubspot:
        desk.deliver(
            "reps.csv",
            [{"rep_id": "9", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}],
            "inbox/hub",
        )
        add_calls(hubspot, 1, hubspot_owner_id="9")
        yield
        assert desk.query("select rep_id from core.fct_activity") == [("hub:9",)]


@together
def test_the_ledger_names_the_object_and_adds_up(desk):
    with calls_of(desk) as hubspot:
        add_calls(hubspot, *range(1, 121))
        yield
        found = desk.query(
            "select object, entity, sum(rows_read)::int, sum(rows_accepted)::int from ops.load join ops.load_accounting"
            " using (load_id, entity) group by all"
        )
        assert found == [("calls", "activities", 120, 120)]
        files = [
            json.loads(path.read_text())
            for path in desk.workspace.fetched.glob(f"{desk.name('hub')}/calls/window-*.json")
        ]
        assert [file["records"] for file in files] == [120]
        assert datetime.fromisoformat(files[0]["until"]) < datetime.now(UTC) + timedelta(days=3650)


@pytest.mark.slow
def test_a_clock_that_ran_years_ahead_for_a_night_loses_no_record(api_office, hubspot):
    """The night after would take its cursor for the present, and ask for nothing until it comes."""
    add_calls(hubspot, 1)
    api_office.nights = 3650
    night(api_office)
    add_calls(hubspot, 2)
    api_office.nights = 1
    night(api_office)
    assert ids(api_office) == [1, 2]
    assert cursor(api_office) == STARTED + timedelta(days=2) - timedelta(minutes=10)
    hubspot.now += timedelta(days=2)
    add_calls(hubspot, 3, at=hubspot.now)
    night(api_office)
    assert ids(api_office) == [1, 2, 3]
