"""Every record once: whatever the pages, the instants, the crashes and the limits."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.sources.extraction.faults import ExpiredError, ExtractionError
from pipelines.sources.extraction.pages import Window
from tests.sources.fakes.server import Fault

BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def asked_soql(fake):
    return [request.value["query"] for request in fake.asked if request.path.endswith("/jobs/query")]


def test_every_record_comes_once_with_its_quoted_line_ends(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(7))
    salesforce.org.largest_page = 3

    pages = list(read().pages("Task"))

    assert [page.records for page in pages] == [3, 3, 1]
    assert [page.total for page in pages] == [7, 7, 7]
    assert pages[-1].resume is None
    rows = read().rows("Task")
    assert [row["Id"] for row in rows] == [row["Id"] for row in salesforce.org.tables["Task"]]
    assert rows[3]["Subject"] == 'Call 3, "again"\nand a second line'


def test_deleted_and_archived_records_come_too(salesforce, read, a_task):
    salesforce.org.add("Task", [a_task(1), a_task(2, IsDeleted=True), a_task(3, IsArchived=True)])

    assert [(row["Id"][:15], row["IsDeleted"]) for row in read().rows("Task")] == [
        ("00T000000000001", "false"),
        ("00T000000000002", "true"),
        ("00T000000000003", "false"),
    ]


def test_twelve_thousand_records_of_one_instant_come_once(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(12_000, changed=BORN))
    salesforce.org.largest_page = 1_000

    ids = read().ids("Task", Window(BORN, BORN + timedelta(seconds=1)))

    assert len(ids) == len(set(ids)) == 12_000


def test_a_window_takes_its_first_instant_and_leaves_its_last(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(4))

    assert read().ids("Task", Window(BORN + timedelta(minutes=1), BORN + timedelta(minutes=3))) == [
        "00T000000000001AAA",
        "00T000000000002AAA",
    ]


def test_neighbouring_windows_with_fractions_of_a_second_lose_nothing(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(1))
    middle = BORN + timedelta(milliseconds=700)

    before = read().ids("Task", Window(BORN - timedelta(hours=1), middle))
    after = read().ids("Task", Window(middle, middle + timedelta(hours=1)))

    assert before == [] and after == ["00T000000000000AAA"]


def test_a_crash_goes_on_within_the_job(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(10))
    salesforce.org.largest_page = 3
    first = read()
    pages = first.pages("Task")
    kept = [next(pages), next(pages)]
    salesforce.org.tables["Task"].reverse()  # what changes meanwhile does not shift the pages of a job

    rest = list(read().pages("Task", resume=kept[-1].resume))

    assert [page.records for page in (*kept, *rest)] == [3, 3, 3, 1]
    assert rest[0].total == 10
    assert len(asked_soql(salesforce)) == 1


def test_a_job_that_is_gone_says_that_the_window_starts_anew(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(4))
    salesforce.org.largest_page = 3
    page = next(read().pages("Task"))
    salesforce.forget_jobs()

    with pytest.raises(ExpiredError):
        list(read().pages("Task", resume=page.resume))


@pytest.mark.parametrize("state", ["Aborted", "Failed"])
def test_a_job_that_somebody_ended_says_that_the_window_starts_anew(salesforce, read, tasks, state):
    salesforce.org.add("Task", tasks(4))
    salesforce.org.largest_page = 3
    page = next(read().pages("Task"))
    [job] = salesforce.jobs.values()
    job.polls, job.error, job.state = -99, state, state

    with pytest.raises(ExpiredError):
        list(read().pages("Task", resume=page.resume))


def test_an_empty_page_may_be_followed_by_more(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(5))
    salesforce.org.largest_page = 2
    salesforce.org.empty_pages_between = True

    pages = list(read().pages("Task"))

    assert [page.records for page in pages] == [2, 0, 2, 0, 1]


def test_a_window_without_records_is_one_empty_page(salesforce, read):
    pages = list(read().pages("Task"))

    assert [(page.records, page.resume) for page in pages] == [(0, None)]


def test_a_token_that_ends_is_renewed_and_nothing_is_lost(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(6))
    salesforce.org.largest_page = 2
    ids = []
    for page in read().pages("Task"):
        ids += re.findall(r"00T\d{12}AAA", page.body.decode())
        salesforce.log_out()

    assert len(ids) == 6 and salesforce.logins == 3


def test_being_told_to_wait_every_fifty_requests_loses_nothing(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(300))
    salesforce.org.largest_page = 2
    salesforce.limit_every = 50
    salesforce.limit_headers = {"Retry-After": "0"}

    ids = read().ids("Task")

    assert len(ids) == len(set(ids)) == 300
    assert len(salesforce.asked) > 150


def test_a_job_is_waited_for_with_growing_pauses(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(1))
    salesforce.org.polls_until_done = 7
    pauses: list[float] = []

    assert len(read(pauses=pauses).ids("Task")) == 1
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_a_job_that_never_ends_is_given_up(salesforce, read):
    salesforce.org.polls_until_done = 10_000
    pauses: list[float] = []

    with pytest.raises(ExtractionError, match="is still InProgress after 7,2"):
        read(pauses=pauses).rows("Task")
    assert 7200 <= sum(pauses) < 7260


def test_small_tables_are_read_whole_by_plain_queries(salesforce, read):
    users = [
        {"Id": f"005{n:012d}AAA", "Name": f"Rep {n}", "Email": None, "IsActive": n % 2 == 0, "UserType": "Standard",
         "CreatedDate": BORN, "SystemModstamp": BORN}
        for n in range(5)
    ]  # fmt: skip
    salesforce.org.add("User", users)
    salesforce.org.rest_page = 2
    reader = read()

    pages = list(reader.pages("User"))

    assert [page.records for page in pages] == [2, 2, 1]
    assert reader.rows("User")[1] == {
        "Id": "005000000000001AAA",
        "Name": "Rep 1",
        "Email": "",
        "IsActive": "false",
        "CreatedDate": "2026-03-01T12:00:00.000+0000",
        "SystemModstamp": "2026-03-01T12:00:00.000+0000",
        "UserType": "Standard",
    }
    assert len(reader.rows("User", resume=pages[0].resume)) == 3
    assert asked_soql(salesforce) == []


def test_an_unchanged_small_table_is_the_same_bytes(salesforce, read):
    salesforce.org.add("Group", [{"Id": f"00G{n}", "Name": "q", "Type": "Queue", "CreatedDate": BORN, "SystemModstamp": BORN} for n in range(3)])  # fmt: skip
    before = [page.body for page in read().pages("Group")]
    salesforce.org.tables["Group"].reverse()

    assert [page.body for page in read().pages("Group")] == before


def test_a_cursor_of_a_plain_query_that_is_gone_says_that_it_starts_anew(salesforce, read):
    salesforce.org.add("Group", [{"Id": f"00G{n}", "Name": "q", "Type": "Queue", "CreatedDate": BORN, "SystemModstamp": BORN} for n in range(3)])  # fmt: skip
    salesforce.org.rest_page = 2
    page = next(read().pages("Group"))
    salesforce.forget_jobs()

    with pytest.raises(ExpiredError):
        list(read().pages("Group", resume=page.resume))


def test_what_bulk_does_not_know_is_read_by_plain_queries(salesforce, read):
    salesforce.org.without_bulk = {"OpportunityFieldHistory"}
    salesforce.org.add("OpportunityFieldHistory", [{"Id": "017A", "OpportunityId": "006A", "Field": "StageName", "OldValue": "A", "NewValue": "B", "CreatedDate": BORN}])  # fmt: skip

    window = Window(BORN, BORN + timedelta(days=1))
    assert [row["NewValue"] for row in read().rows("OpportunityFieldHistory", window)] == ["B"]
    assert read().rows("OpportunityFieldHistory", Window(BORN + timedelta(days=1), BORN + timedelta(days=2))) == []


def test_the_list_of_ids_has_the_archived_and_not_the_deleted(salesforce, read, a_task):
    salesforce.org.add("Task", [a_task(1), a_task(2, IsDeleted=True), a_task(3, IsArchived=True)])

    assert read().rows("Task_ids") == [{"Id": "00T000000000001AAA"}, {"Id": "00T000000000003AAA"}]


def test_columns_that_an_org_lacks_are_left_out(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(1))
    salesforce.org.hidden_fields = {"Task.CompletedDateTime"}

    [row] = read().rows("Task")

    assert "CompletedDateTime" not in row and row["TaskSubtype"] == "Call"


def test_bodies_and_descriptions_are_never_asked_for(salesforce, read):
    for name in ("Description", "TextBody", "HtmlBody"):
        for each in salesforce.org.fields.values():
            each.append(name)
    reader = read()
    for name in reader.objects:
        reader.rows(name)

    soql = " ".join([*asked_soql(salesforce), *(request.query.get("q", "") for request in salesforce.asked)])
    assert soql.count("SELECT") == 15
    assert not re.search("Description|Body", soql)


@pytest.mark.slow
def test_two_hundred_thousand_records(salesforce, read, tasks):
    salesforce.org.add("Task", tasks(200_000))
    salesforce.faults.append(Fault("/results", "hang_up", times=1, after=3))

    total = distinct = 0
    seen: set[bytes] = set()
    for page in read().pages("Task"):
        found = re.findall(rb'^"00T\d{12}AAA"', page.body, re.MULTILINE)
        total += page.records
        distinct += len(found)
        seen.update(found)

    assert total == distinct == len(seen) == 200_000
