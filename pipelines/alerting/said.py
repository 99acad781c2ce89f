"""What people say of alerts: acknowledgements and silences, in var/operator.sqlite; silences in the settings too.

Days are the company's and both ends of a silence are included. What belongs here: writing and reading what was said.
What does not: what a night makes of it (episodes.py), and whether an id or a rule exists (the command asks).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.night.operator import opened

if TYPE_CHECKING:
    from models.alert_settings import Alerts, SilenceRule

_SILENCE = "select silence_id, rule, subject, team, from_date, to_date, reason, silenced_by, silenced_at"


@dataclass(frozen=True)
class Acknowledgement:
    """Somebody has seen an alert and takes care of it."""

    alert_id: str
    acknowledged_at: datetime
    acknowledged_by: str
    note: str | None


@dataclass(frozen=True)
class Silence:
    """Subjects that raise nothing for a while; what is blank matches everything.

    `silence_id` is blank for one of touchline.yaml, which only an edit ends.
    """

    rule: str | None
    subject: str | None
    team: str | None
    from_date: date | None
    to_date: date | None
    reason: str
    silence_id: str | None = None
    silenced_by: str = "touchline.yaml"
    silenced_at: datetime | None = None

    def as_rule(self) -> SilenceRule:
        """As settings say it, which is how the nights' judgement wants it."""
        from models.alert_settings import SilenceRule

        return SilenceRule(
            rule=self.rule,
            subject=self.subject,
            team=self.team,
            from_date=self.from_date,
            to_date=self.to_date,
            reason=self.reason,
        )

    def is_on(self, day: date) -> bool:
        """Whether it holds on this company day."""
        return (self.from_date is None or self.from_date <= day) and not self.is_past(day)

    def is_past(self, day: date) -> bool:
        """Whether its last day is over."""
        return self.to_date is not None and self.to_date < day

    def hides(self, rule: str, subject_id: str, team: str | None) -> bool:
        """Whether it is about this rule and subject."""
        wanted = ((self.rule, rule), (self.subject, subject_id), (self.team, team))
        return all(said is None or said == found for said, found in wanted)


def acknowledge(store: Path, alert_ids: Iterable[str], *, by: str, note: str | None, at: datetime) -> None:
    """Writes that somebody takes care of these alerts: all or none of them. Who says it last stands; a note stays."""
    with opened(store) as connection:
        connection.executemany(
            "insert into alert_ack (alert_id, acknowledged_at, acknowledged_by, note) values (?, ?, ?, ?)"
            " on conflict (alert_id) do update set acknowledged_at = excluded.acknowledged_at,"
            " acknowledged_by = excluded.acknowledged_by, note = coalesce(excluded.note, note)",
            [(alert_id, at.isoformat(), by, note) for alert_id in alert_ids],
        )


def read_acknowledgements(store: Path) -> dict[str, Acknowledgement]:
    """All of them, by alert."""
    if not store.exists():
        return {}
    with opened(store, writing=False) as connection:
        found = connection.execute("select alert_id, acknowledged_at, acknowledged_by, note from alert_ack").fetchall()
    return {
        alert_id: Acknowledgement(alert_id, datetime.fromisoformat(at), by, note) for alert_id, at, by, note in found
    }


def read_acknowledged(store: Path) -> frozenset[str]:
    """The alerts that somebody takes care of."""
    return frozenset(read_acknowledgements(store))


def give_silence(
    store: Path,
    *,
    rule: str | None,
    subject: str | None,
    team: str | None,
    to_date: date,
    reason: str,
    by: str,
    at: datetime,
) -> Silence:
    """Writes a silence. It has no first day: whichever day the next night judges, it is meant."""
    given = Silence(rule, subject, team, None, to_date, reason, secrets.token_hex(4), by, at)
    with opened(store) as connection:
        connection.execute(
            "insert into alert_silence (silence_id, rule, subject, team, to_date, reason, silenced_at, silenced_by)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [given.silence_id, rule, subject, team, to_date.isoformat(), reason, at.isoformat(), by],
        )
    return given


def end_silence(store: Path, silence_id: str, *, at: datetime) -> Silence | None:
    """Ends a silence that somebody gave; None when none of this id stands."""
    standing = {silence.silence_id: silence for silence in read_silences(store)}.get(silence_id)
    if standing is None:
        return None
    with opened(store) as connection:
        connection.execute(
            "update alert_silence set ended_at = ? where silence_id = ? and ended_at is null",
            [at.isoformat(), silence_id],
        )
    return standing


def read_silences(store: Path) -> tuple[Silence, ...]:
    """The silences that people gave and nobody ended, oldest first, those included whose last day is over."""
    if not store.exists():
        return ()
    with opened(store, writing=False) as connection:
        found = connection.execute(
            f"{_SILENCE} from alert_silence where ended_at is null order by silenced_at, silence_id"
        ).fetchall()
    return tuple(
        Silence(rule, subject, team, _day(first), _day(last), reason, name, by, datetime.fromisoformat(at))
        for name, rule, subject, team, first, last, reason, by, at in found
    )


def all_silences(alerts: Alerts, store: Path) -> tuple[Silence, ...]:
    """Those of the settings, then those that people gave."""
    written = (
        Silence(one.rule, one.subject, one.team, one.from_date, one.to_date, one.reason) for one in alerts.silences
    )
    return (*written, *read_silences(store))


def silence_on(
    silences: Iterable[Silence], day: date, *, rule: str, subject_id: str, team: str | None
) -> Silence | None:
    """The first silence that hides this rule and subject on this day."""
    return next((one for one in silences if one.is_on(day) and one.hides(rule, subject_id, team)), None)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
