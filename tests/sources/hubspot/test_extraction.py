"""Every record arrives once, whichever way it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.sources.extraction.pages import Window

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_first_load_lists_every_record_once_with_its_links(
    hubspot, connector, since_forever, read_all, line_of, ids_of
):
    for one in range(1, 251):
        hubspot.add("calls", one, {"hs_call_status": "COMPLETED", "hs_call_body": "never asked for"})
    hubspot.link("calls", 7, "contacts", 501, 502)
    hubspot.link("calls", 7, "deals", 9)
    pages = read_all(connector, "calls", since_forever)
    assert ids_of(pages) == [str(one) for one in range(1, 251)]
    assert [page.records for page in pages] == [100, 100, 50]
    seventh = line_of(pages[0])["page"]["results"][6]
    assert [link["id"] for link in seventh["associations"]["contacts"]["results"]] == [
        "501", "501", "502", "502",
    ]  # fmt: skip
    assert {link["id"] for link in seventh["associations"]["deals"]["results"]} == {"9"}
    assert "hs_call_body" not in seventh["properties"]
    assert pages[-1].resume is None


def test_twelve_thousand_records_of_one_millisecond_arrive_once(hubspot, connector, last_day, read_all, ids_of):
    for one in range(1, 12_001):
        hubspot.add("notes", one, updated=AT)
    pages = read_all(connector, "notes", last_day)
    assert ids_of(pages) == [str(one) for one in range(1, 12_001)]
    assert pages[0].total == 12_000
    searches = [asked for asked in hubspot.asked if asked.path.endswith("/search")]
    assert len(searches) == 60
    assert all("after" not in asked.value for asked in searches)


def test_ids_are_compared_as_numbers(hubspot, connector, last_day, read_all, ids_of):
    for one in (9, 10, 99, 100, 12_345_678_901):
        hubspot.add("notes", one)
    assert ids_of(read_all(connector, "notes", last_day)) == ["9", "10", "99", "100", "12345678901"]


def test_a_window_takes_its_first_instant_and_leaves_its_last(hubspot, connector, read_all, ids_of):
    since, until = AT, AT + timedelta(hours=1)
    for one, at in enumerate((since - timedelta(milliseconds=1), since, until - timedelta(milliseconds=1), until), 1):
        hubspot.add("contacts", one, {"email": "x@example.com"}, updated=at)
    assert ids_of(read_all(connector, "contacts", Window(since, until))) == ["2", "3"]


def test_a_night_brings_the_links_of_what_changed(hubspot, connector, last_day, read_all, line_of):
    for one in range(1, 251):
        hubspot.add("calls", one)
        hubspot.link("calls", one, "contacts", 1000 + one)
    hubspot.link("calls", 3, "companies", 77)
    first, second = read_all(connector, "calls", last_day)
    links = line_of(first)["associations"]
    assert {one["from"]["id"]: one["to"][0]["toObjectId"] for one in links["contacts"]["results"]} == {
        str(one): 1000 + one for one in range(1, 201)
    }
    assert [(one["from"]["id"], one["to"][0]["toObjectId"]) for one in links["companies"]["results"]] == [("3", 77)]
    assert links["deals"]["results"] == []
    assert len(line_of(second)["associations"]["contacts"]["results"]) == 50
    asked = [one for one in hubspot.asked if "/associations/" in one.path]
    assert max(len(one.value["inputs"]) for one in asked) == 100


def test_deals_bring_the_history_of_their_stages_in_lists_and_at_night(
    hubspot, connector, since_forever, last_day, read_all, line_of
):
    history = [("won", "2026-03-01T00:00:00.000Z"), ("open", "2026-01-01T00:00:00.000Z")]
    for one in range(1, 121):
        hubspot.add("deals", one, {"dealstage": "won"}, {"dealstage": history})
    listed, searched = (read_all(connector, "deals", window) for window in (since_forever, last_day))
    assert [page.records for page in listed] == [50, 50, 20]
    assert [page.records for page in searched] == [120]
    for pages in (listed, searched):
        record = line_of(pages[0])["page"]["results"][0]
        assert [one["value"] for one in record["propertiesWithHistory"]["dealstage"]] == ["won", "open"]
        assert record["properties"]["dealstage"] == "won"


def test_a_night_goes_on_where_it_stopped(hubspot, connector, last_day, since_forever, read_all, ids_of):
    for one in range(1, 501):
        hubspot.add("calls", one)
    for window in (last_day, since_forever):
        whole = read_all(connector, "calls", window)
        rest = read_all(connector, "calls", window, whole[0].resume)
        assert ids_of(whole) == ids_of(whole[:1]) + ids_of(rest)


def test_archived_records_are_a_list_of_their_own(
    hubspot, connector, since_forever, last_day, read_all, line_of, ids_of
):
    for one in (1, 2, 3):
        hubspot.add("calls", one)
    hubspot.archive("calls", 2)
    assert ids_of(read_all(connector, "calls", since_forever)) == ["1", "3"]
    assert ids_of(read_all(connector, "calls", last_day)) == ["1", "3"]
    (page,) = read_all(connector, "calls_archived", since_forever)
    (record,) = line_of(page)["page"]["results"]
    assert (record["id"], record["archived"], record["archivedAt"]) == ("2", True, "2026-03-02T12:00:00.000Z")


def test_ids_name_what_is_still_there(hubspot, connector, since_forever, read_all, ids_of, line_of):
    for one in (1, 2, 3):
        hubspot.add("emails", one, {"hs_email_subject": "Hello"})
    hubspot.purge("emails", 2)
    pages = read_all(connector, "emails_ids", since_forever)
    assert ids_of(pages) == ["1", "3"]
    assert line_of(pages[0])["page"]["results"][0]["properties"] == {"hs_object_id": "1"}


def test_owners_of_today_and_those_who_left(hubspot, connector, since_forever, read_all, ids_of):
    hubspot.owners = [{"id": str(one), "type": "PERSON", "archived": one > 600} for one in range(1, 1201)]
    pages = read_all(connector, "owners", since_forever)
    assert ids_of(pages) == [str(one) for one in range(1, 1201)]
    for place, page in enumerate(pages[:-1], 1):
        assert ids_of(read_all(connector, "owners", since_forever, page.resume)) == ids_of(pages[place:])


def test_pipelines_and_call_outcomes_are_one_answer_each(hubspot, connector, since_forever, read_all, line_of):
    hubspot.pipelines = [{"id": "default", "stages": [{"id": "won", "metadata": {"probability": "1.0"}}]}]
    hubspot.dispositions = [{"id": "f240bbac-87c9-4f6e-bf70-924b57d47db7", "label": "Connected", "deleted": False}]
    (pipelines,), (outcomes,) = (
        read_all(connector, name, since_forever) for name in ("pipelines", "call_dispositions")
    )
    assert line_of(pipelines)["page"]["results"] == hubspot.pipelines
    assert line_of(outcomes)["page"] == hubspot.dispositions


def test_a_merged_record_says_where_it_went(hubspot, connector, since_forever, last_day, read_all, line_of):
    for crm_type in ("contacts", "companies", "deals"):
        for one in (1, 2, 3):
            hubspot.add(crm_type, one)
        hubspot.merge(crm_type, 1, 3)
        hubspot.merge(crm_type, 2, 3)
        for window in (since_forever, last_day):
            (page,) = read_all(connector, crm_type, window)
            assert [one["id"] for one in line_of(page)["page"]["results"]] == ["3"]
            assert line_of(page)["merged"] == [
                {"id": "1", "into": "3", "at": "2026-03-02T12:00:00.000Z"},
                {"id": "2", "into": "3", "at": "2026-03-02T12:00:00.000Z"},
            ]


def test_what_the_search_does_not_see_yet_comes_in_the_next_window(hubspot, connector, read_all, ids_of):
    hubspot.index_lag = timedelta(minutes=4)
    hubspot.add("calls", 1)
    lag = next(one.lag for one in connector.objects() if one.name == "calls")
    tonight = Window(AT - timedelta(days=1), hubspot.now - lag)
    assert ids_of(read_all(connector, "calls", tonight)) == []
    hubspot.now += timedelta(days=1)
    assert ids_of(read_all(connector, "calls", Window(tonight.until, hubspot.now - lag))) == ["1"]
    assert lag > hubspot.index_lag


@pytest.mark.parametrize("version", ["2026-09", "v3"])
def test_either_way_to_write_versions_is_asked(version, connector_to, last_day, since_forever, read_all, ids_of):
    from tests.sources.fakes.hubspot import FakeHubSpot

    with FakeHubSpot(version) as hubspot:
        connector = connector_to(hubspot, version=version)
        hubspot.add("deals", 5)
        hubspot.link("deals", 5, "companies", 6)
        hubspot.owners = [{"id": "1", "type": "PERSON"}]
        assert ids_of(read_all(connector, "deals", since_forever)) == ["5"]
        assert ids_of(read_all(connector, "deals", last_day)) == ["5"]
        assert ids_of(read_all(connector, "owners", since_forever)) == ["1"]
        assert read_all(connector, "pipelines", since_forever)[0].records == 0
        assert [probe for probe in connector.probes() if probe.problem] == []


def test_only_the_objects_that_settings_name_are_asked_for(hubspot, connector_to):
    chosen = connector_to(hubspot, objects=("calls", "owners"))
    assert [one.name for one in chosen.objects()] == ["owners", "calls", "calls_archived", "calls_ids"]
