"""What doctor is told."""

from __future__ import annotations


def said(reader):
    return {probe.what: (probe.problem, probe.remedy) for probe in reader.connector.probes()}


def test_an_org_that_is_set_up_right_has_no_problem(read):
    found = said(read())
    assert {problem for problem, _ in found.values()} == {None}
    assert list(found)[:2] == ["login and API access", "Read on Task"]
    assert list(found)[-1] == "API calls of today: 31 of 5,000 used"


def test_without_a_way_in_nothing_further_is_tried(salesforce, read):
    [probe] = read(secrets={"client_id": "x", "client_secret": "y"}).connector.probes()
    assert "invalid_client" in probe.problem and "Client Credentials Flow" in probe.remedy
    assert len(salesforce.asked) == 1


def test_hidden_objects_and_fields_are_problems_and_optional_ones_are_not(salesforce, read):
    salesforce.org.hidden_objects = {"Lead", "OpportunityFieldHistory"}
    salesforce.org.hidden_fields = {"Event.StartDateTime"}
    found = said(read())
    problems = {what: problem for what, (problem, _) in found.items() if problem}
    assert problems == {
        "Read on Lead": "Salesforce does not show the object to this user: Read on Lead",
        "Read on Event": "Salesforce does not show the needed field StartDateTime (Read on Event)",
    }
    assert any(what.startswith("Read on OpportunityFieldHistory (optional, left out") for what in found)


def test_only_the_objects_of_the_settings_are_tried(read):
    assert list(said(read(objects=["Task"])))[:-1] == ["login and API access", "Read on Task"]


def test_a_day_whose_calls_are_used_up_is_a_problem(salesforce, read):
    salesforce.org.used = 4_500
    [*_, last] = read(objects=["Task"]).connector.probes()
    assert last.problem is not None
