"""Our own webhook: signed JSON to one address, connected to at an address that was checked; and the heartbeat's GET.

What belongs here: one request. What does not: when and how often (delivery.py).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from pydantic import SecretStr

from models.alert_settings import Alerts
from pipelines.alerting.addresses import RefusedAddressError, Resolve, addresses_of
from pipelines.alerting.answers import Dead, Outcome, Retry, read_status
from pipelines.alerting.credentials import web_address_problem
from pipelines.alerting.messages import Message, text_of
from pipelines.alerting.watched import muted

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 10.0
_AGENT = "Touchline"


def post_message(
    message: Message,
    address: SecretStr,
    key: SecretStr,
    settings: Alerts,
    now: datetime,
    resolve: Resolve = addresses_of,
) -> Outcome:
    """POSTs a digest as JSON. `Touchline-Signature: t=<unix>,v1=<hex>` is the HMAC-SHA256 of `<t>.<body>`."""
    body = payload(message)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message.message_id,
        "Touchline-Signature": signature(body, key, int(now.timestamp())),
    }
    return _ask(
        lambda client: client.build_request("POST", address.get_secret_value(), content=body, headers=headers),
        address, settings, now, resolve,
    )  # fmt: skip


def get_heartbeat(address: SecretStr, settings: Alerts, now: datetime, resolve: Resolve = addresses_of) -> Outcome:
    """GETs the heartbeat's address."""
    return _ask(
        lambda client: client.build_request("GET", address.get_secret_value()), address, settings, now, resolve
    )  # fmt: skip


def payload(message: Message) -> bytes:
    """What a webhook gets: the same bytes for the same message, so that only time and signature tell two attempts apart."""
    assert message.digest is not None
    content = {
        "message_id": message.message_id,
        "severity": message.severity,
        "created_at": message.created_at.isoformat(),
        "text": text_of(message.digest, message.message_id),
        **asdict(message.digest),
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def signature(body: bytes, key: SecretStr, at: int) -> str:
    """The header's value for a body signed at a second of the epoch."""
    signed = hmac.new(key.get_secret_value().encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def _ask(
    build: Callable[[httpx.Client], httpx.Request],
    address: SecretStr,
    settings: Alerts,
    now: datetime,
    resolve: Resolve,
) -> Outcome:
    problem = web_address_problem(address, settings)
    if problem:
        return Dead(f"the address {problem}")
    import httpx

    from pipelines.alerting.pinned import PinnedTransport

    transport = PinnedTransport(settings.allow_hosts, resolve, verify=_trust())
    timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    with muted(), httpx.Client(transport=transport, timeout=timeout, trust_env=False) as client:
        client.headers["User-Agent"] = _AGENT
        try:
            answer = client.send(build(client), stream=True)  # its body says nothing that we need
            answer.close()
        except RefusedAddressError:
            return Dead("its host is a private, local or metadata address that allow_hosts does not name")
        except Exception as error:  # the name only: the words of some hold the whole address
            return Retry(f"could not be reached ({type(error).__name__})")
    return read_status(answer.status_code, answer.headers.get("Retry-After"), now)


@cache
def _trust() -> ssl.SSLContext:
    """The system's authorities, so that a company's own one counts, and the usual ones where a system has none."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
