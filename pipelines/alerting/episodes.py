"""Episodes: what one night's judgement of a rule and subject makes of what stood before. Pure: no database, no clock.

pending → firing → acknowledged → recovering → resolved, and suppressed. Nights are company days: what is judged twice
on one day counts once. Identity is rule and subject; there is one episode until it is resolved.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from models.alerts import AlertSeverity, Suppressor


class State(StrEnum):
    """Where an episode stands."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What a night says of a rule and subject."""

    BEYOND = "beyond"
    """Past the threshold of a limit."""
    BETWEEN = "between"
    """Neither past a threshold nor on the clear side of every clear threshold: nothing changes its direction."""
    CLEAR = "clear"
    MISSING = "missing"
    """Nothing that could be trusted was read; no data is not zero."""
    GONE = "gone"
    """There is no such subject any more, or the rule no longer asks."""


@dataclass(frozen=True)
class Night:
    """When the judging happens: the company day and the instant of as_of."""

    date: date
    as_of: datetime

    @classmethod
    def at(cls, as_of: datetime, timezone: str) -> Self:
        """The night of this instant, in the company's time zone."""
        return cls(as_of.astimezone(ZoneInfo(timezone)).date(), as_of)


@dataclass(frozen=True)
class Policy:
    """What settings and the rule's YAML say of its episodes."""

    severity: AlertSeverity
    for_nights: int = 1
    recover_nights: int = 1
    runbook: str = ""


@dataclass(frozen=True)
class Judgement:
    """A rule and subject tonight. The figures are of the limit that is furthest beyond, else the nearest to it."""

    rule: str
    subject_type: str
    subject_id: str
    verdict: Verdict
    subject_name: str | None = None
    team: str | None = None
    suppressed_by: Suppressor | None = None
    limit_name: str | None = None
    value: float | None = None
    threshold: float | None = None
    clear_threshold: float | None = None
    unit: str | None = None
    baseline: float | None = None
    peers: float | None = None
    evidence: str | None = None
    """JSON: named figures it was judged on."""
    reason: str | None = None
    """Why a subject is gone."""


@dataclass(frozen=True)
class Episode:
    """A row of marts.alerts. `nights` counts days in a row towards firing, then those towards being over."""

    alert_id: str
    rule: str
    severity: AlertSeverity
    subject_type: str
    subject_id: str
    subject_name: str | None
    team: str | None
    state: State
    suppressed_by: Suppressor | None
    limit_name: str | None
    value: float | None
    threshold: float | None
    clear_threshold: float | None
    unit: str | None
    baseline: float | None
    peers: float | None
    evidence: str | None
    runbook: str
    started_at: datetime
    started_date: date
    fired_at: datetime | None
    last_seen_at: datetime
    last_seen_date: date
    resolved_at: datetime | None
    resolution: str | None
    nights: int
    transitions: int

    @property
    def is_open(self) -> bool:
        """Whether it still stands."""
        return self.state is not State.RESOLVED

    @property
    def has_fired(self) -> bool:
        """Whether somebody may have been told."""
        return self.fired_at is not None


@dataclass(frozen=True)
class Transition:
    """One change of an episode's state: a row of ops.alert_transition. `is_news`: people are told of it."""

    alert_id: str
    place: int
    from_state: State | None
    to_state: State
    changed_at: datetime
    night_date: date
    value: float | None
    threshold: float | None
    is_news: bool


FORGOTTEN_AFTER = timedelta(days=14)
"""How long an episode that never fired stands without a figure that can be trusted."""

Step = tuple[Episode | None, Transition | None]


def advance(
    episode: Episode | None, judgement: Judgement, policy: Policy, night: Night, acknowledged: frozenset[str]
) -> Step:
    """The episode after tonight (None: there is none), and its change of state if there is one.

    `episode` is the newest one of the rule and subject. Calling it again with its own result changes nothing.
    """
    if episode is None or (not episode.is_open and not _goes_on(episode, night)):
        return (
            _begin(judgement, policy, night, acknowledged) if judgement.verdict is Verdict.BEYOND else (episode, None)
        )
    if not episode.is_open and judgement.verdict is not Verdict.BEYOND:
        return episode, None
    state, nights = _next(episode, judgement, policy, night, acknowledged)
    has_figures = judgement.verdict not in (Verdict.MISSING, Verdict.GONE)
    seen = _seen(episode, judgement, policy, night) if has_figures else episode
    return _moved(replace(seen, nights=nights), state, judgement, night)


def alert_id_of(rule: str, subject_type: str, subject_id: str, started: date) -> str:
    """The same for the same rule, subject and first day, so that a night built again names the same alert."""
    digest = hashlib.sha256(f"{rule}\0{subject_type}\0{subject_id}\0{started}".encode()).hexdigest()
    return digest[:10]


def _goes_on(episode: Episode, night: Night) -> bool:
    """Whether an episode that ended is the one that a later look at its first day begins again."""
    return episode.started_date == night.date


def _begin(judgement: Judgement, policy: Policy, night: Night, acknowledged: frozenset[str]) -> Step:
    name = alert_id_of(judgement.rule, judgement.subject_type, judgement.subject_id, night.date)
    blank = Episode(
        alert_id=name, rule=judgement.rule, severity=policy.severity, subject_type=judgement.subject_type,
        subject_id=judgement.subject_id, subject_name=None, team=None, state=State.RESOLVED, suppressed_by=None,
        limit_name=None, value=None, threshold=None, clear_threshold=None, unit=None, baseline=None, peers=None,
        evidence=None, runbook=policy.runbook, started_at=night.as_of, started_date=night.date, fired_at=None,
        last_seen_at=night.as_of, last_seen_date=night.date, resolved_at=None, resolution=None, nights=0, transitions=0,
    )  # fmt: skip
    episode = _seen(blank, judgement, policy, night)
    state, nights = _rising(blank, judgement, policy, night, acknowledged)
    begun, transition = _moved(replace(episode, nights=nights), state, judgement, night)
    return begun, transition and replace(transition, from_state=None)


