"""Addresses and keys of channels: read from the environment when they are needed, and never shown.

What belongs here: `env:NAME` → value, and judging the values when Touchline starts. What does not: using them.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from models.alert_settings import Alerts, Channel
from models.errors import SettingsError
from pipelines.alerting.addresses import is_allowed, is_public, written_address


def find_secret(reference: str, environment: Mapping[str, str]) -> SecretStr | None:
    """The value of `env:NAME`; None when it is unset or blank."""
    value = environment.get(variable_of(reference), "").strip()
    return SecretStr(value) if value else None


def variable_of(reference: str) -> str:
    """The variable that `env:NAME` names."""
    return reference.removeprefix("env:")


def check_channels(settings: Alerts, environment: Mapping[str, str]) -> None:
    """Raises SettingsError for a channel that could never send: without its address or key, or with a wrong one.

    Asks no network: names are looked up, and judged, when something is sent.
    """
    for channel in settings.channels:
        address = _required(channel.url, f"the channel '{channel.name}'", environment)
        if channel.kind == "apprise":
            _check_service(channel, address)
        else:
            _check_web_address(address, f"the channel '{channel.name}'", channel.url, settings)
            _check_key(channel, environment)
    if settings.heartbeat_url:
        address = _required(settings.heartbeat_url, "alerts.heartbeat_url", environment)
        _check_web_address(address, "alerts.heartbeat_url", settings.heartbeat_url, settings)


def web_address_problem(address: SecretStr, settings: Alerts) -> str | None:
    """Why an address cannot be sent to, in words that do not repeat it; None when it can."""
    try:
        parts = urlsplit(address.get_secret_value())
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "cannot be read as an address"
    if parts.scheme not in ("http", "https") or not host:
        return "does not begin with https:// and a host"
    if is_allowed(host, settings.allow_hosts):
        return None
    if parts.scheme != "https":
        return "is not encrypted (http)"
    written = written_address(host)
    return "is a private, local or metadata address" if written and not is_public(written) else None


def _required(reference: str, what: str, environment: Mapping[str, str]) -> SecretStr:
    found = find_secret(reference, environment)
    if found is None:
        raise SettingsError(
            f"{what} needs the environment variable {variable_of(reference)}, which is not set or blank",
            f"Set {variable_of(reference)} where Touchline runs, or take the entry out of `alerts`.",
        )
    return found


def _check_service(channel: Channel, address: SecretStr) -> None:
    from pipelines.alerting.services import problem_with  # it imports apprise, which costs time

    problem = problem_with(address)
    if problem:
        raise SettingsError(
            f"the address in {variable_of(channel.url)}, of the channel '{channel.name}', {problem}",
            "Write it as docs/alert_channels.md shows for the service; the value itself is not shown here.",
        )


def _check_web_address(address: SecretStr, what: str, reference: str, settings: Alerts) -> None:
    problem = web_address_problem(address, settings)
    if problem:
        raise SettingsError(
            f"the address in {variable_of(reference)}, of {what}, {problem}",
            "Give a public https:// address, or name its host in alerts.allow_hosts if it may be private or http.",
        )


def _check_key(channel: Channel, environment: Mapping[str, str]) -> None:
    if channel.secret is None:
        raise SettingsError(
            f"the channel '{channel.name}' is a webhook without `secret`, so its messages could not be signed",
            "Add secret: env:NAME, and set that variable to a long random text that the receiver knows too.",
        )
    _required(channel.secret, f"the key of the channel '{channel.name}'", environment)
