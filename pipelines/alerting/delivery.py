"""Delivers the outbox: at least once, in the order of what is worst, without ever failing whoever asks for it.

One deliverer at a time holds a flock beside the store. It takes a message (written down as `sending`), sends it, and
writes down what became of it; killed in between, it is sent again under the same key. A fault is tried again after a
random part of a time that doubles; five faults of a channel in a row hold its other messages back until its next try.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from models.alert_settings import Alerts, Channel
from models.alerts import AlertSeverity
from models.errors import TouchlineError
from pipelines.alerting.answers import Dead, Outcome, Retry, Sent
from pipelines.alerting.channels import send
from pipelines.alerting.messages import Message
from pipelines.alerting.queue import Terms, bury, count_waiting, mark_sent, put_back, recover, take
from pipelines.alerting.quiet_hours import quiet_until

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
_SHORTEST_WAIT = timedelta(seconds=1)
_HEARTBEATS_PER_MINUTE = 60


@dataclass(frozen=True)
class Delivered:
    """What a delivery did: messages sent and given up by it, those that wait now, and the last fault of each channel.

    `is_elsewhere`: another process was delivering, so nothing was done here.
    """

    sent: int = 0
    waiting: int = 0
    dead: int = 0
    faults: tuple[tuple[str, str], ...] = ()
    is_elsewhere: bool = False

    def after(self, message: Message, outcome: Outcome, is_dead: bool) -> Delivered:
        """With one more outcome."""
        if isinstance(outcome, Sent):
            return replace(self, sent=self.sent + 1)
        faults = {**dict(self.faults), message.channel: outcome.fault}
        return replace(self, dead=self.dead + is_dead, faults=tuple(faults.items()))


def deliver(
    store: Path,
    settings: Alerts,
    environment: Mapping[str, str],
    now: Callable[[], datetime],
    budget_seconds: float,
    *,
    timezone: str = "UTC",
    sleep: Callable[[float], None] = time.sleep,
    chance: random.Random | None = None,
) -> Delivered:
    """Sends what is due, and waits for what becomes due within the budget; begins nothing after it.

    `timezone` is the company's, for quiet hours. Faults of the other side stay in the outbox; only a store that cannot
    be used raises TouchlineError.
    """
    if not store.exists():
        return Delivered()
    with _only_deliverer(store) as is_alone:
        if not is_alone:
            return Delivered(waiting=count_waiting(store), is_elsewhere=True)
        if not count_waiting(store):
            return Delivered()
        recover(store)
        done = _drain(store, settings, environment, now, budget_seconds, timezone, sleep, chance or random.Random())
        return replace(done, waiting=count_waiting(store))


def _drain(
    store: Path, settings: Alerts, environment: Mapping[str, str], now: Callable[[], datetime], budget_seconds: float,
    timezone: str, sleep: Callable[[float], None], chance: random.Random,
) -> Delivered:  # fmt: skip
    done, ends = Delivered(), now() + timedelta(seconds=budget_seconds)
    while (moment := now()) <= ends:
        found = take(store, moment, _terms(settings, timezone, moment))
        if isinstance(found, Message):
            outcome = _attempt(found, settings, environment, moment)
            is_dead = _write_down(store, found, outcome, now(), chance)
            done = done.after(found, outcome, is_dead)
        elif found is None or found > ends:
            break
        else:
            sleep((found - moment).total_seconds())
    return done


def _attempt(message: Message, settings: Alerts, environment: Mapping[str, str], moment: datetime) -> Outcome:
    try:
        return send(message, settings, environment, moment)
    except Exception as error:  # the name only: its words may hold an address
        return Retry(f"failed with {type(error).__name__}")


def _write_down(store: Path, message: Message, outcome: Outcome, moment: datetime, chance: random.Random) -> bool:
    """What became of an attempt; whether the message is dead now."""
    if isinstance(outcome, Sent):
        mark_sent(store, message, moment)
        return False
    fault = f"{message.channel}: {outcome.fault}"
    asked = outcome.after if isinstance(outcome, Retry) else None
    until = moment + (_backoff(message.attempts, chance) if asked is None else max(asked, _SHORTEST_WAIT))
    if isinstance(outcome, Dead) or moment >= message.expires_at:
        bury(store, message, fault, until)
        return True
    put_back(store, message, fault, until, whole_channel=asked is not None)
    return False


def _backoff(attempts: int, chance: random.Random) -> timedelta:
    """Anything up to 30 s after the first attempt, doubling to an hour: random, so that many do not come at once."""
    longest = min(_FIRST_WAIT * float(2 ** min(attempts - 1, 16)), _LONGEST_WAIT)
    return max(longest * chance.random(), _SHORTEST_WAIT)


def _terms(settings: Alerts, timezone: str, moment: datetime) -> Terms:
    channels: dict[str, Channel] = {channel.name: channel for channel in settings.channels}

    def holds_until(name: str, severity: AlertSeverity) -> datetime | None:
        channel = channels.get(name)
        if channel is None or severity is AlertSeverity.CRITICAL:
            return None
        return quiet_until(moment, channel.quiet_hours, timezone)

    def max_per_minute(name: str) -> int:
        return channels[name].max_per_minute if name in channels else _HEARTBEATS_PER_MINUTE

    return Terms(holds_until, max_per_minute)


@contextmanager
def _only_deliverer(store: Path) -> Iterator[bool]:
    """False when another process delivers. The system lets go of the lock when its holder ends, however it ends."""
    lock = store.with_name("delivery.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise TouchlineError(
            f"{lock} cannot be opened: {error.strerror}, so nothing was delivered",
            "Give the user who runs Touchline write permission there, then deliver again; messages are kept.",
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
