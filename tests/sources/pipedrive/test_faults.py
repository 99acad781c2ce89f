"""What comes that is no answer, and what a person is then told."""

from __future__ import annotations

import re

import pytest

from models.api_settings import ApiSettings
from models.errors import SettingsError
from pipelines.sources.extraction.faults import BudgetError, DeniedError, ExpiredError, ExtractionError, GarbledError
from pipelines.sources.pipedrive.api import connect
from tests.sources.fakes.pipedrive import FakePipedrive
from tests.sources.fakes.server import Fault, Response
from tests.sources.pipedrive.conftest import EVERYTHING, ids_of, named, rows_of


class Replaying(FakePipedrive):
    """Answers with these bodies first."""

    def __init__(self, *bodies):
        super().__init__()
        self.bodies = list(bodies)

    def answer(self, request):
        return Response(self.bodies.pop(0)) if self.bodies else super().answer(request)


@pytest.fixture
def replay(open_account):
    """All pages of the activities when these bodies come first; the fake then has activity 9."""

    def run(*bodies, name="activities"):
        with Replaying(*bodies) as vendor:
            vendor.put("activities", id=9)
            account = open_account(base_url=vendor.url)
            return list(account.pages(named(account, name), EVERYTHING, None))

    return run


def page(data, cursor=None):
    return {"success": True, "data": data, "additional_data": {"next_cursor": cursor}}


@pytest.mark.parametrize("how", ["html", "error_200", "cut", "hang_up", "status"])
def test_what_passes_is_asked_for_again(vendor, fetch, how):
    for id in range(1, 1_101):
        vendor.put("activities", id=id)
    vendor.faults = [Fault("activities", how, times=3, after=1)]
    assert ids_of(fetch("activities")) == list(range(1, 1_101))


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("html", GarbledError, "a web page instead of data"),
        ("error_200", GarbledError, "told to fail"),
        ("cut", GarbledError, "bytes that are no JSON"),
        ("hang_up", ExtractionError, "could not be reached"),
        ("status", ExtractionError, "did not answer within"),
    ],
)
def test_what_stays_is_told(vendor, fetch, how, kind, said):
    vendor.put("activities", id=1)
    vendor.faults = [Fault("activities", how, times=100)]
    with pytest.raises(kind, match=said):
        fetch("activities")


def test_a_wrong_token_is_told_at_once(vendor, open_account):
    account = open_account(token="expired")
    with pytest.raises(DeniedError, match="refuses the token"):
        list(account.pages(named(account, "deals"), EVERYTHING, None))
    assert len(vendor.asked) == 1


def test_a_missing_scope_is_named(vendor, fetch):
    vendor.refused = {"/callLogs"}
    with pytest.raises(DeniedError, match="phone-integration"):
        fetch("call_logs")


def test_a_cursor_that_is_no_longer_known_starts_the_window_anew(vendor, account):
    for id in range(1, 1_101):
        vendor.put("activities", id=id)
    pages = account.pages(named(account, "activities"), EVERYTHING, None)
    first = next(pages)
    vendor.expired_cursors = {first.resume["cursor"]}
    with pytest.raises(ExpiredError):
        next(pages)


def test_no_data_is_an_empty_page(replay):
    assert [(found.records, found.resume) for found in replay(page(None))] == [(0, None)]


def test_an_empty_page_may_have_a_successor(replay):
    pages = replay(page([], "eyJpZCI6IDl9"))
    assert [found.records for found in pages] == [0, 1]
    assert ids_of(pages) == [9]


def test_null_items_do_not_count(replay):
    assert rows_of(replay(page([{"id": 1}, None, {"id": 2}]))) == [{"id": 1}, {"id": 2}]


def test_a_response_over_several_lines_becomes_one(replay):
    found = replay(b'{\r\n"success": true,\n"data": [\r{"id": 4, "note": "one\\ntwo"}\n]\n}\n')[0].body
    assert found == b'{  "success": true, "data": [ {"id": 4, "note": "one\\ntwo"} ] }'


@pytest.mark.parametrize(
    "strange",
    [
        [{"id": 1}],
        {"success": False, "error": "unknown", "data": [{"id": 1}]},
        {"data": [{"id": 1}]},
        page({"id": 1}),
        page([[1]]),
        page(["1"]),
        page("none"),
        "data",
    ],
)
def test_another_shape_is_no_answer(replay, strange):
    assert ids_of(replay(strange)) == [9]
    with pytest.raises(GarbledError):
        replay(*[strange] * 5)


def test_a_cursor_that_leads_nowhere_ends_the_reading(replay):
    with pytest.raises(GarbledError, match="its own successor"):
        replay(page([{"id": 1}], "same"), page([{"id": 2}], "same"))


def test_a_place_that_leads_nowhere_ends_the_reading(replay):
    paging = {"more_items_in_collection": True, "next_start": 0}
    with pytest.raises(GarbledError, match="its own successor"):
        replay({"success": True, "data": [{"id": "1"}], "additional_data": {"pagination": paging}}, name="call_logs")


def test_deals_without_ids_have_no_changelogs(replay):
    with pytest.raises(GarbledError):
        replay(*[page([{"id": "x"}])] * 5, name="deal_changelog")


def test_the_share_of_the_day_is_kept(vendor, open_account):
    for id in range(1, 3_001):
        vendor.put("activities", id=id)
    vendor.tokens_a_day = 100
    account = open_account(daily_share=0.4)
    came = []
    with pytest.raises(BudgetError, match="60 of 100 tokens left today"):
        for found in account.pages(named(account, "activities"), EVERYTHING, None):
            came.append(found)
    assert len(came) == 4
    vendor.tokens_used = 0
    again = open_account(daily_share=1.0)
    assert ids_of(came + list(again.pages(named(again, "activities"), EVERYTHING, came[-1].resume))) == list(
        range(1, 3_001)
    )


def test_tokens_that_others_used_up_are_told_without_waiting(vendor, fetch):
    vendor.tokens_a_day = 5
    with pytest.raises(BudgetError, match="0 of 5 tokens left today"):
        fetch("activities")
    assert len(vendor.asked) == 1


def test_a_used_up_burst_is_waited_for(vendor):
    vendor.put("activities", id=1)
    waits = []
    account = connect(
        ApiSettings(token="env:T", base_url=vendor.url), {"token": "0123456789abcdef"}, pause=waits.append
    )
    vendor._pay = lambda request: {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
    for _ in range(2):
        list(account.pages(named(account, "activities"), EVERYTHING, None))
    account.close()
    assert [round(wait) for wait in waits] == [2]


def test_the_address_and_the_token_are_required():
    with pytest.raises(SettingsError, match=re.escape("api.base_url")):
        connect(ApiSettings(token="env:T"), {"token": "t"})
