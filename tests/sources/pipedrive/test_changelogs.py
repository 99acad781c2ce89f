"""Deals' changelogs: each deal's, once, also when a night stops in the middle of one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from pipelines.sources.extraction.pages import Window
from tests.sources.fakes.pipedrive import NOW
from tests.sources.pipedrive.conftest import EVERYTHING, named


@pytest.fixture
def moved(vendor):
    """Seven deals, two of them archived; deal n moved n times, deal 6 more often than a page holds."""
    for id in range(1, 8):
        vendor.put("deals", id=id, owner_id=7, stage_id=1, is_archived=id in (3, 5))
        for step in range(1_203 if id == 6 else id):
            vendor.move(id, step + 2, NOW - timedelta(days=5) + timedelta(minutes=step))
    return vendor


def changes_of(pages):
    """How many changes each deal brought, and whether the last page alone closes the window."""
    counts = {}
    for page in pages:
        assert b"\n" not in page.body
        deals = json.loads(page.body)["deals"]
        assert sum(len(deal["page"]["data"]) for deal in deals) == page.records
        for deal in deals:
            counts[deal["deal_id"]] = counts.get(deal["deal_id"], 0) + page.records
    return counts, [page.resume is None for page in pages].index(True) == len(pages) - 1


def test_every_deal_brings_its_whole_changelog(moved, fetch):
    assert changes_of(fetch("deal_changelog")) == ({1: 1, 2: 2, 4: 4, 6: 1_203, 7: 7, 3: 3, 5: 5}, True)


def test_only_deals_that_changed_in_the_window_are_asked(moved, fetch):
    moved.move(4, 9, NOW)
    assert changes_of(fetch("deal_changelog", Window(NOW, EVERYTHING.until))) == ({4: 5}, True)
    assert sum(request.path.endswith("changelog") for request in moved.asked) == 1


def test_after_a_crash_at_any_page_the_rest_follows(moved, account):
    wanted = named(account, "deal_changelog")
    whole = list(account.pages(wanted, EVERYTHING, None))
    for place, page in enumerate(whole[:-1], 1):
        assert list(account.pages(wanted, EVERYTHING, page.resume)) == whole[place:]


def test_no_changelog_is_asked_for_twice_after_a_crash(moved, account):
    wanted = named(account, "deal_changelog")
    whole = list(account.pages(wanted, EVERYTHING, None))
    moved.asked.clear()
    list(account.pages(wanted, EVERYTHING, whole[1].resume))
    asked = [request.path.split("/")[-2] for request in moved.asked if request.path.endswith("changelog")]
    assert asked == ["4", "6", "6", "6", "7", "3", "5"]


def test_a_deal_that_vanished_since_it_was_listed_has_none(moved, fetch):
    def delete(request):
        if request.path.endswith("deals"):
            moved.delete("deals", 2)

    moved.after_page = delete
    assert changes_of(fetch("deal_changelog")) == ({1: 1, 4: 4, 6: 1_203, 7: 7, 3: 3, 5: 5}, True)


def test_without_deals_there_is_one_closing_line(vendor, fetch):
    found = [(json.loads(page.body), page.records, page.resume) for page in fetch("deal_changelog")]
    assert found == [({"deals": []}, 0, None)]
