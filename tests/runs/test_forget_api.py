"""People whom an API delivers: forgotten in the landed pages, by the id of their kind of record alone."""

from datetime import timedelta

import pytest
import stamina

from tests.runs.conftest import STARTED, Office
from tests.runs.test_forget import counts, forget, found_below
from tests.sources.fakes.hubspot import TOKEN, FakeHubSpot

DAY = "2026-03-02"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)
    office = Office(tmp_path / "workspace")
    roster = {"rep_id": "77", "full_name": "Rep", "rep_type": "inside", "hire_date": "2025-01-01", "role": "ae"}
    office.deliver("reps.csv", [roster], "inbox/hub")
    with FakeHubSpot() as fake, stamina.set_testing(True, attempts=3, cap=False):
        office.configure(
            "company: {timezone: UTC}\nsources: [{name: hub, kind: hubspot_api, path: inbox/hub,"
            f" api: {{token: 'env:HUBSPOT_TOKEN', base_url: '{fake.url}'}}}}]\n"
        )
        fake.now = STARTED + timedelta(hours=12)
        yield office, fake


def a_day(fake):
    for number in (4711, 4712):
        fake.add(
            "contacts",
            number,
            {"email": f"person{number}@secret.example", "phone": f"+4420794{number}7", "associatedcompanyid": "9"},
        )
        given = {"hs_timestamp": f"{DAY}T15:00:00.000Z", "hubspot_owner_id": "77", "hs_call_status": "COMPLETED"}
        fake.add("calls", number, given)  # the same numbers as the contacts: another kind of record
        fake.link("calls", number, "contacts", number)
        fake.link("calls", number, "companies", number)
    fake.owners, fake.pipelines = [], []


@pytest.mark.slow
def test_pages_are_redacted_and_what_is_fetched_again_stays_away(hub):
    office, fake = hub
    a_day(fake)
    assert office.night(as_of=STARTED + timedelta(days=2)).status == "published"
    before = counts(office)
    needles = ("person4711", "44207944711")
    assert {needle for needle, _ in found_below(office.workspace.var, needles)} == set(needles)
    assert forget(office, "--contact", "4711") == 0
    fake.now += timedelta(days=1)
    assert office.night(as_of=STARTED + timedelta(days=2)).status == "published"
    assert counts(office) == before
    assert found_below(office.workspace.var, needles) == set()
    calls = dict(office.query("select activity_id, contact_id from core.fct_activity_contact"))
    assert calls.keys() == {"hub:call-4711", "hub:call-4712"} and calls["hub:call-4712"] == "hub:4712"
    assert calls["hub:call-4711"] not in ("hub:4711", None)
    assert sorted(office.query("select account_id from core.fct_activity")) == [("hub:4711",), ("hub:4712",)]
    fake.now += timedelta(days=1)
    fake.add(
        "contacts",
        4711,
        {"email": "Person4711@Secret.example", "phone": "+44 20 794 47117", "associatedcompanyid": "9"},
    )
    outcome = office.night(as_of=STARTED + timedelta(days=2))
    assert sum(load.rows_erased for load in outcome.loads) >= 1
    assert found_below(office.workspace.var, needles) == set()
    assert counts(office)["core.dim_contact"] == before["core.dim_contact"]
