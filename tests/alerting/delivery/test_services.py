"""Services that apprise knows: mail and HTTP against local servers, what is refused, and what is watched meanwhile."""

import socket
import threading

import pytest
import requests
from pydantic import SecretStr

from models.alert_settings import Alerts
from models.errors import SettingsError
from pipelines.alerting.addresses import RefusedAddressError
from pipelines.alerting.answers import Retry, Sent
from pipelines.alerting.credentials import check_channels
from pipelines.alerting.samples import send_samples
from pipelines.alerting.services import mark_with_key, problem_with, read_service
from pipelines.alerting.watched import watched
from tests.alerting.delivery.made_news import fired, of_source, over

CHAT = {"name": "chat", "url": "env:CHAT_URL", "about_reps": True}


def mattermost(httpserver):
    """A chat at a host of one's own, by HTTP."""
    return f"mmost://127.0.0.1:{httpserver.port}/0123456789abcdef0123456789abcdef"


def test_a_mail_arrives_with_its_subject_text_and_key(office, mail):
    office.configure(CHAT, environment={"CHAT_URL": mail.url})
    office.tell(fired(subject_name="Ana <b>Diaz</b>"))
    assert office.deliver().sent == 1
    (arrived,) = mail.mails
    assert arrived["Subject"] == "Ana ‹b›Diaz‹/b› is overloaded in East"
    words = arrived.get_body(("plain", "html")).get_content()
    assert "Touches per workday of the last week" in words and "touchline alerts ack 0405257e11" in words
    assert office.rows("message_id, state")[0][0] in words
    assert "<b>" not in words.replace("<br", "")


def test_a_chat_gets_the_text_in_one_message(office, httpserver):
    httpserver.expect_request("/hooks/0123456789abcdef0123456789abcdef").respond_with_data("ok")
    office.configure(CHAT, environment={"CHAT_URL": mattermost(httpserver)})
    office.tell(fired(), over("f1"))
    assert office.deliver().sent == 1
    (exchange,) = httpserver.log
    assert "Ana Diaz is overloaded" in exchange[0].json["text"]
    assert "icon_url" not in exchange[0].json


@pytest.mark.parametrize(
    ("status", "headers", "state"),
    [(404, {}, "dead"), (500, {}, "waiting"), (429, {"Retry-After": "7"}, "waiting"), (302, {}, "dead")],
)
def test_what_a_service_answered_decides_as_for_a_webhook(office, httpserver, status, headers, state):
    headers = {**headers, "Location": httpserver.url_for("/elsewhere")}
    httpserver.expect_request("/hooks/0123456789abcdef0123456789abcdef").respond_with_data("", status, headers)
    office.configure(CHAT, environment={"CHAT_URL": mattermost(httpserver)})
    office.tell(fired())
    office.deliver()
    (row,) = office.rows("state, last_error, not_before")
    assert row[0] == state and row[1].startswith(f"chat: answered {status}")
    assert status != 429 or row[2] == "2026-03-04T12:00:07.000000+00:00"
    assert [request.path for request, _ in httpserver.log] == ["/hooks/0123456789abcdef0123456789abcdef"]


def test_a_private_host_is_refused_for_mail_and_chat_unless_named(office, httpserver, mail):
    for address in (mail.url, mattermost(httpserver), mattermost(httpserver).replace("127.0.0.1", "localhost")):
        office.store.unlink(missing_ok=True)
        office.configure(CHAT, environment={"CHAT_URL": address}, allow_hosts=[])
        office.tell(fired())
        assert office.deliver().dead == 1
        assert "allow_hosts" in office.rows("state, last_error")[0][1]
    assert mail.mails == [] and httpserver.log == []


def test_a_redirect_that_an_address_asks_for_is_checked_too(office, httpserver):
    path = "/hooks/0123456789abcdef0123456789abcdef"
    httpserver.expect_request(path).respond_with_data("", 302, {"Location": f"http://localhost:{httpserver.port}/to"})
    httpserver.expect_request("/to").respond_with_data("ok")
    office.configure(CHAT, environment={"CHAT_URL": mattermost(httpserver) + "?redirect=yes"})
    office.tell(fired())
    assert office.deliver().dead == 1
    assert [request.path for request, _ in httpserver.log] == [path]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense-4711", "none that apprise can read"),
        ("slack://4711", "none that apprise can read"),
        ("json://example.com/4711", "use kind: webhook"),
        ("xmls://example.com/4711", "use kind: webhook"),
        ("form://example.com/4711", "use kind: webhook"),
        ("syslog://", "neither by HTTP nor by mail"),
        ("rsyslog://10.0.0.1", "neither by HTTP nor by mail"),
        ("file:///etc/passwd", "none that apprise can read"),
        ("exec://rm", "none that apprise can read"),
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_watched_or_read_are_refused_at_start_without_being_shown(address, words):
    settings = Alerts.model_validate({"channels": [CHAT]})
    with pytest.raises(SettingsError, match=words) as refused:
        check_channels(settings, {"CHAT_URL": address})
    assert "4711" not in str(refused.value) and "'chat'" in str(refused.value)


