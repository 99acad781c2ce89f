"""The pipeline's own health: `publication_blocked` and `night_failed`, which cannot wait for a publication, and
`copy_behind`, which is known only after it.

Their episodes live in operator.sqlite (`health_episode`), each with its changes of state, and go through the same fold
as those of a generation. Whoever tells people asks for all news there ever were: what a crash kept from being told is
then told later. What belongs here: what a night's end makes of the episodes. What does not: catching the failure, and
telling people of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.alerts import COPY_BEHIND, NIGHT_FAILED, PUBLICATION_BLOCKED, AlertSeverity, Limit, SubjectType, Suppressor
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
Kept = tuple[Episode, tuple[Transition, ...]]
SUBJECT = "all"
_EVIDENCE_LINES = 5
_BLOCKED, _WRONG_USAGE, _BUSY = 3, 2, 4
UNPUBLISHED = (PUBLICATION_BLOCKED, NIGHT_FAILED)
"""Rules of nights that published nothing."""


@dataclass(frozen=True)
class HealthRule:
    """What a rule without SQL says: a few words after `The night`, and what to do."""

    title: str
    what_to_do: str
    severity: AlertSeverity = AlertSeverity.CRITICAL
    limits: tuple[Limit, ...] = ()

    def runbook(self, rule: str) -> str:
        """Where the rule is explained."""
        return f"docs/alerts.md#{rule}"


HEALTH_RULES = {
    PUBLICATION_BLOCKED: HealthRule(
        "was not published: a check stopped it",
        "`touchline status` shows what the check found; mend the export or the setting, then: touchline run",
    ),
    NIGHT_FAILED: HealthRule(
        "failed",
        "`touchline status` shows the error and its remedy, `touchline doctor` what to mend; then: touchline run",
    ),
    COPY_BEHIND: HealthRule(
        "is published here, and its copy at storage.publish is behind",
        "`touchline doctor` tries the place and says what to mend; the next night copies again: touchline run",
        AlertSeverity.WARNING,
    ),
}


def health_rule_of(exit_code: int) -> str | None:
    """The rule that a night's exit code raises; None when nobody needs to come: it went well, another night was
    running, or a person called it wrongly and was told so."""
    if exit_code in (0, _WRONG_USAGE, _BUSY):
        return None
    return PUBLICATION_BLOCKED if exit_code == _BLOCKED else NIGHT_FAILED


def night_went_wrong(
    store: Path,
    rule: str,
    error: str,
    *,
    as_of: datetime,
    timezone: str,
    alerts: Alerts,
) -> list[News]:
    """The news of a night that failed, if it is news: a second failure in a row is the same episode.

    `error` is masked already.
    """
    chosen = alerts.rules.get(rule)
    if not alerts.enabled or (chosen is not None and not chosen.enabled):
        return []
    severity = (chosen.severity if chosen else None) or HEALTH_RULES[rule].severity
    night = Night.at(as_of, timezone)
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
        before = [episode for episode, _ in _read(connection) if episode.rule == rule]
        return _keep(connection, [_fold(before, judgement, policy, night, acknowledged)])


def night_went_well(store: Path, *, as_of: datetime, timezone: str, rules: Collection[str] = UNPUBLISHED) -> list[News]:
    """The news of a good night: what stood of these rules is over, on the day of the failure too."""
    if not any(episode.is_open and episode.rule in rules for episode in read_health(store)):
        return []
    night = Night.at(as_of, timezone)
    with opened(store) as connection:
        steps = [
            advance(episode, _mended(episode), Policy(episode.severity, runbook=episode.runbook), night, frozenset())
            for episode, _ in _read(connection)
            if episode.is_open and episode.rule in rules
        ]
        return _keep(connection, steps)


def read_health(store: Path) -> tuple[Episode, ...]:
    """Every episode of the pipeline's health, oldest first."""
    return tuple(episode for episode, _ in _kept(store))


def read_health_changes(store: Path) -> dict[str, tuple[Transition, ...]]:
    """The changes of state of each of these episodes, oldest first."""
    return {episode.alert_id: changes for episode, changes in _kept(store)}


def read_health_news(store: Path) -> tuple[News, ...]:
    """All that people were ever to be told of the pipeline's health, oldest first; each episode as it stands now."""
    return tuple((episode, change) for episode, changes in _kept(store) for change in changes if change.is_news)


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


def _keep(connection: sqlite3.Connection, steps: Iterable[tuple[Episode | None, Transition | None]]) -> list[News]:
    """Writes the episodes, each with its changes so far and tonight's; returns the news among these."""
    before = {episode.alert_id: changes for episode, changes in _read(connection)}
    news = []
    for episode, change in steps:
        if episode is None:
            continue
        changes = (*before.get(episode.alert_id, ()), *([change] if change else []))
        content = asdict(episode) | {"changes": [asdict(one) for one in changes]}
        connection.execute(
            "insert into health_episode (alert_id, content) values (?, ?)"
            " on conflict (alert_id) do update set content = excluded.content",
            [episode.alert_id, json.dumps(content, default=str, ensure_ascii=False)],
        )
        news += [(episode, change)] if change and change.is_news else []
    return news


def _kept(store: Path) -> list[Kept]:
    if not store.exists():
        return []
    with opened(store, writing=False) as connection:
        return _read(connection)


def _read(connection: sqlite3.Connection) -> list[Kept]:
    found = connection.execute("select content from health_episode order by rowid").fetchall()
    return [(_episode(content), tuple(map(_change, content["changes"]))) for content in map(_parsed, found)]


def _parsed(row: tuple[str]) -> dict[str, Any]:
    content = json.loads(row[0])
    assert isinstance(content, dict)
    return content


def _episode(content: dict[str, Any]) -> Episode:
    """The inverse of what `_keep` writes; keys of other versions are left out."""
    known = {field.name: content[field.name] for field in fields(Episode)}
    by = known["suppressed_by"]
    kinds = {"severity": AlertSeverity(known["severity"]), "state": State(known["state"])}
    return Episode(**{**known, **_times(known), **kinds, "suppressed_by": by and Suppressor(by)})


def _change(content: dict[str, Any]) -> Transition:
    known = {field.name: content[field.name] for field in fields(Transition)}
    before = known["from_state"]
    kinds = {"from_state": before and State(before), "to_state": State(known["to_state"])}
    return Transition(**{**known, **_times(known), **kinds})


def _times(known: dict[str, Any]) -> dict[str, datetime | date]:
    """Instants end in `_at`, days in `_date`; what is blank stays so."""
    instants = {name: datetime.fromisoformat(text) for name, text in known.items() if name.endswith("_at") and text}
    return instants | {name: date.fromisoformat(text) for name, text in known.items() if name.endswith("_date")}
