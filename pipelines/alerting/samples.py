"""A sample message to every channel, so that somebody sees that it arrives. Outside the outbox: it is tried once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from models.alert_settings import Alerts
from models.alerts import AlertSeverity
from pipelines.alerting.answers import Outcome, Retry
from pipelines.alerting.channels import send
from pipelines.alerting.messages import Digest, Item, Message, MessageKind
from pipelines.alerting.outbox import HEARTBEAT

_TEXT = "\n  ".join(
    (
        "INFO: This is a sample, nothing is wrong",
        "It shows that messages arrive here.",
        "touches per workday: 102, over the limit of 90",
        "2.1 times its own usual, 1.8 times colleagues'",
        "What to do: nothing (docs/alert_channels.md)",
    )
)


def send_samples(settings: Alerts, environment: Mapping[str, str], now: datetime) -> tuple[tuple[str, Outcome], ...]:
    """What became of a sample, by channel; the heartbeat's address is not asked: that would claim a good night."""
    outcomes = []
    for channel in settings.channels:
        try:
            outcome = send(_sample(channel.name, now), settings, environment, now)
        except Exception as error:  # the name only: its words may hold an address
            outcome = Retry(f"failed with {type(error).__name__}")
        outcomes.append((channel.name, outcome))
    return tuple(outcomes)


def _sample(channel: str, now: datetime) -> Message:
    assert channel != HEARTBEAT
    item = Item(
        alert_id="0000000000", rule="sample", severity=AlertSeverity.INFO, subject_type="company", subject_id="all",
        subject_name=None, state="firing", value=102.0, threshold=90.0, unit="touches", since=now.date().isoformat(),
        runbook="docs/alert_channels.md", text=_TEXT,
    )  # fmt: skip
    digest = Digest("Sample of Touchline: nothing is wrong", None, now.date().isoformat(), alerts=(item,))
    key = secrets.token_hex(16)
    return Message(key, channel, MessageKind.DIGEST, AlertSeverity.INFO, digest, 1, now, now)
