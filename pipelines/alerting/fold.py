"""A night's verdicts folded into the episodes that stand: which change, and which changes people are told of. Pure.

What belongs here: which subjects a night is about, and what it means that a rule says nothing of one. What does not:
one episode's states (episodes.py), and where verdicts come from and episodes go to (judge.py, backtest.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from models.alert_settings import RuleSettings
from models.alerts import AlertSeverity, RuleSpec, SubjectType, WhenMissing
from models.settings import Settings
from pipelines.alerting.episodes import Episode, Judgement, Night, Policy, Transition, Verdict, advance
from sql.alert_judgement import Evaluation, Status
from sql.rules import Rule

Key = tuple[str, str, str]
"""Rule, type and id of the subject: there is one open episode of it."""

JUDGED = tuple(field.name for field in fields(Judgement) if field.name != "reason")
"""What a row of staging.alert_judgement says."""

_KNOWN = (SubjectType.REP, SubjectType.TEAM, SubjectType.COMPANY, SubjectType.SOURCE)
"""Of these it is known who exists."""


@dataclass(frozen=True)
class Told:
    """What is known of one night: verdicts, which subjects (type and id) of open episodes exist, and which rules stand
    on a stale source."""

    judgements: Mapping[Key, Judgement]
    there: frozenset[tuple[str, str]]
    stale: frozenset[str]


@dataclass(frozen=True)
class Judged:
    """What a night made of the rules: its evaluations, the episodes that changed, and the changes people are told of."""

    evaluations: tuple[Evaluation, ...] = ()
    changed: tuple[Episode, ...] = ()
    transitions: tuple[Transition, ...] = ()


def fold_verdicts(
    episodes: Mapping[Key, Episode],
    told: Told,
    evaluations: Sequence[Evaluation],
    rules: Sequence[Rule],
    settings: Settings,
    night: Night,
    acknowledged: frozenset[str] = frozenset(),
) -> Judged:
    """What the night makes of `episodes`, the newest of each rule and subject; `evaluations` are those of the night.

    Subjects without an episode that are beyond nothing are passed over.
    """
    statuses = {one.rule: one.status for one in evaluations}
    specs = {rule.name: rule.spec for rule in rules}
    standing = {key: one for key, one in episodes.items() if one.is_open or one.started_date == night.date}
    judgements = {key: one for key, one in told.judgements.items() if one.verdict is Verdict.BEYOND or key in standing}
    for key, episode in standing.items():
        if episode.is_open and key not in judgements:
            judgements[key] = _unsaid(episode, told, statuses.get(episode.rule, Status.OFF), specs.get(episode.rule))
    changed, transitions = [], []
    for key in sorted(judgements):
        before, judgement = standing.get(key), judgements[key]
        policy = policy_of(specs.get(judgement.rule), settings, judgement.rule)
        after, transition = advance(before, judgement, policy, night, acknowledged)
        changed += [after] if after is not None and after != before else []
        transitions += [transition] if transition is not None else []
    return Judged(tuple(evaluations), tuple(changed), tuple(transitions))


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


def _unsaid(episode: Episode, told: Told, status: Status, spec: RuleSpec | None) -> Judgement:
    """What it means that a rule says nothing of a subject with an open episode: gone, over, or nothing known."""
    if status is Status.OFF or spec is None:
        return _absent(episode, Verdict.GONE, "rule_off")
    if episode.subject_type in _KNOWN and (episode.subject_type, episode.subject_id) not in told.there:
        return _absent(episode, Verdict.GONE)
    lists_all_wrong = spec.when_missing is WhenMissing.RESOLVE
    is_told = status is Status.JUDGED and episode.rule not in told.stale
    return _absent(episode, Verdict.CLEAR if lists_all_wrong and is_told else Verdict.MISSING)


def _absent(episode: Episode, verdict: Verdict, reason: str | None = None) -> Judgement:
    """With the figures when last seen, so that what is over still says what it was."""
    figures = {name: getattr(episode, name) for name in JUDGED if name not in ("verdict", "suppressed_by")}
    return Judgement(**figures, verdict=verdict, reason=reason)
