"""A client that others wrote reads the same records from the fake, so the fake is no mirror of our own mistakes."""

from __future__ import annotations

import csv
import io

import pytest
import simple_salesforce.bulk2
from requests import Session
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceExpiredSession


class PlainHttp(HTTPAdapter):
    """The client builds https addresses only; the fake speaks http."""

    def send(self, request, *args, **kwargs):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def client(salesforce, monkeypatch):
    """The client sleeps between polls: not here."""
    monkeypatch.setattr(simple_salesforce.bulk2, "sleep", lambda seconds: None)
    salesforce.tokens.add("ready")
    session = Session()
    session.mount("https://127.0.0.1", PlainHttp())
    return Salesforce(instance_url=salesforce.url, session_id="ready", version="62.0", session=session)


def _few(a_task):
    return [*(a_task(n) for n in range(6)), a_task(7, IsDeleted=True), a_task(8, IsArchived=True)]


def test_bulk_queries_read_the_same_records(salesforce, read, client, a_task):
    salesforce.org.add("Task", _few(a_task))
    salesforce.org.largest_page = 3

    texts = list(client.bulk2.Task.query_all("SELECT Id, Subject, SystemModstamp FROM Task"))

    theirs = [row for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]
    ours = [{name: row[name] for name in ("Id", "Subject", "SystemModstamp")} for row in read().rows("Task")]
    assert len(texts) == 3 and len(ours) == 8
    assert theirs == ours


def test_plain_queries_hide_what_query_all_shows(salesforce, read, client, a_task):
    salesforce.org.add("Task", _few(a_task))
    salesforce.org.rest_page = 3

    shown = [row["Id"] for row in client.query_all_iter("SELECT Id FROM Task ORDER BY SystemModstamp, Id LIMIT 5")]
    everything = [row["Id"] for row in client.query_all("SELECT Id FROM Task", include_deleted=True)["records"]]

    assert len(shown) == 5
    assert sorted(everything) == read().ids("Task")
    assert client.query("SELECT Id FROM Task WHERE IsDeleted = false")["totalSize"] == 6


def test_describe_and_the_calls_of_today(salesforce, client):
    assert {"Id", "OwnerId"} <= {each["name"] for each in client.Task.describe()["fields"]}
    client.query("SELECT Id FROM Task")
    usage = client.api_usage["api-usage"]
    assert (usage.used, usage.total) == (salesforce.org.used, 5_000)


def test_a_session_that_ended_is_what_the_client_calls_expired(salesforce, client):
    salesforce.log_out()
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM Task")
