"""An alert in words: whom it is about, what is wrong, by which figure, and why nobody was told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_quality.quarantine import visible
from pipelines.alerting.wording import against_limit, figure

if TYPE_CHECKING:
    from pipelines.commands.alerted import Board

_QUIET = {
    "stale_source": "stale data: a source that the rule stands on has gone silent, and no data is not zero",
    "leave": "on leave: few workdays were left in the days it looks at, or the night falls into time off",
    "holiday": "public holidays: too few workdays were left in the days it looks at",
    "ramp": "still ramping: hired less than metrics.ramp_days days before the night",
    "sample": "too little behind the figure: fewer than the rule's min_sample",
}


def headline(alert: dict[str, Any]) -> str:
    """`Ada Lovelace is overloaded`."""
    return f"{who(alert)} {title_of(alert['rule'])}"


def who(alert: dict[str, Any]) -> str:
    """The subject's name; of a company `The company`."""
    if alert["subject_type"] == "company":
        return "The company"
    return visible(str(alert["subject_name"] or alert["subject_id"]))


def title_of(rule: str) -> str:
    """The rule's title, which follows a subject's name; of a rule that is no longer there its name."""
    return _said_by(rule, "title") or f"({rule.replace('_', ' ')})"


def what_to_do(rule: str) -> str | None:
    """What the rule tells a reader to do; None of a rule that is no longer there."""
    return _said_by(rule, "what_to_do")


def rule_names() -> set[str]:
    """The names of all rules, those without SQL too."""
    from pipelines.alerting.health import HEALTH_RULES

    return {path.stem for path in _rules().glob("*.yaml")} | set(HEALTH_RULES)


def _said_by(rule: str, key: str) -> str | None:
    """A text of the rule's YAML. Not the whole of it is checked here: that costs the catalogue, for one sentence."""
    from models.strict_yaml import read_yaml
    from pipelines.alerting.health import HEALTH_RULES

    if rule in HEALTH_RULES:
        return str(getattr(HEALTH_RULES[rule], key))
    if rule not in rule_names():
        return None
    content = read_yaml(_rules() / f"{rule}.yaml")
    return str(content[key]).strip() if isinstance(content, dict) and key in content else None


def _rules() -> Path:
    import sql

    return Path(sql.__path__[0]) / "alerts"


def figures(alert: dict[str, Any]) -> str:
    """`104.2 touches per workday (limit 90)`; blank of an alert that has none."""
    value, threshold, unit = alert["value"], alert["threshold"], alert["unit"]
    if value is None:
        return ""
    return figure(value, unit) if threshold is None else against_limit(value, threshold, None, unit)


def why_quiet(alert: dict[str, Any]) -> str | None:
    """Why nobody is told, in a sentence; None of an alert that is not kept quiet."""
    by = alert["suppressed_by"]
    if by is None:
        return None
    if str(by) != "silence":
        return _QUIET.get(str(by), str(by))
    if alert["silence"] is None:
        return "silenced on the last night; the silence is over, and the next night judges it anew"
    return f"silenced {silence_words(alert['silence'])}"


def silence_words(silence: dict[str, Any]) -> str:
    """`until 2026-04-10: moving the dialer (by ann)`."""
    since = f"from {silence['from_date']} " if silence["from_date"] else ""
    until = f"until {silence['to_date']}" if silence["to_date"] else "with no end"
    return f"{since}{until}: {visible(silence['reason'])} ({visible(silence['silenced_by'])})"


def counted(firing: dict[str, int]) -> str:
    """`2 critical and 1 warning fire`; `none fires`."""
    if not firing:
        return "none fires"
    said = " and ".join(f"{number:,} {severity}" for severity, number in firing.items())
    return f"{said} {'fires' if sum(firing.values()) == 1 else 'fire'}"


def alerts_line(board: Board | str) -> str:
    """One line for a page about other things; blank where no rule has ever judged."""
    if isinstance(board, str):
        return f"Alerts cannot be read: {board}"
    if not board.alerts and not board.evaluated:
        return ""
    firing = board.firing_by_severity()
    return f"Alerts: {counted(firing)}" + (" (touchline alerts list)" if firing else "")
