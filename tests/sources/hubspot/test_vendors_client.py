"""HubSpot's own client reads from the fake what we read: the fake is not only what we believe."""

from __future__ import annotations

import pytest
from hubspot import Client
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.objects import PublicObjectSearchRequest

from tests.sources.fakes.hubspot import TOKEN


@pytest.fixture
def client(hubspot):
    return Client.create(access_token=TOKEN, host=hubspot.url)


@pytest.fixture
def some_calls(hubspot):
    for one in range(1, 251):
        hubspot.add("calls", one, {"hs_call_duration": str(one * 1000), "hs_call_title": None if one % 2 else "Hi"})
        hubspot.link("calls", one, "contacts", 1000 + one)
    hubspot.archive("calls", 250)


def ours(line_of, pages):
    return {
        record["id"]: (
            record["properties"]["hs_call_duration"],
            record["properties"]["hs_call_title"],
            record["archived"],
        )
        for page in pages
        for record in line_of(page)["page"]["results"]
    }


def theirs(records):
    return {
        record.id: (record.properties["hs_call_duration"], record.properties["hs_call_title"], record.archived)
        for record in records
    }


PROPERTIES = ["hs_call_duration", "hs_call_title"]


@pytest.mark.parametrize(("name", "is_archived", "count"), [("calls", False, 249), ("calls_archived", True, 1)])
def test_lists_agree(name, is_archived, count, client, connector, some_calls, since_forever, read_all, line_of):
    listed = client.crm.objects.get_all("calls", properties=PROPERTIES, associations=["contacts"], archived=is_archived)
    assert len(listed) == count
    assert theirs(listed) == ours(line_of, read_all(connector, name, since_forever))
    if not is_archived:
        assert listed[0].associations["contacts"].results[0].id == "1001"


def test_searches_agree(client, connector, some_calls, last_day, read_all, line_of):
    found, after = [], 0
    while True:
        page = client.crm.objects.search_api.do_search(
            "calls",
            PublicObjectSearchRequest(properties=PROPERTIES, limit=100, after=after, filter_groups=[], sorts=[]),
        )
        found += page.results
        if page.paging is None:
            break
        after = page.paging.next.after
    assert page.total == 249
    assert theirs(found) == ours(line_of, read_all(connector, "calls", last_day))


def test_links_agree(client, connector, some_calls, last_day, read_all, line_of):
    asked = BatchInputPublicFetchAssociationsBatchRequest([{"id": str(one)} for one in range(1, 101)])
    links = client.crm.associations.v4.batch_api.get_page("calls", "contacts", asked).results
    (first, *_) = read_all(connector, "calls", last_day)
    mine = {
        one["from"]["id"]: one["to"][0]["toObjectId"] for one in line_of(first)["associations"]["contacts"]["results"]
    }
    assert {one._from.id: int(one.to[0].to_object_id) for one in links}.items() <= mine.items()


def test_histories_agree(hubspot, client, connector, since_forever, read_all, line_of):
    history = [("won", "2026-03-01T00:00:00.000Z"), ("open", "2026-01-01T00:00:00.000Z")]
    hubspot.add("deals", 1, {"dealstage": "won"}, {"dealstage": history})
    (deal,) = client.crm.deals.get_all(properties_with_history=["dealstage"])
    (page,) = read_all(connector, "deals", since_forever)
    mine = line_of(page)["page"]["results"][0]["propertiesWithHistory"]["dealstage"]
    assert [one.value for one in deal.properties_with_history["dealstage"]] == [one["value"] for one in mine]


def test_owners_and_pipelines_agree(hubspot, client, connector, since_forever, read_all, line_of):
    at = "2026-01-01T00:00:00.000Z"
    hubspot.owners = [
        {"id": "1", "type": "PERSON", "email": "a@example.com", "createdAt": at, "updatedAt": at, "archived": False}
    ]
    hubspot.pipelines = [
        {"id": "default", "label": "Sales", "displayOrder": 0, "createdAt": at, "updatedAt": at, "archived": False,
         "stages": [{"id": "won", "label": "Won", "displayOrder": 1, "metadata": {"probability": "1.0"},
                     "createdAt": at, "updatedAt": at, "archived": False, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"}]}
    ]  # fmt: skip
    (owner,) = client.crm.owners.get_all()
    assert (owner.id, owner.email) == ("1", "a@example.com")
    (stage,) = client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    (page,) = read_all(connector, "pipelines", since_forever)
    (mine,) = line_of(page)["page"]["results"][0]["stages"]
    assert (stage.id, stage.label, stage.metadata) == (mine["id"], mine["label"], mine["metadata"])
