"""The outbox: what is to be told to whom, in var/operator.sqlite. Filled after publish, in one transaction.

Which news are due is asked of the outbox itself, not of the night: every (alert, place, channel) is written once ever,
so filling it again with the same generation, after a crash or a rollback, adds nothing.

A channel hears what changed since it was first seen here, and of the three days before; one that leaves the settings is
forgotten and begins anew. So nothing is lost to a night that died before it came here, and a new channel is not flooded
with years of old news.

What belongs here: who is told what, once. What does not: sending (delivery.py) and words (digest.py).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from models.alert_settings import Channel
from models.alerts import AlertSeverity, SubjectType
from pipelines.alerting.digest import News, RuleWords, make_digest, worst_severity
from pipelines.alerting.messages import MessageKind
from pipelines.night.operator import opened

NEW_CHANNEL_HEARS = timedelta(days=3)
HEARTBEAT = "(heartbeat)"
"""Stands where messages name their channel; no channel can be called so."""


@dataclass(frozen=True)
class Audience:
    """Who may be told what. `headcounts`: people by team; a team it does not know is too small to be spoken of."""

    channels: tuple[Channel, ...]
    rules: Mapping[str, RuleWords]
    headcounts: Mapping[str, int]
    min_group: int
    give_up_after: timedelta


def enqueue(store: Path, audience: Audience, news: Sequence[News], *, at: datetime, as_of: datetime) -> int:
    """Writes a digest per channel, team and night of whatever news no message holds yet; how many digests.

    `news`: all changes of the published generation that are news, old ones too; `as_of`: its instant; `at`: now.
    """
    if not audience.channels and not store.exists():
        return 0
    written = 0
    with opened(store) as connection:
        told_since = _remember_channels(connection, audience.channels, as_of)
        for channel in audience.channels:
            wanted = [one for one in news if as_text(one.transition.changed_at) >= told_since[channel.name]]
            fresh = _untold(connection, channel.name, [one for one in wanted if concerns(channel, one, audience)])
            for _, group in groupby(sorted(fresh, key=_team_and_night), key=_team_and_night):
                _write_digest(connection, channel.name, list(group), audience, at)
                written += 1
    return written


def enqueue_heartbeat(store: Path, night: str, *, at: datetime, give_up_after: timedelta) -> None:
    """One GET of the heartbeat address for a good night, named by its generation; those before it expire."""
    key = _key(HEARTBEAT, [night])
    with opened(store) as connection:
        connection.execute(
            "delete from alert_message where channel = ? and state in ('waiting', 'dead') and message_id <> ?",
            [HEARTBEAT, key],
        )
        _write(connection, key, HEARTBEAT, MessageKind.HEARTBEAT, AlertSeverity.CRITICAL, "", at, give_up_after)


def concerns(channel: Channel, news: News, audience: Audience) -> bool:
    """Whether the settings send it there, and its group is large enough to be spoken of in a shared channel."""
    episode = news.episode
    return (
        episode.severity in channel.severities
        and (not channel.rules or episode.rule in channel.rules)
        and (not channel.teams or episode.team in channel.teams)
        and (channel.resolved or not news.is_over)
        and (channel.about_reps or _may_be_shared(news, audience))
    )


def as_text(at: datetime) -> str:
    """An instant as the store holds it: texts compare as the instants do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _may_be_shared(news: News, audience: Audience) -> bool:
    episode = news.episode
    if episode.subject_type == SubjectType.REP:
        return False
    if episode.subject_type == SubjectType.TEAM:
        return audience.headcounts.get(episode.subject_id, 0) >= audience.min_group
    return True


def _remember_channels(connection: sqlite3.Connection, channels: Iterable[Channel], as_of: datetime) -> dict[str, str]:
    """From which instant on each channel is told; channels that the settings no longer name are forgotten."""
    names = [channel.name for channel in channels]
    begins = as_text(as_of - NEW_CHANNEL_HEARS)
    connection.execute(
        f"delete from alert_channel where channel not in ({', '.join('?' * (len(names) + 1))})", [HEARTBEAT, *names]
    )
    connection.executemany(
        "insert or ignore into alert_channel (channel, told_since) values (?, ?)", [(name, begins) for name in names]
    )
    return dict(connection.execute("select channel, told_since from alert_channel").fetchall())


def _untold(connection: sqlite3.Connection, channel: str, news: Iterable[News]) -> list[News]:
    found = connection.execute("select alert_id, place from alert_news where channel = ?", [channel])
    told = {(str(alert_id), int(place)) for alert_id, place in found}
    fresh = {(one.transition.alert_id, one.transition.place): one for one in news}
    return [one for identity, one in fresh.items() if identity not in told]


def _team_and_night(news: News) -> tuple[date, str]:
    return news.transition.night_date, news.episode.team or ""


def _write_digest(
    connection: sqlite3.Connection, channel: str, news: Sequence[News], audience: Audience, at: datetime
) -> None:
    identities = sorted((one.transition.alert_id, one.transition.place) for one in news)
    key = _key(channel, [f"{alert_id} {place}" for alert_id, place in identities])
    body = make_digest(news, audience.rules).written()
    kind = MessageKind.DIGEST
    _write(connection, key, channel, kind, worst_severity(news), body, at, audience.give_up_after)
    connection.executemany(
        "insert into alert_news (alert_id, place, channel, message_id) values (?, ?, ?, ?)",
        [(alert_id, place, channel, key) for alert_id, place in identities],
    )


def _write(
    connection: sqlite3.Connection, key: str, channel: str, kind: MessageKind, severity: AlertSeverity,
    body: str, at: datetime, give_up_after: timedelta,
) -> None:  # fmt: skip
    connection.execute(
        "insert or ignore into alert_message"
        " (message_id, channel, kind, severity, body, state, created_at, not_before, expires_at)"
        " values (?, ?, ?, ?, ?, 'waiting', ?, ?, ?)",
        [key, channel, kind, severity, body, as_text(at), as_text(at), as_text(at + give_up_after)],
    )


def _key(channel: str, parts: Sequence[str]) -> str:
    """The dedup key: the same for the same news to the same channel, also when the store was lost and filled again."""
    return hashlib.sha256("\0".join([channel, *parts]).encode()).hexdigest()[:32]
