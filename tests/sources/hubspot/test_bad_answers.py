"""What is no answer is said so, what passes is waited for, and nothing is lost by either."""

from __future__ import annotations

import pytest

from pipelines.sources.extraction.faults import (
    BudgetError,
    DeniedError,
    ExpiredError,
    ExtractionError,
    GarbledError,
)
from tests.sources.fakes.hubspot import SCOPES
from tests.sources.fakes.server import Fault, Response


@pytest.fixture(autouse=True)
def three_pages(hubspot):
    for one in range(1, 251):
        hubspot.add("calls", one, {"hs_call_status": "COMPLETED"})
    hubspot.link("calls", 1, "contacts", 5)


@pytest.fixture(params=["list", "search"])
def window(request, since_forever, last_day):
    """The same in both ways to ask."""
    return since_forever if request.param == "list" else last_day


@pytest.mark.parametrize("how", ["html", "error_200", "cut", "hang_up"])
def test_a_strange_answer_is_asked_for_again(how, hubspot, connector, window, read_all, ids_of):
    hubspot.faults = [Fault("/calls", how, times=2, after=1), Fault("/associations/", how, times=1)]
    assert ids_of(read_all(connector, "calls", window)) == [str(one) for one in range(1, 251)]


@pytest.mark.parametrize("how", ["html", "error_200", "cut"])
def test_answers_that_stay_strange_end_the_window(how, hubspot, connector, window, read_all):
    hubspot.faults = [Fault("/calls", how, times=100)]
    with pytest.raises(GarbledError, match="HubSpot answered 5 times"):
        read_all(connector, "calls", window)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}])
def test_every_tenth_request_is_too_many(headers, hubspot, connector, window, read_all, ids_of):
    for one in range(251, 1001):
        hubspot.add("calls", one)
    hubspot.limit_every, hubspot.limit_headers = 10, headers
    assert ids_of(read_all(connector, "calls", window)) == [str(one) for one in range(1, 1001)]


def test_too_many_every_fifty_requests_loses_nothing_of_twenty_thousand(hubspot, connector, window, read_all, ids_of):
    for one in range(1, 20_001):
        hubspot.add("notes", one)
    hubspot.limit_every = 50
    assert ids_of(read_all(connector, "notes", window)) == [str(one) for one in range(1, 20_001)]


def test_a_used_up_day_is_not_waited_for(hubspot, connector, window, read_all):
    hubspot.answer = lambda request: Response({"policyName": "DAILY", "errorType": "RATE_LIMIT"}, 429)
    with pytest.raises(BudgetError, match="daily allowance"):
        read_all(connector, "calls", window)
    assert len(hubspot.asked) == 1


def test_others_keep_their_share_of_the_day(hubspot, connector_to, since_forever, read_all):
    hubspot.daily = (1000, 202)
    connector = connector_to(hubspot, daily_share=0.8)
    with pytest.raises(BudgetError, match="801 of HubSpot's 1,000 requests a day are used, over 80% of them"):
        read_all(connector, "calls", since_forever)
    assert len(hubspot.asked) == 3


def test_five_searches_a_second(hubspot, connector_to, last_day, read_all, ids_of):
    seconds = [0.0]

    def pause(wait: float) -> None:
        seconds[0] += wait

    for one in range(1, 5_001):
        hubspot.add("contacts", one)
    hubspot.seconds = lambda: seconds[0]
    connector = connector_to(hubspot, pause=pause, clock=lambda: seconds[0])
    assert len(ids_of(read_all(connector, "contacts", last_day))) == 5_000
    assert len([one for one in hubspot.asked if one.path.endswith("/search")]) == 25
    assert seconds[0] == pytest.approx(24 * 0.21)


def test_a_short_window_that_is_nearly_used_is_waited_out(hubspot, connector_to, since_forever, read_all):
    waits: list[float] = []
    connector = connector_to(hubspot, pause=waits.append, clock=lambda: 0.0)
    right = hubspot.answer
    limits = {"Max": "190", "Remaining": "18", "Interval-Milliseconds": "10000"}

    def answer(request):
        response = right(request)
        response.headers.update({f"X-HubSpot-RateLimit-{name}": value for name, value in limits.items()})
        return response

    hubspot.answer = answer
    read_all(connector, "calls", since_forever)
    assert waits == [10.0, 10.0]