def test_the_usual_services_can_be_read():
    token = "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    for address in (
        f"slack://{token}", "pagerduty://" + "a" * 32 + "@" + "b" * 20, "mailtos://user:pass@example.com",
        "workflows://prod-1.westus.logic.azure.com:443/1a2b/3c4d", "discord://1000000000/aaaaaaaaaaaa", "tgram://100000000:aaaaaaaaaaaaaaaaaaaaaaaaa/1000/",
    ):  # fmt: skip
        assert problem_with(SecretStr(address)) is None, address


def test_a_page_of_little_room_gets_a_short_text(office, httpserver):
    httpserver.expect_request("/hooks/0123456789abcdef0123456789abcdef").respond_with_data("ok")
    office.configure(CHAT, environment={"CHAT_URL": mattermost(httpserver)})
    office.tell(*[fired(f"a{number:03}", evidence='{"note": "' + "x" * 150 + '"}') for number in range(40)])
    assert office.deliver().sent == 1
    (exchange,) = httpserver.log
    assert len(exchange[0].json["text"]) <= 4000
    assert office.rows("message_id, state")[0][0] in exchange[0].json["text"]


def test_only_the_thread_that_sends_is_watched():
    found = []
    with watched(()):
        other = threading.Thread(target=lambda: found.append(socket.getaddrinfo("127.0.0.1", 80)))
        other.start()
        other.join()
        with pytest.raises(RefusedAddressError):
            socket.getaddrinfo("127.0.0.1", 80)
        with pytest.raises(requests.ConnectionError):
            requests.get("http://2130706433:1/", timeout=1)
    assert found and socket.getaddrinfo("127.0.0.1", 80)


def test_a_sample_goes_to_each_channel_and_a_fault_of_one_is_told(office, httpserver, mail):
    httpserver.expect_request("/hook").respond_with_data("", 500)
    office.configure(
        {**CHAT, "name": "mail"},
        {"name": "hook", "kind": "webhook", "url": "env:HOOK_URL", "secret": "env:HOOK_KEY"},
        environment={"CHAT_URL": mail.url, "HOOK_URL": httpserver.url_for("/hook"), "HOOK_KEY": "k"},
    )
    outcomes = send_samples(office.settings, office.environment, office.clock.now())
    assert outcomes == (("mail", Sent()), ("hook", Retry("answered 500")))
    assert mail.mails[0]["Subject"] == "Sample of Touchline: nothing is wrong"
    assert not office.store.exists()


def test_critical_warning_and_over_look_different(office, httpserver):
    httpserver.expect_request("/hooks/0123456789abcdef0123456789abcdef").respond_with_data("ok")
    office.configure(CHAT, environment={"CHAT_URL": mattermost(httpserver)})
    office.tell(of_source(), over("f1"))
    assert office.deliver().sent == 2
    assert [request.json["text"].count("CRITICAL") for request, _ in httpserver.log] == [1, 0]


def test_documented_addresses_are_read_as_they_are_shown():
    for address in (
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "https://prod-01.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef/triggers/manual"
        "/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abcdefghijklmnop-qrst",
        "mailtos://USER:PASSWORD@smtp.example.com:587?mode=starttls&from=touchline@example.com&to=a@example.com,b@example.com",
        "mailto://relay.example.com:25?from=touchline@example.com&to=ops@example.com",
        "pagerduty://0123456789abcdef0123456789abcdef@touchline?region=eu",
    ):
        assert problem_with(SecretStr(address)) is None, address


def test_a_page_that_comes_twice_is_one_incident_unless_the_address_names_another():
    address = "pagerduty://0123456789abcdef0123456789abcdef@touchline"
    for query, key in (("", "5f0c"), ("?dedup=mine", "mine")):
        service = read_service(SecretStr(address + query))
        mark_with_key(service, "5f0c")
        assert service.dedup == key
