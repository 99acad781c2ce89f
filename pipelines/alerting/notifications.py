"""What the outbox says of an alert: whether people were told, and which messages were given up.

What belongs here: reading. What does not: changing anything (outbox.py, queue.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from models.alerts import AlertSeverity
from pipelines.night.operator import opened


class NotificationStatus(StrEnum):
    """How far the messages about an alert are; of several channels the one that needs most attention."""

    DEAD = "dead"
    WAITING = "waiting"
    SENT = "sent"


@dataclass(frozen=True)
class Notification:
    """Of one alert. `notified_at`: when a message about it last arrived anywhere."""

    status: NotificationStatus
    notified_at: datetime | None


@dataclass(frozen=True)
class DeadLetter:
    """A message that is not tried again by itself; `fault` names its channel."""

    message_id: str
    channel: str
    severity: AlertSeverity
    created_at: datetime
    attempts: int
    fault: str


def read_notifications(store: Path) -> dict[str, Notification]:
    """By alert; one that no message was ever about is missing."""
    if not store.exists():
        return {}
    with opened(store, writing=False) as connection:
        rows = connection.execute(
            "select alert_id, max(state = 'dead'), max(state in ('waiting', 'sending')), max(sent_at)"
            " from alert_news join alert_message using (message_id) group by alert_id"
        ).fetchall()
    return {
        alert_id: Notification(_status(bool(is_dead), bool(waits)), sent_at and datetime.fromisoformat(sent_at))
        for alert_id, is_dead, waits, sent_at in rows
    }


def read_dead_letters(store: Path) -> tuple[DeadLetter, ...]:
    """The oldest first."""
    if not store.exists():
        return ()
    with opened(store, writing=False) as connection:
        rows = connection.execute(
            "select message_id, channel, severity, created_at, attempts, last_error from alert_message"
            " where state = 'dead' order by created_at, message_id"
        ).fetchall()
    return tuple(
        DeadLetter(message_id, channel, AlertSeverity(severity), datetime.fromisoformat(at), attempts, fault)
        for message_id, channel, severity, at, attempts, fault in rows
    )


def _status(is_dead: bool, waits: bool) -> NotificationStatus:
    if is_dead:
        return NotificationStatus.DEAD
    return NotificationStatus.WAITING if waits else NotificationStatus.SENT
