"""Slack, Teams, mail, PagerDuty and the rest: everything that apprise has an address for, watched while it sends.

Only services that speak HTTP through requests, or SMTP, are let in: of these it can be watched where they connect.
What belongs here: reading an address and sending one message. What does not: when and how often (delivery.py).
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from models.alerts import AlertSeverity
from pipelines.alerting.answers import Dead, Outcome, Retry, Sent, read_status
from pipelines.alerting.messages import Message, text_of
from pipelines.alerting.watched import Seen, muted, watched

if TYPE_CHECKING:
    from apprise import NotifyBase, NotifyType

_GENERIC = ("custom_form", "custom_json", "custom_xml", "apprise_api")
_TYPES = {AlertSeverity.CRITICAL: "failure", AlertSeverity.WARNING: "warning", AlertSeverity.INFO: "info"}
_TITLE_ENDS = 4
"""What a service that has no title puts between it and the text, at most."""


def problem_with(address: SecretStr) -> str | None:
    """Why apprise cannot send to an address, in words that do not repeat it; None when it can."""
    found = read_service(address)
    return found if isinstance(found, str) else None


def send_to_service(message: Message, address: SecretStr, allow_hosts: Collection[str], now: datetime) -> Outcome:
    """Sends a digest through apprise."""
    service = read_service(address)
    if isinstance(service, str):
        return Dead(f"the address {service}")
    assert message.digest is not None
    mark_with_key(service, message.message_id)
    title = message.digest.subject
    room = service.body_maxlen - (len(title) + _TITLE_ENDS if service.title_maxlen <= 0 else 0)
    text = text_of(message.digest, message.message_id, room)
    with watched(allow_hosts) as seen:
        try:
            is_sent = service.notify(body=text, title=title, notify_type=_type_of(message), body_format="text")
        except Exception as error:  # whatever a plugin of a service does must not end the night
            return _refusal(seen) or Retry(f"failed with {type(error).__name__}")
    return Sent() if is_sent else _refusal(seen) or _failure(seen, now)


def mark_with_key(service: NotifyBase, key: str) -> None:
    """What comes twice is one incident of PagerDuty's; other services have no place for a key but the text."""
    from apprise.plugins.pagerduty import NotifyPagerDuty

    if isinstance(service, NotifyPagerDuty) and not service.dedup:
        service.dedup = key


def read_service(address: SecretStr) -> NotifyBase | str:
    """What apprise makes of an address, or what is wrong with it."""
    import apprise
    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    asset = AppriseAsset(
        app_id="Touchline", app_desc="Touchline", app_url="", image_url_mask="", image_url_logo="", async_mode=False,
        http_redirects=False, pgp_autogen=False, pem_autogen=False, storage_mode=PersistentStoreMode.MEMORY,
    )  # fmt: skip
    with muted():
        try:
            service = Apprise.instantiate(address.get_secret_value(), asset=asset)
        except Exception:  # a plugin raises what it likes; its words may hold the address
            service = None
    if not isinstance(service, apprise.NotifyBase):
        return "is none that apprise can read"
    module = type(service).__module__
    if module.rpartition(".")[2] in _GENERIC:
        return "is a plain web address: use kind: webhook, which signs what it sends"
    if not (hasattr(sys.modules[module], "requests") or module.startswith("apprise.plugins.email")):
        return "is of a service that is reached neither by HTTP nor by mail"
    return service


def _type_of(message: Message) -> NotifyType:
    from apprise import NotifyType

    is_over = message.digest is not None and not message.digest.alerts
    return NotifyType("success" if is_over else _TYPES[message.severity])


def _refusal(seen: Seen) -> Outcome | None:
    return (
        Dead("its host is a private, local or metadata address that allow_hosts does not name")
        if seen.was_refused
        else None
    )


def _failure(seen: Seen, now: datetime) -> Outcome:
    """A service that answered 200 and still failed, or was not reached, may work later."""
    return read_status(seen.status, seen.retry_after, now) if seen.status else Retry("could not be sent")
