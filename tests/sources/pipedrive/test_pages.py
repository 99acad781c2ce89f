"""Every record of a window comes exactly once, whatever happens while it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pipelines.sources.extraction.faults import ExtractionError
from pipelines.sources.extraction.pages import Window
from tests.sources.fakes.pipedrive import NOW, rfc3339, spaced
from tests.sources.fakes.server import Fault
from tests.sources.pipedrive.conftest import EVERYTHING, ids_of, named, rows_of


def fill(vendor, count, table="activities", **fields):
    for id in range(1, count + 1):
        vendor.put(table, id=id, **fields)


def test_twelve_thousand_of_one_second_come_once_each(vendor, fetch):
    fill(vendor, 12_000)
    pages = fetch("activities")
    assert ids_of(pages) == list(range(1, 12_001))
    assert [page.resume is None for page in pages] == [False] * 23 + [True]


def test_two_hundred_thousand_come_through_a_limit_on_every_fiftieth_request(vendor, fetch):
    fill(vendor, 200_000, subject="Call")
    vendor.limit_every = 50
    vendor.limit_headers = {"Retry-After": "0"}
    assert ids_of(fetch("activities")) == list(range(1, 200_001))
    assert len(vendor.asked) == 400 + 8


def test_a_window_has_its_first_second_and_not_the_one_after_its_last(vendor, fetch):
    for second in range(5):
        vendor.put("activities", id=second + 1, update_time=rfc3339(NOW + timedelta(seconds=second)))
    assert ids_of(fetch("activities", Window(NOW + timedelta(seconds=1), NOW + timedelta(seconds=3)))) == [2, 3]


def test_a_bound_between_two_seconds_takes_in_the_whole_second(vendor, fetch):
    for second in range(4):
        vendor.put("activities", id=second + 1, update_time=rfc3339(NOW + timedelta(seconds=second)))
    window = Window(NOW + timedelta(seconds=1, milliseconds=700), NOW + timedelta(seconds=2, milliseconds=1))
    assert ids_of(fetch("activities", window)) == [2, 3]


def test_windows_that_follow_each_other_leave_no_second_out(vendor, account):
    fill(vendor, 1_300)
    for id in range(1, 1_301):
        vendor.tables["activities"].rows[id]["update_time"] = rfc3339(NOW + timedelta(seconds=id // 100))
    seen = set()
    border = [NOW + timedelta(seconds=step, milliseconds=step * 77) for step in range(-1, 16, 3)]
    for since, until in pairwise(border):
        seen |= set(ids_of(list(account.pages(named(account, "activities"), Window(since, until), None))))
    assert seen == set(range(1, 1_301))


def test_records_edited_while_they_are_paged_cost_no_other(vendor, fetch):
    fill(vendor, 1_500)
    later = rfc3339(EVERYTHING.until + timedelta(hours=1))

    def edit(request):  # the very record that the next page begins with
        for id in (501, 502, 503):
            vendor.tables["activities"].rows[id]["update_time"] = later

    vendor.after_page = edit
    assert ids_of(fetch("activities")) == [id for id in range(1, 1_501) if id not in (501, 502, 503)]


@pytest.mark.parametrize("name", ["activities", "call_logs", "deals_archived"])
def test_after_a_crash_at_any_page_the_rest_follows(vendor, account, name):
    fill(vendor, 1_700)
    fill(vendor, 1_200, "deals", is_archived=True)
    vendor.call_logs = [{"id": str(id), "start_time": spaced(NOW)} for id in range(130)]
    wanted = named(account, name)
    whole = list(account.pages(wanted, EVERYTHING, None))
    assert len(whole) > 2
    for place, page in enumerate(whole[:-1], 1):
        assert list(account.pages(wanted, EVERYTHING, page.resume)) == whole[place:]


def test_a_failure_in_the_middle_leaves_what_came_and_where_to_go_on(vendor, account):
    fill(vendor, 1_700)
    vendor.faults = [Fault("activities", "status", times=100, after=2)]
    came = []
    with pytest.raises(ExtractionError, match="did not answer"):
        for page in account.pages(named(account, "activities"), EVERYTHING, None):
            came.append(page)
    vendor.faults = []
    rest = list(account.pages(named(account, "activities"), EVERYTHING, came[-1].resume))
    assert ids_of(came + rest) == list(range(1, 1_701))


def test_deleted_and_archived_deals_have_lists_of_their_own(vendor, fetch):
    fill(vendor, 4, "deals")
    vendor.put("deals", id=5, is_archived=True)
    vendor.delete("deals", 2)
    vendor.put("deals", id=6, is_deleted=True, status="deleted", update_time=rfc3339(NOW - timedelta(days=31)))
    assert ids_of(fetch("deals")) == [1, 3, 4]
    assert ids_of(fetch("deals_archived")) == [5]
    recently = Window(NOW + timedelta(hours=1), EVERYTHING.until)
    assert ids_of(fetch("deals_deleted", recently)) == [2]


def test_the_list_of_ids_is_no_window(vendor, fetch):
    fill(vendor, 3, update_time="2020-01-01T00:00:00Z")
    vendor.delete("activities", 2)
    pages = fetch("activities_ids", Window(NOW, EVERYTHING.until))
    assert rows_of(pages) == [{"id": 1}, {"id": 3}]


def test_directories_are_read_whole(vendor, fetch):
    vendor.users = [{"id": id, "name": f"U{id}"} for id in range(1, 700)]
    fill(vendor, 3, "stages", pipeline_id=1)
    assert [len(rows_of(fetch(name))) for name in ("users", "stages")] == [699, 3]


def test_call_logs_are_paged_by_place(vendor, fetch):
    vendor.call_logs = [{"id": f"c{id}", "activity_id": id} for id in range(120)]
    pages = fetch("call_logs")
    assert [page.records for page in pages] == [50, 50, 20]
    assert [row["id"] for row in rows_of(pages)] == [f"c{id}" for id in range(120)]


def test_nothing_changed_is_one_empty_page(vendor, fetch):
    fill(vendor, 3)
    pages = fetch("activities", Window(datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC)))
    assert [(page.records, page.resume) for page in pages] == [(0, None)]
