"""Our webhook: what it sends, how it is signed, how answers are read, and where it refuses to go."""

import hashlib
import hmac
import json
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from models.alert_settings import Alerts
from pipelines.alerting.addresses import is_public, written_address
from pipelines.alerting.answers import Dead, Retry, Sent, read_retry_after, read_status
from pipelines.alerting.pinned import PinnedTransport
from pipelines.alerting.webhook import get_heartbeat, signature
from tests.alerting.delivery.conftest import KEY
from tests.alerting.delivery.made_news import fired

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LOCAL = Alerts(allow_hosts=("127.0.0.1",))
NOWHERE = Alerts()


def beat(address, settings=NOWHERE, **resolver):
    return get_heartbeat(SecretStr(address), settings, NOW, **resolver)


def test_a_digest_arrives_signed_with_its_key_in_header_and_body(office, webhook, httpserver):
    httpserver.expect_request("/alerts/very-secret-path", method="POST").respond_with_data("", 202)
    office.tell(fired())
    assert office.deliver().sent == 1
    request, _ = httpserver.log[0]
    key = office.rows("message_id, state")[0][0]
    moment, _, given = request.headers["Touchline-Signature"].partition(",v1=")
    signed = moment.removeprefix("t=").encode() + b"." + request.data
    assert given == hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert moment == f"t={int(office.clock.now().timestamp())}"
    assert request.headers["Idempotency-Key"] == key
    content = json.loads(request.data)
    assert (content["message_id"], content["severity"], content["team"]) == (key, "warning", "East")
    assert content["alerts"][0]["alert_id"] == "0405257e11"
    assert content["text"].endswith(f"Message {key}: if it comes twice, it is the same one.")


def test_the_signature_is_that_of_the_time_and_the_body():
    expected = hmac.new(b"key", b"7.{}", hashlib.sha256).hexdigest()
    assert signature(b"{}", SecretStr("key"), 7) == f"t=7,v1={expected}"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_sent(status):
    assert read_status(status, None, NOW) == Sent()


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 422])
def test_what_trying_again_cannot_mend_is_dead(status):
    assert isinstance(read_status(status, None, NOW), Dead)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status):
    assert read_status(status, None, NOW) == Retry(f"answered {status}", None)
    assert read_status(status, "17", NOW) == Retry(f"answered {status}", timedelta(seconds=17))


def test_retry_after_is_seconds_or_a_date_and_at_most_an_hour():
    assert read_retry_after("Wed, 04 Mar 2026 12:02:00 GMT", NOW) == timedelta(minutes=2)
    assert read_retry_after("Wed, 04 Mar 2026 11:02:00 GMT", NOW) == timedelta(0)
    assert read_retry_after("86400", NOW) == timedelta(hours=1)
    for nonsense in ("soon", "-5", "", "1e99", "9" * 5000, "Wed, 99 Mar 2026"):
        assert read_retry_after(nonsense, NOW) is None, nonsense


PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.192", "168.63.129.16", "::1", "::",
    "fe80::1", "2001:0:7f00:1::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::a00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::7f00:1", "2001:db8::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_local_and_metadata_addresses_are_not_public(address):
    assert not is_public(address)
    outcome = beat("https://hooks.example.com/x", resolve=lambda host, port: ["93.184.215.14", address])
    assert isinstance(outcome, Dead) and "metadata" in outcome.fault


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e", "2002:5db8:d70e::1"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "[::1]", "[::ffff:7f00:1]", "127.0.0.1"]
)
def test_an_address_written_in_another_way_is_the_same_address(host):
    assert not is_public(written_address(host))
    assert beat(f"https://{host}/x") == Dead("the address is a private, local or metadata address")


def test_a_name_that_leads_to_a_private_address_is_refused(httpserver):
    outcome = beat(f"https://localhost:{httpserver.port}/x")
    assert outcome == Dead("its host is a private, local or metadata address that allow_hosts does not name")
    assert httpserver.log == []