def test_a_wrong_token(hubspot, connector_to, window, read_all):
    with pytest.raises(DeniedError, match="refuses the token"):
        read_all(connector_to(hubspot, token="old"), "calls", window)


def test_a_missing_scope_is_named(hubspot, connector, window, read_all):
    hubspot.scopes.remove(SCOPES["deals"])
    with pytest.raises(
        DeniedError, match=r"objects/deals.* \(403\). It needs the scope crm.objects.deals.read \(HubSpot says"
    ):
        read_all(connector, "deals", window)


def test_a_list_whose_cursor_expired_starts_anew(hubspot, connector, since_forever, read_all):
    resume = read_all(connector, "calls", since_forever)[0].resume
    hubspot.expire_cursors()
    with pytest.raises(ExpiredError, match="does not know the place"):
        read_all(connector, "calls", since_forever, resume)


def test_a_search_goes_on_after_any_time(hubspot, connector, last_day, read_all, ids_of):
    resume = read_all(connector, "calls", last_day)[0].resume
    hubspot.expire_cursors()
    assert ids_of(read_all(connector, "calls", last_day, resume)) == [str(one) for one in range(201, 251)]


def test_a_refused_search_says_why(hubspot, connector, last_day, read_all):
    hubspot.faults = [Fault("/search", "status", status=400)]
    with pytest.raises(GarbledError, match=r"refuses the search /crm/v3/objects/calls/search \(400\): told to fail"):
        read_all(connector, "calls", last_day)


def test_an_unknown_version_is_told(hubspot, connector_to, window, read_all):
    with pytest.raises(ExpiredError, match=r"does not know .*2031-01.* \(404\)"):
        read_all(connector_to(hubspot, version="2031-01"), "calls", window)


def test_an_empty_page_before_more_is_no_end(hubspot, connector, window, read_all, ids_of):
    hubspot.empty_pages_before_more = 2
    assert ids_of(read_all(connector, "calls", window)) == [str(one) for one in range(1, 251)]


def test_a_search_that_ignores_the_keyset_is_not_followed(hubspot, connector, last_day, read_all):
    first = hubspot.answer

    def answer(request):
        if request.path.endswith("/search"):
            request.value["filterGroups"][0]["filters"].pop()
        return first(request)

    hubspot.answer = answer
    with pytest.raises(GarbledError, match="does not keep to the order or the filter"):
        read_all(connector, "calls", last_day)


def test_a_renamed_property_is_named(hubspot, connector, window, read_all):
    hubspot.properties["calls"].remove("hs_call_duration")
    with pytest.raises(ExtractionError, match="no property hs_call_duration of calls"):
        read_all(connector, "calls", window)


def test_a_property_that_is_wanted_and_not_needed_may_be_missing(hubspot, connector, window, read_all):
    hubspot.properties["calls"].remove("hs_call_external_id")
    assert sum(page.records for page in read_all(connector, "calls", window)) == 250


def test_a_property_that_only_this_page_lacks_is_no_problem(hubspot, connector, window, read_all):
    """Should HubSpot ever leave out empty properties: its list of properties decides."""
    right = hubspot.answer

    def answer(request):
        response = right(request)
        for record in response.body.get("results", []) if isinstance(response.body, dict) else []:
            record.get("properties", {}).pop("hs_call_title", None)
        return response

    hubspot.answer = answer
    assert sum(page.records for page in read_all(connector, "calls", window)) == 250


def test_a_batch_that_names_another_error_is_no_answer(hubspot, connector, last_day, read_all):
    right = hubspot.answer

    def answer(request):
        if "/associations/" in request.path:
            return Response({"results": [], "numErrors": 1, "errors": [{"category": "RATE_LIMITS"}]}, 207)
        return right(request)

    hubspot.answer = answer
    with pytest.raises(GarbledError):
        read_all(connector, "calls", last_day)
