"""The doctor's look at an account: each thing that can be missing is a line of its own."""

from __future__ import annotations

from tests.sources.fakes.hubspot import SCOPES
from tests.sources.fakes.server import Fault

TOKEN_LINE = "token, owners (crm.objects.owners.read)"


def problems(connector) -> dict[str, str]:
    return {probe.what: probe.problem for probe in connector.probes() if probe.problem is not None}


def test_a_sound_account_has_no_problem(hubspot, connector):
    hubspot.daily = (250_000, 200_000)
    lines = [probe.what for probe in connector.probes()]
    assert problems(connector) == {}
    assert lines[0] == TOKEN_LINE
    assert "calls (crm.objects.contacts.read)" in lines
    assert "properties of deals" in lines
    assert lines[-1].startswith("HubSpot's day has 199,")


def test_a_wrong_token_is_all_there_is_to_say(hubspot, connector_to):
    assert problems(connector_to(hubspot, token="old")) == {TOKEN_LINE: "HubSpot refuses the token (401)"}


def test_missing_scopes_are_named_object_by_object(hubspot, connector):
    hubspot.scopes.remove(SCOPES["deals"])
    found = problems(connector)
    assert set(found) == {
        "deals (crm.objects.deals.read)", "properties of deals", "pipelines (crm.objects.deals.read)",
    }  # fmt: skip
    assert "crm.objects.deals.read" in found["deals (crm.objects.deals.read)"]


def test_a_missing_owners_scope_does_not_end_the_look(hubspot, connector):
    hubspot.scopes.remove(SCOPES["owners"])
    assert set(problems(connector)) == {TOKEN_LINE}


def test_a_missing_property_is_named(hubspot, connector):
    hubspot.properties["tasks"].remove("hs_task_status")
    assert problems(connector) == {"properties of tasks": "the account has no hs_task_status"}


def test_an_account_that_does_not_answer_raises_nothing(hubspot, connector):
    hubspot.faults = [Fault("", "status", times=1000, status=503)]
    assert list(problems(connector)) == [TOKEN_LINE]


def test_call_outcomes_that_may_not_be_read_are_no_problem(hubspot, connector):
    hubspot.faults = [Fault("dispositions", "status", status=403)]
    assert problems(connector) == {}
