"""The words of a digest: who, which limit, the figure, since when, how unusual, what stands behind it, what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.alerts import AlertSeverity, Limit
from pipelines.alerting.episodes import Episode, State, Transition
from pipelines.alerting.messages import Digest, Item
from pipelines.alerting.wording import against_limit, evidence_lines, figure, harmless, how_unusual

MOST_ALERTS = 10
_RANK = {severity: place for place, severity in enumerate(AlertSeverity)}
_RESOLUTIONS = {
    "back_within_limits": "back within its limits",
    "subject_gone": "there is no such subject any more",
    "rule_off": "the rule was switched off",
}
_WHOLE = {"company": "The company", "night": "The night"}


class RuleWords(Protocol):
    """What a message takes from a rule: one of sql/alerts, or one of the pipeline's own health, which has no limits."""

    @property
    def title(self) -> str:
        """Follows the subject's name."""

    @property
    def what_to_do(self) -> str:
        """The last line."""

    @property
    def limits(self) -> tuple[Limit, ...]:
        """By which figures it judges."""


@dataclass(frozen=True)
class News:
    """A change of an episode that people are told of."""

    episode: Episode
    transition: Transition

    @property
    def is_over(self) -> bool:
        """Whether it says that an alert is over."""
        return self.transition.to_state is State.RESOLVED


def make_digest(news: Sequence[News], rules: Mapping[str, RuleWords]) -> Digest:
    """One message of a team's news of a night: the worst first, ten alerts at most."""
    ordered = sorted(news, key=_badness)
    alerts = [one for one in ordered if not one.is_over]
    over = [one for one in ordered if one.is_over]
    first = ordered[0]
    return Digest(
        subject=_subject(alerts, over, rules),
        team=first.episode.team,
        night=first.transition.night_date.isoformat(),
        alerts=tuple(_item(one, _alert_text(one, rules.get(one.episode.rule))) for one in alerts[:MOST_ALERTS]),
        more_alerts=len(alerts[MOST_ALERTS:]),
        resolved=tuple(_item(one, _over_text(one, rules.get(one.episode.rule))) for one in over[:MOST_ALERTS]),
        more_resolved=len(over[MOST_ALERTS:]),
    )


def worst_severity(news: Sequence[News]) -> AlertSeverity:
    """The severity of the message; what is over is no worse than a hint."""
    return min((AlertSeverity.INFO if one.is_over else one.episode.severity for one in news), key=_RANK.__getitem__)


def _badness(news: News) -> tuple[int, float, str, int]:
    """Severity, then how many times its limit, then the id, so that the order is always the same."""
    value, threshold = news.transition.value, news.transition.threshold
    excess = abs(value / threshold) if value is not None and threshold else 0.0
    if value is not None and threshold and value < threshold:
        excess = threshold / value if value > 0 else float("inf")
    return _RANK[news.episode.severity], -excess, news.episode.alert_id, news.transition.place


def _subject(alerts: Sequence[News], over: Sequence[News], rules: Mapping[str, RuleWords]) -> str:
    shown = alerts or over
    first = shown[0].episode
    team = f" in {harmless(first.team)}" if first.team and first.subject_id != first.team else ""
    more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
    return f"{'' if alerts else 'Over: '}{_who(first)} {_title(first, rules.get(first.rule))}{team}{more}"


def _alert_text(news: News, rule: RuleWords | None) -> str:
    episode = news.episode
    limit = _limit(episode, rule)
    lines = [f"{episode.severity.upper()}: {_who(episode)} {_title(episode, rule)}{_where(episode)}"]
    if (judged := _judged(news, limit)) is not None:
        lines.append(judged)
    lines.append(f"since {episode.started_date.isoformat()}")
    unusual = how_unusual(news.transition.value, episode.baseline, episode.peers, episode.unit)
    lines += [unusual] if unusual else []
    lines += evidence_lines(episode.evidence)
    if rule is not None:
        lines.append(f"What to do: {' '.join(rule.what_to_do.split())} ({episode.runbook})")
    lines.append(f"Seen it? touchline alerts ack {episode.alert_id}")
    return "\n  ".join(lines)


def _over_text(news: News, rule: RuleWords | None) -> str:
    episode = news.episode
    why = _RESOLUTIONS.get(episode.resolution or "", "it is over")
    value = news.transition.value if episode.resolution == "back_within_limits" else None
    now = f", now {figure(value, episode.unit)}" if value is not None else ""
    return (
        f"  {_who(episode)} {_title(episode, rule)}{_where(episode)}: {why}{now}"
        f" (since {episode.started_date.isoformat()}, {episode.alert_id})"
    )


def _judged(news: News, limit: Limit | None) -> str | None:
    """Which limit, the figure, and where it stands to its limit."""
    value, threshold = news.transition.value, news.transition.threshold
    if value is None or threshold is None:
        return None
    what = limit.description if limit else (news.episode.limit_name or "figure").replace("_", " ")
    what = " ".join(what.split()).rstrip(".")
    return f"{what}: {against_limit(value, threshold, limit.beyond if limit else None, news.episode.unit)}"


def _limit(episode: Episode, rule: RuleWords | None) -> Limit | None:
    limits = rule.limits if rule else ()
    return next((limit for limit in limits if limit.name == episode.limit_name), None)


def _who(episode: Episode) -> str:
    if episode.subject_type in _WHOLE:
        return _WHOLE[episode.subject_type]
    if episode.subject_type in ("team", "source", "stage"):
        return f"{episode.subject_type.capitalize()} {harmless(episode.subject_name or episode.subject_id)}"
    return harmless(episode.subject_name or episode.subject_id)


def _where(episode: Episode) -> str:
    """The id beside a name, and the team beside a rep."""
    known = [harmless(episode.subject_id)] if episode.subject_name not in (None, episode.subject_id) else []
    known += [f"team {harmless(episode.team)}"] if episode.team and episode.subject_type == "rep" else []
    return f" ({', '.join(known)})" if known else ""


def _title(episode: Episode, rule: RuleWords | None) -> str:
    return rule.title if rule else f"({episode.rule.replace('_', ' ')})"


def _item(news: News, text: str) -> Item:
    episode = news.episode
    return Item(
        alert_id=episode.alert_id,
        rule=episode.rule,
        severity=episode.severity,
        subject_type=episode.subject_type,
        subject_id=episode.subject_id,
        subject_name=episode.subject_name,
        state=str(news.transition.to_state),
        value=_finite(news.transition.value),
        threshold=news.transition.threshold,
        unit=episode.unit,
        since=episode.started_date.isoformat(),
        runbook=episode.runbook,
        text=text,
    )


def _finite(value: float | None) -> float | None:
    """JSON has no endless numbers."""
    return value if value is not None and math.isfinite(value) else None