def _next(
    episode: Episode, judgement: Judgement, policy: Policy, night: Night, acknowledged: frozenset[str]
) -> tuple[State, int]:
    """The state after tonight, and the days in a row that count towards the one after."""
    match judgement.verdict:
        case Verdict.GONE:
            return State.RESOLVED, 0
        case Verdict.MISSING:
            return _unseen(episode, night, acknowledged)
        case Verdict.BEYOND:
            return _rising(episode, judgement, policy, night, acknowledged)
        case Verdict.BETWEEN:
            return _holding(episode, judgement, acknowledged)
        case Verdict.CLEAR:
            return _falling(episode, judgement, policy, night, acknowledged)


def _unseen(episode: Episode, night: Night, acknowledged: frozenset[str]) -> tuple[State, int]:
    """Nothing to trust tonight: what fired stands; what nobody was ever told of is forgotten after some days."""
    if not episode.has_fired and night.date - episode.last_seen_date >= FORGOTTEN_AFTER:
        return State.RESOLVED, 0
    return _standing(episode, acknowledged), episode.nights


def _rising(
    episode: Episode, judgement: Judgement, policy: Policy, night: Night, acknowledged: frozenset[str]
) -> tuple[State, int]:
    if judgement.suppressed_by is not None:
        return State.SUPPRESSED, 0
    if episode.has_fired:
        return _loud(episode, acknowledged), 0
    is_counted = episode.state is State.PENDING and episode.last_seen_date == night.date
    nights = episode.nights if is_counted else episode.nights + 1
    return (_loud(episode, acknowledged), 0) if nights >= policy.for_nights else (State.PENDING, nights)


def _holding(episode: Episode, judgement: Judgement, acknowledged: frozenset[str]) -> tuple[State, int]:
    """Between the thresholds: what fired stands as it stood, what has not fired is no longer beyond."""
    if not episode.has_fired:
        return State.RESOLVED, 0
    if judgement.suppressed_by is not None:
        return State.SUPPRESSED, episode.nights
    if episode.state is State.SUPPRESSED:
        return _loud(episode, acknowledged), 0
    return _standing(episode, acknowledged), episode.nights


def _falling(
    episode: Episode, judgement: Judgement, policy: Policy, night: Night, acknowledged: frozenset[str]
) -> tuple[State, int]:
    """On the clear side. What fired does not end by a second look at a day that was judged before."""
    if not episode.has_fired:
        return State.RESOLVED, 0
    if episode.last_seen_date == night.date:
        return _standing(episode, acknowledged), episode.nights
    nights = episode.nights + 1 if episode.state is State.RECOVERING else 1
    if nights >= policy.recover_nights:
        return State.RESOLVED, 0
    return State.RECOVERING, nights


def _loud(episode: Episode, acknowledged: frozenset[str]) -> State:
    return State.ACKNOWLEDGED if episode.alert_id in acknowledged and episode.has_fired else State.FIRING


def _standing(episode: Episode, acknowledged: frozenset[str]) -> State:
    """As it was; what fires may have been acknowledged since."""
    return _loud(episode, acknowledged) if episode.state is State.FIRING else episode.state


def _seen(episode: Episode, judgement: Judgement, policy: Policy, night: Night) -> Episode:
    """The episode with tonight's figures; those of an ended one stay what they were when it was beyond."""
    return replace(
        episode,
        severity=policy.severity,
        subject_name=judgement.subject_name,
        team=judgement.team,
        limit_name=judgement.limit_name,
        value=judgement.value,
        threshold=judgement.threshold,
        clear_threshold=judgement.clear_threshold,
        unit=judgement.unit,
        baseline=judgement.baseline,
        peers=judgement.peers,
        evidence=judgement.evidence,
        runbook=policy.runbook,
        last_seen_at=night.as_of,
        last_seen_date=night.date,
    )


def _moved(episode: Episode, state: State, judgement: Judgement, night: Night) -> Step:
    before = episode.state
    is_first_firing = state is State.FIRING and not episode.has_fired
    is_over = state is State.RESOLVED
    by = (judgement.suppressed_by or episode.suppressed_by) if state is State.SUPPRESSED else None
    if is_over and not episode.has_fired:
        by = episode.suppressed_by  # why nobody was told stays readable
    after = replace(
        episode,
        state=state,
        suppressed_by=by,
        fired_at=night.as_of if is_first_firing else episode.fired_at,
        resolved_at=night.as_of if is_over else None,
        resolution=_resolution(judgement) if is_over else None,
    )
    if before is state:
        return after, None
    is_news = is_first_firing or (is_over and episode.has_fired and judgement.suppressed_by is None)
    after = replace(after, transitions=episode.transitions + 1)
    transition = Transition(
        after.alert_id, after.transitions, before, state, night.as_of, night.date, after.value, after.threshold, is_news
    )
    return after, transition


def _resolution(judgement: Judgement) -> str:
    if judgement.verdict is Verdict.MISSING:
        return "not_seen_again"
    return judgement.reason or "subject_gone" if judgement.verdict is Verdict.GONE else "back_within_limits"
