"""The outbox as a queue: taking out the next message that may go now, and writing down what became of it.

Each function is one transaction, so that whoever is killed between two leaves a message that is waiting, or one that is
`sending`: nobody knows whether the other side has it, and it is sent again under the same key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from models.alerts import AlertSeverity
from pipelines.alerting.messages import Digest, Message, MessageKind
from pipelines.alerting.outbox import as_text
from pipelines.night.operator import opened

_MINUTE = timedelta(minutes=1)
_RANKED = "case severity when 'critical' then 0 when 'warning' then 1 else 2 end"
_COLUMNS = "message_id, channel, kind, severity, body, attempts, created_at, expires_at"
FAILURES_BEFORE_WAITING = 5
"""After so many in a row a channel's other messages wait for the next retry."""


@dataclass(frozen=True)
class Terms:
    """What the settings say of a channel: until when it holds back a severity (None: it does not), and how fast it may go."""

    holds_until: Callable[[str, AlertSeverity], datetime | None]
    max_per_minute: Callable[[str], int]


def recover(store: Path) -> None:
    """Messages that a killed process was sending wait again. Only the holder of the delivery lock may call it."""
    with opened(store) as connection:
        connection.execute("update alert_message set state = 'waiting' where state = 'sending'")


def take(store: Path, now: datetime, terms: Terms) -> Message | datetime | None:
    """The next message, now `sending` with one attempt more; or when to ask again; or None when nothing waits."""
    taken, later = None, []
    with opened(store) as connection:
        for message_id, channel, severity, not_before in _waiting(connection):
            ready_at = max(not_before, _ready_at(connection, channel, severity, now, terms))
            if ready_at <= now:
                taken = _claim(connection, message_id, channel, now)
                break
            later.append(ready_at)
    return taken or min(later, default=None)


def mark_sent(store: Path, message: Message, now: datetime) -> None:
    """It is out; its text, which names people, is not kept: not even in pages of the file that are free again."""
    with opened(store) as connection:
        connection.execute("pragma secure_delete = on")
        connection.execute(
            "update alert_message set state = 'sent', sent_at = ?, body = '', last_error = null where message_id = ?",
            [as_text(now), message.message_id],
        )
        connection.execute(
            "update alert_channel set failures = 0, waits_until = null where channel = ?", [message.channel]
        )


def put_back(store: Path, message: Message, fault: str, until: datetime, *, whole_channel: bool) -> None:
    """It failed and is tried again then; `whole_channel`: nothing else goes there before."""
    with opened(store) as connection:
        connection.execute(
            "update alert_message set state = 'waiting', not_before = ?, last_error = ? where message_id = ?",
            [as_text(until), fault, message.message_id],
        )
        _count_failure(connection, message.channel, until, whole_channel)


def bury(store: Path, message: Message, fault: str, until: datetime) -> None:
    """A dead letter: it is not tried again by itself. It counts as a failure of its channel."""
    with opened(store) as connection:
        connection.execute(
            "update alert_message set state = 'dead', last_error = ? where message_id = ?", [fault, message.message_id]
        )
        _count_failure(connection, message.channel, until, False)


def count_waiting(store: Path) -> int:
    """How many messages are not out yet and not dead."""
    with opened(store, writing=False) as connection:
        (found,) = connection.execute(
            "select count(*) from alert_message where state in ('waiting', 'sending')"
        ).fetchone()
    return int(found)


def revive_dead(store: Path, now: datetime, give_up_after: timedelta) -> int:
    """Dead letters wait again, with all the time of new ones, once what killed them is mended; how many."""
    with opened(store) as connection:
        connection.execute("update alert_channel set failures = 0, waits_until = null")
        return connection.execute(
            "update alert_message set state = 'waiting', attempts = 0, not_before = ?, expires_at = ?"
            " where state = 'dead'",
            [as_text(now), as_text(now + give_up_after)],
        ).rowcount


def _waiting(connection: sqlite3.Connection) -> Iterator[tuple[str, str, AlertSeverity, datetime]]:
    """The worst first, then the oldest."""
    rows = connection.execute(
        "select message_id, channel, severity, not_before from alert_message where state = 'waiting'"
        f" order by {_RANKED}, created_at, message_id"
    ).fetchall()
    for message_id, channel, severity, not_before in rows:
        yield message_id, channel, AlertSeverity(severity), datetime.fromisoformat(not_before)


def _ready_at(
    connection: sqlite3.Connection, channel: str, severity: AlertSeverity, now: datetime, terms: Terms
) -> datetime:
    """When its channel may take it: not in quiet hours, not while it waits after failures, not too many a minute."""
    ready = [terms.holds_until(channel, severity) or now]
    found = connection.execute(
        "select waits_until, attempted_at from alert_channel where channel = ?", [channel]
    ).fetchone()
    if found is not None:
        waits_until, attempted_at = found
        ready += [datetime.fromisoformat(waits_until)] if waits_until else []
        recent = _of_last_minute(attempted_at, now)
        most = terms.max_per_minute(channel)
        ready += [recent[-most] + _MINUTE] if len(recent) >= most else []
    return max(ready)


def _claim(connection: sqlite3.Connection, message_id: str, channel: str, now: datetime) -> Message:
    connection.execute(
        "update alert_message set state = 'sending', attempts = attempts + 1 where message_id = ?", [message_id]
    )
    connection.execute(
        "insert or ignore into alert_channel (channel, told_since) values (?, ?)", [channel, as_text(now)]
    )
    (before,) = connection.execute("select attempted_at from alert_channel where channel = ?", [channel]).fetchone()
    attempts = json.dumps([as_text(at) for at in [*_of_last_minute(before, now), now]])
    connection.execute("update alert_channel set attempted_at = ? where channel = ?", [attempts, channel])
    row = connection.execute(f"select {_COLUMNS} from alert_message where message_id = ?", [message_id]).fetchone()
    return _message(*row)


def _of_last_minute(attempted_at: str, now: datetime) -> list[datetime]:
    """Attempts by their instants, oldest first; of a clock that was set back, none that lies ahead."""
    return [at for at in map(datetime.fromisoformat, json.loads(attempted_at)) if now - _MINUTE < at <= now]


def _message(
    message_id: str, channel: str, kind: str, severity: str, body: str, attempts: int, created_at: str, expires_at: str
) -> Message:
    return Message(
        message_id, channel, MessageKind(kind), AlertSeverity(severity), Digest.read(body) if body else None, attempts,
        datetime.fromisoformat(created_at), datetime.fromisoformat(expires_at),
    )  # fmt: skip


def _count_failure(connection: sqlite3.Connection, channel: str, until: datetime, whole_channel: bool) -> None:
    connection.execute("update alert_channel set failures = failures + 1 where channel = ?", [channel])
    connection.execute(
        "update alert_channel set waits_until = ? where channel = ? and (failures >= ? or ?)",
        [as_text(until), channel, FAILURES_BEFORE_WAITING, whole_channel],
    )
