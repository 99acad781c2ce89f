"""The pipeline's own health: `publication_blocked` and `night_failed`, which cannot wait for a publication.

Their episodes live in operator.sqlite (`health_episode`) and go through the same fold as those of a generation. What
belongs here: what a night's end makes of them. What does not: catching the failure, and telling people of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from models.alerts import AlertSeverity, SubjectType, Suppressor
from pipelines.alerting.episodes import (
    Episode,
    Judgement,
    Night,
    Policy,
    State,
    Transition,
    Verdict,
    advance,
    alert_id_of,
)
from pipelines.alerting.said import all_silences, read_acknowledged, silence_on
from pipelines.night.operator import opened

if TYPE_CHECKING:
    from models.alert_settings import Alerts

News = tuple[Episode, Transition]
Enqueue = Callable[[sqlite3.Connection, Sequence[News]], None]
SUBJECT = "all"
_EVIDENCE_LINES = 5
_BLOCKED, _WRONG_USAGE, _BUSY = 3, 2, 4


@dataclass(frozen=True)
class HealthRule:
    """What a rule without SQL says: a few words after `The night`, and what to do."""

    title: str
    what_to_do: str

    def runbook(self, rule: str) -> str:
        """Where the rule is explained."""
        return f"docs/alerts.md#{rule}"


HEALTH_RULES = {
    "publication_blocked": HealthRule(
        "was not published: a check stopped it",
        "`touchline status` shows what the check found; mend the export or the setting, then: touchline run",
    ),
    "night_failed": HealthRule(
        "failed",
        "`touchline status` shows the error and its remedy, `touchline doctor` what to mend; then: touchline run",
    ),
}


def health_rule_of(exit_code: int) -> str | None:
    """The rule that a night's exit code raises; None when nobody needs to come: it went well, another night was
    running, or a person called it wrongly and was told so."""
    if exit_code in (0, _WRONG_USAGE, _BUSY):
        return None
    return "publication_blocked" if exit_code == _BLOCKED else "night_failed"


def night_went_wrong(
    store: Path,
    rule: str,
    error: str,
    *,
    as_of: datetime,
    timezone: str,
    alerts: Alerts,
    enqueue: Enqueue | None = None,
) -> list[News]:
    """The news of a night that failed, if it is news: a second failure in a row is the same episode.

    `error` is masked already. `enqueue` is called inside the transaction, so that no news is lost between the two.
    """
    chosen = alerts.rules.get(rule)
    if not alerts.enabled or (chosen is not None and not chosen.enabled):
        return []
    severity = (chosen.severity if chosen else None) or AlertSeverity.CRITICAL
    night = _night(as_of, timezone)
    silence = silence_on(all_silences(alerts, store), night.date, rule=rule, subject_id=SUBJECT, team=None)
    judgement = Judgement(
        rule,
        SubjectType.NIGHT,
        SUBJECT,
        Verdict.BEYOND,
        subject_name="The night",
        suppressed_by=Suppressor.SILENCE if silence else None,
        evidence=_evidence(error),
    )
    policy = Policy(severity, runbook=HEALTH_RULES[rule].runbook(rule))
    acknowledged = read_acknowledged(store)
    with opened(store) as connection:
        before = [episode for episode in _read(connection) if episode.rule == rule]
        return _keep(connection, [_fold(before, judgement, policy, night, acknowledged)], enqueue)


def night_went_well(store: Path, *, as_of: datetime, timezone: str, enqueue: Enqueue | None = None) -> list[News]:
    """The news of a good night: what stood of both rules is over, on the day of the failure too."""
    if not any(episode.is_open for episode in read_health(store)):
        return []
    night = _night(as_of, timezone)
    with opened(store) as connection:
        steps = [
            advance(episode, _mended(episode), Policy(episode.severity, runbook=episode.runbook), night, frozenset())
            for episode in _read(connection)
            if episode.is_open
        ]
        return _keep(connection, steps, enqueue)


def read_health(store: Path) -> tuple[Episode, ...]:
    """Every episode of the pipeline's health, oldest first."""
    if not store.exists():
        return ()
    with opened(store, writing=False) as connection:
        return tuple(_read(connection))


def _night(as_of: datetime, timezone: str) -> Night:
    return Night(as_of.astimezone(ZoneInfo(timezone)).date(), as_of)


def _evidence(error: str) -> str:
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    named = {"what failed": lines[0] if lines else "(no message)"}
    more = lines[1:_EVIDENCE_LINES]
    return json.dumps(named | ({"more": "\n".join(more)} if more else {}), ensure_ascii=False)


def _mended(episode: Episode) -> Judgement:
    """`gone`, not `clear`: a night that is repeated on the day it failed is no second look at the same figures."""
    return Judgement(episode.rule, SubjectType.NIGHT, SUBJECT, Verdict.GONE, reason="back_within_limits")


def _fold(
    before: list[Episode], judgement: Judgement, policy: Policy, night: Night, acknowledged: frozenset[str]
) -> tuple[Episode | None, Transition | None]:
    """The open episode goes on. Else a new one begins, with an id of its own: a night may fail, be mended and fail
    again on one day, and the second failure is news."""
    if before and before[-1].is_open:
        return advance(before[-1], judgement, policy, night, acknowledged)
    episode, transition = advance(None, judgement, policy, night, acknowledged)
    assert episode is not None  # it begins whenever something is beyond
    own = alert_id_of(judgement.rule, judgement.subject_type, f"{SUBJECT} {len(before) + 1}", night.date)
    return replace(episode, alert_id=own), transition and replace(transition, alert_id=own)


def _keep(
    connection: sqlite3.Connection, steps: Sequence[tuple[Episode | None, Transition | None]], enqueue: Enqueue | None
) -> list[News]:
    for episode, _ in steps:
        if episode is not None:
            connection.execute(
                "insert into health_episode (alert_id, content) values (?, ?)"
                " on conflict (alert_id) do update set content = excluded.content",
                [episode.alert_id, json.dumps(asdict(episode), default=str, ensure_ascii=False)],
            )
    news = [(episode, transition) for episode, transition in steps if episode and transition and transition.is_news]
    if enqueue is not None and news:
        enqueue(connection, news)
    return news


def _read(connection: sqlite3.Connection) -> list[Episode]:
    found = connection.execute("select content from health_episode order by rowid").fetchall()
    return [_episode(json.loads(content)) for (content,) in found]


def _episode(content: dict[str, Any]) -> Episode:
    """The inverse of what `_keep` writes; keys of other versions are left out."""
    known = {field.name: content[field.name] for field in fields(Episode)}
    instants = {name: datetime.fromisoformat(text) for name, text in known.items() if name.endswith("_at") and text}
    days = {name: date.fromisoformat(known[name]) for name in ("started_date", "last_seen_date")}
    by = known["suppressed_by"]
    kinds = {"severity": AlertSeverity(known["severity"]), "state": State(known["state"])}
    return Episode(**{**known, **instants, **days, **kinds, "suppressed_by": by and Suppressor(by)})