def test_http_is_refused_unless_the_host_is_allowed_by_name(httpserver):
    assert beat("http://hooks.example.com/x") == Dead("the address is not encrypted (http)")
    httpserver.expect_request("/x").respond_with_data("")
    assert beat(httpserver.url_for("/x"), LOCAL) == Sent()


def test_a_redirect_is_not_followed(httpserver):
    httpserver.expect_request("/from").respond_with_data("", 302, {"Location": httpserver.url_for("/to")})
    httpserver.expect_request("/to").respond_with_data("")
    assert isinstance(beat(httpserver.url_for("/from"), LOCAL), Dead)
    assert [request.path for request, _ in httpserver.log] == ["/from"]


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_looked_up_once(httpserver):
    """A name whose second answer is another: the first one is connected to, under the name."""
    httpserver.expect_request("/x").respond_with_data("")
    asked = []

    def changing(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    settings = Alerts(allow_hosts=("Hooks.Example.com.",))
    assert beat(f"http://hooks.example.com:{httpserver.port}/x", settings, resolve=changing) == Sent()
    assert asked == ["hooks.example.com"]
    assert httpserver.log[0][0].headers["Host"] == f"hooks.example.com:{httpserver.port}"


@pytest.mark.parametrize("addresses", [["::1", "127.0.0.1"], ["127.0.0.1", "::1"]])
def test_the_next_address_is_tried_when_one_does_not_answer(httpserver, addresses):
    httpserver.expect_request("/x").respond_with_data("")
    settings = Alerts(allow_hosts=("hooks.example.com",))
    address = f"http://hooks.example.com:{httpserver.port}/x"
    assert beat(address, settings, resolve=lambda host, port: addresses) == Sent()


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """An HTTPS server with a certificate of hooks.example.com, and a context that trusts it."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.com")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2120, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(key.private_bytes(*plain) + certificate.public_bytes(serialization.Encoding.PEM))
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(pem)
    with HTTPServer("127.0.0.1", ssl_context=offered) as server:
        server.expect_request("/x").respond_with_data("")
        yield server, ssl.create_default_context(cafile=pem)


@pytest.mark.parametrize(("name", "is_good"), [("hooks.example.com", True), ("other.example.com", False)])
def test_the_certificate_is_held_against_the_name_not_the_address(certified, name, is_good):
    server, trust = certified
    transport = PinnedTransport((name,), lambda host, port: ["127.0.0.1"], verify=trust)
    with httpx.Client(transport=transport, trust_env=False) as client:
        if is_good:
            assert client.get(f"https://{name}:{server.port}/x").status_code == 200
        else:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                client.get(f"https://{name}:{server.port}/x")


@pytest.mark.parametrize(
    "address",
    ["https:///4711", "ftp://example.com/x", "https://[::1", "hooks.example.com", "https://example.com:port/"],
)
def test_what_is_no_web_address_is_dead_and_not_repeated(address):
    outcome = beat(address)
    assert isinstance(outcome, Dead) and address not in outcome.fault


def test_a_host_that_does_not_answer_is_tried_again():
    assert beat("http://127.0.0.1:1/x", LOCAL) == Retry("could not be reached (ConnectError)")
    assert beat("https://no-such-host.invalid/x") == Retry("could not be reached (gaierror)")


def test_a_webhook_of_a_private_address_sends_nothing(office, webhook, httpserver):
    office.configure(webhook, allow_hosts=[])
    office.tell(fired())
    assert office.deliver().dead == 1
    assert httpserver.log == []


def test_what_is_posted_twice_is_the_same_body(office, webhook, httpserver):
    httpserver.expect_ordered_request("/alerts/very-secret-path").respond_with_data("", 500)
    httpserver.expect_ordered_request("/alerts/very-secret-path").respond_with_data("", 200)
    office.tell(fired())
    assert office.deliver(3600).sent == 1
    first, second = (request.data for request, _ in httpserver.log)
    assert first == second
