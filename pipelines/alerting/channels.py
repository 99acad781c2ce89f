"""Sends one message to the channel it is for. Never raises for a fault of the other side, and never says an address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import SecretStr

from models.alert_settings import Alerts, Channel
from pipelines.alerting.answers import Dead, Outcome, Retry
from pipelines.alerting.credentials import find_secret, variable_of
from pipelines.alerting.messages import Message
from pipelines.alerting.outbox import HEARTBEAT


def send(message: Message, settings: Alerts, environment: Mapping[str, str], now: datetime) -> Outcome:
    """One attempt. A channel that the settings no longer name is dead; a variable that is unset may come back."""
    if message.channel == HEARTBEAT:
        return _beat(settings, environment, now)
    channel = next((one for one in settings.channels if one.name == message.channel), None)
    if channel is None:
        return Dead("the settings no longer name the channel")
    address = find_secret(channel.url, environment)
    if address is None:
        return Retry(f"the environment variable {variable_of(channel.url)} is not set")
    if channel.kind == "webhook":
        return _post(message, channel, address, settings, environment, now)
    from pipelines.alerting.services import send_to_service

    return send_to_service(message, address, settings.allow_hosts, now)


def _post(
    message: Message,
    channel: Channel,
    address: SecretStr,
    settings: Alerts,
    environment: Mapping[str, str],
    now: datetime,
) -> Outcome:
    from pipelines.alerting.webhook import post_message

    key = find_secret(channel.secret, environment) if channel.secret else None
    if key is None:
        return Retry("the key that signs is not set")
    return post_message(message, address, key, settings, now)


def _beat(settings: Alerts, environment: Mapping[str, str], now: datetime) -> Outcome:
    if settings.heartbeat_url is None:
        return Dead("the settings no longer name a heartbeat")
    address = find_secret(settings.heartbeat_url, environment)
    if address is None:
        return Retry(f"the environment variable {variable_of(settings.heartbeat_url)} is not set")
    from pipelines.alerting.webhook import get_heartbeat

    return get_heartbeat(address, settings, now)
