"""What is said in one message, apart from where it goes: a digest as it lies in the outbox, and the text made of it.

What belongs here: its shape, fitting it into a service's limits. What does not: choosing words (wording.py, digest.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from models.alerts import AlertSeverity

KEY_LINE = "Message {key}: if it comes twice, it is the same one."
_MORE = "… and {count} more: touchline alerts list"


class MessageKind(StrEnum):
    """A digest is read by people; a heartbeat only says that a night was good."""

    DIGEST = "digest"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True)
class Item:
    """One alert in a digest. `text` is what people read; the rest is for programs and as it came, without escapes."""

    alert_id: str
    rule: str
    severity: AlertSeverity
    subject_type: str
    subject_id: str
    subject_name: str | None
    state: str
    value: float | None
    threshold: float | None
    unit: str | None
    since: str
    runbook: str
    text: str


@dataclass(frozen=True)
class Digest:
    """A team's news of one night for one channel, worst first; `more_` are how many there was no room for."""

    subject: str
    team: str | None
    night: str
    alerts: tuple[Item, ...] = ()
    more_alerts: int = 0
    resolved: tuple[Item, ...] = ()
    more_resolved: int = 0

    @classmethod
    def read(cls, text: str) -> Digest:
        """What `written` wrote."""
        content = json.loads(text)
        for part in ("alerts", "resolved"):
            content[part] = tuple(
                Item(**{**item, "severity": AlertSeverity(item["severity"])}) for item in content[part]
            )
        return cls(**content)

    def written(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True)
class Message:
    """A message to send. `message_id` is its dedup key: the same for every attempt. A heartbeat has no digest."""

    message_id: str
    channel: str
    kind: MessageKind
    severity: AlertSeverity
    digest: Digest | None
    attempts: int
    created_at: datetime
    expires_at: datetime


def text_of(digest: Digest, key: str, limit: int | None = None) -> str:
    """The message as people read it, in at most `limit` characters: the least bad alerts are left out first.

    Its last line is always the key.
    """
    last = KEY_LINE.format(key=key)
    for shown in range(len(digest.alerts) + len(digest.resolved), -1, -1):
        text = _body(digest, shown)
        if limit is None or len(text) + len(last) + 2 <= limit:
            return f"{text}\n\n{last}"
    return f"{_body(digest, 0)[: max(limit or 0, len(last) + 3) - len(last) - 3]}…\n\n{last}"


def _body(digest: Digest, shown: int) -> str:
    """The first so many, what stands before what is over."""
    alerts, over = digest.alerts[:shown], digest.resolved[: max(0, shown - len(digest.alerts))]
    more_alerts = digest.more_alerts + len(digest.alerts) - len(alerts)
    more_over = digest.more_resolved + len(digest.resolved) - len(over)
    parts = [item.text for item in alerts]
    parts += [_MORE.format(count=more_alerts)] if more_alerts else []
    if over or more_over:
        lines = [item.text for item in over] + ([_MORE.format(count=more_over)] if more_over else [])
        parts.append("\n".join(["Over:", *lines]))
    return "\n\n".join(parts)
