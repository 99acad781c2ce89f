"""One night of alerts: verdicts become episodes in marts.alerts, their changes and what was judged go to ops.

Only subjects that are beyond a limit or have an open episode reach Python. What belongs here: reading verdicts and
writing what the fold makes of them. What does not: the verdicts (sql/alert_judgement.py), the fold (episodes.py), and
telling anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import duckdb

from models.alert_settings import RuleSettings, SilenceRule
from models.alerts import AlertSeverity, RuleSpec, SubjectType, WhenMissing
from models.settings import Settings
from pipelines.alerting.episode_rows import JUDGED, judgements_of, merge_rows, newest_episodes
from pipelines.alerting.episodes import Episode, Judgement, Night, Policy, Transition, Verdict, advance
from sql.alert_judgement import Evaluation, Status, evaluate
from sql.alert_limits import write_nights
from sql.rules import Rule

_KNOWN = (SubjectType.REP, SubjectType.TEAM, SubjectType.COMPANY, SubjectType.SOURCE)
"""Of these it is known who exists."""


@dataclass(frozen=True)
class Judged:
    """What a night made of the rules: its evaluations, the episodes that changed, and the changes people are told of."""

    evaluations: tuple[Evaluation, ...] = ()
    changed: tuple[Episode, ...] = ()
    transitions: tuple[Transition, ...] = ()

    @property
    def news(self) -> tuple[Transition, ...]:
        """The changes that people are told of."""
        return tuple(one for one in self.transitions if one.is_news)


def judge_night(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    settings: Settings,
    night: Night,
    acknowledged: frozenset[str] = frozenset(),
    silences: Iterable[SilenceRule] = (),
) -> Judged:
    """Judges one night on the tables as they stand; `acknowledged` are alert ids, `silences` those that people gave.

    A night that lies before one that was judged changes nothing: rebuilt history does not alert. Judging a night again
    changes nothing either.
    """
    if _is_history(connection, night):
        return Judged()
    write_nights(connection, [night.date])
    evaluations = evaluate(connection, rules, settings, silences)
    return fold_night(connection, rules, settings, night, acknowledged, evaluations)


def fold_night(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    settings: Settings,
    night: Night,
    acknowledged: frozenset[str],
    evaluations: Iterable[Evaluation],
) -> Judged:
    """One of the nights that were evaluated, folded into the episodes; a backtest evaluates all and folds one by one."""
    tonight = {one.rule: one for one in evaluations if one.night_date == night.date}
    specs = {rule.name: rule.spec for rule in rules}
    episodes = newest_episodes(connection, night)
    judgements = judgements_of(connection, night)
    missing = [key for key, episode in episodes.items() if episode.is_open and key not in judgements]
    standing = _Absence(connection, night, tonight, specs)
    judgements |= {key: standing.judge(episodes[key]) for key in missing}
    changed, transitions = [], []
    for key in sorted(judgements):
        before, judgement = episodes.get(key), judgements[key]
        policy = policy_of(specs.get(judgement.rule), settings, judgement.rule)
        after, transition = advance(before, judgement, policy, night, acknowledged)
        changed += [after] if after is not None and after != before else []
        transitions += [transition] if transition is not None else []
    judged = Judged(tuple(tonight.values()), tuple(changed), tuple(transitions))
    _write(connection, night, judged)
    return judged


def policy_of(spec: RuleSpec | None, settings: Settings, name: str) -> Policy:
    """What settings and the rule's YAML say of its episodes; a rule that is gone has a policy too, to end by."""
    if spec is None:
        return Policy(AlertSeverity.INFO)
    said = settings.alerts.rules.get(name, RuleSettings())
    return Policy(
        said.severity or spec.severity,
        said.for_nights or spec.for_nights,
        said.recover_nights or spec.recover_nights,
        spec.runbook,
    )


def _is_history(connection: duckdb.DuckDBPyConnection, night: Night) -> bool:
    found = connection.execute("select max(as_of) > ? from ops.alert_evaluation", [night.as_of]).fetchone()
    return bool(found and found[0])


class _Absence:
    """What it means that a rule says nothing of a subject with an open episode."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        night: Night,
        tonight: Mapping[str, Evaluation],
        specs: Mapping[str, RuleSpec],
    ) -> None:
        self.tonight, self.specs = tonight, specs
        self.there = set(
            connection.execute(
                "select subject_type, subject_id from staging.alert_subject where night_date = ?", [night.date]
            ).fetchall()
        )
        self.stale = {
            rule
            for (rule,) in connection.execute(
                "select rule from staging.alert_stale where night_date = ?", [night.date]
            ).fetchall()
        }

    def judge(self, episode: Episode) -> Judgement:
        """Gone, over, or nothing known."""
        status = self.tonight[episode.rule].status if episode.rule in self.tonight else Status.OFF
        is_known = episode.subject_type in _KNOWN
        if status is Status.OFF:
            return _absent(episode, Verdict.GONE, "rule_off")
        if is_known and (episode.subject_type, episode.subject_id) not in self.there:
            return _absent(episode, Verdict.GONE)
        lists_all_wrong = self.specs[episode.rule].when_missing is WhenMissing.RESOLVE
        is_told = status is Status.JUDGED and episode.rule not in self.stale
        return _absent(episode, Verdict.CLEAR if lists_all_wrong and is_told else Verdict.MISSING)


def _absent(episode: Episode, verdict: Verdict, reason: str | None = None) -> Judgement:
    """With the figures when last seen, so that what is over still says what it was."""
    figures = {name: getattr(episode, name) for name in JUDGED if name not in ("verdict", "suppressed_by")}
    return Judgement(**figures, verdict=verdict, reason=reason)


def _write(connection: duckdb.DuckDBPyConnection, night: Night, judged: Judged) -> None:
    """Only what changed: the rest is carried with the generation."""
    merge_rows(connection, "marts.alerts", [asdict(one) for one in judged.changed])
    merge_rows(connection, "ops.alert_transition", [asdict(one) for one in judged.transitions])
    merge_rows(connection, "ops.alert_evaluation", [asdict(one) | {"as_of": night.as_of} for one in judged.evaluations])
