"""`touchline alerts backtest`: what the limits would have raised, night by night, and how often a rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from models.errors import UsageError, nearest
from pipelines.alerting.episodes import State
from pipelines.commands.alert_words import figures, headline
from pipelines.commands.fetching import fetch
from pipelines.commands.pages import Page
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.alerting.backtest import Backtest
    from pipelines.alerting.episodes import Episode


def run_on_published(workspace: Workspace, since: str, until: str | None, rule: str | None) -> Backtest:
    """Judges the nights of the range on what is published, none before the first day that anything is known of.

    Raises UsageError when the range or the rule cannot be.
    """
    from pipelines.alerting.backtest import nights_between, run_backtest
    from pipelines.commands.progress import progress_here
    from pipelines.night.shipped import shipped_rules
    from sql.alert_limits import check_alert_settings

    settings, rules = workspace.settings(), shipped_rules()
    names = [one.name for one in rules]
    if rule is not None and rule not in names:
        raise UsageError(
            f"there is no --rule {rule} to judge tables by.{nearest(rule, names)}", f"Name one of: {', '.join(names)}"
        )
    check_alert_settings(settings, rules)
    known, last = _published_days(workspace, settings.company.timezone)
    first, end = max(_day(since), known), last if until is None else _day(until)
    if end > last or first > end:
        raise UsageError(
            f"there are no nights from {first} to {end} to judge: the last published one is {last}",
            f"Choose --since and --until in this order, up to {last}.",
        )
    with progress_here() as progress:
        return run_backtest(workspace.published_file, settings, rules, rule, nights_between(first, end), progress)


def backtest_to_json(found: Backtest) -> dict[str, Any]:
    """Every episode with the nights that raised and ended it, and the counts of each rule."""
    episodes = [
        {
            **asdict(one),
            "fired_date": _day_of(found, one, State.FIRING),
            "resolved_date": _day_of(found, one, State.RESOLVED),
        }
        for one in found.episodes
    ]
    span = {"since": found.nights[0], "until": found.nights[-1], "nights": len(found.nights)}
    return {**span, "episodes": episodes, "rules": rule_counts(found), "not_judged": found.not_judged}


def rule_counts(found: Backtest) -> list[dict[str, Any]]:
    """By rule how many episodes fired, how many of those were over, and how many were kept quiet from end to end."""
    fired = Counter(episode.rule for episode in found.episodes if episode.has_fired)
    over = Counter(episode.rule for episode in found.episodes if episode.has_fired and not episode.is_open)
    quiet = Counter(episode.rule for episode in found.episodes if not episode.has_fired and episode.suppressed_by)
    return [
        {"rule": rule, "fired": fired[rule], "resolved": over[rule], "kept_quiet": quiet[rule]}
        for rule in sorted({*fired, *quiet})
    ]


def show_backtest(out: Page, found: Backtest) -> None:
    """The page: episodes by the night that raised them, then the counts."""
    first, last = found.nights[0], found.nights[-1]
    fired = sorted(
        (one for one in found.episodes if one.has_fired), key=lambda one: (one.fired_at, one.rule, one.subject_id)
    )
    out.head(f"{len(found.nights):,} nights from {first} to {last}: {len(fired):,} alerts would have fired")
    if fired:
        out.rows("By night", ("fired", "over", "severity", "alert", "figure"), [_row(found, one) for one in fired])
    counts = [(row["rule"], row["fired"], row["resolved"], row["kept_quiet"]) for row in rule_counts(found)]
    if counts:
        out.rows("By rule", ("rule", "fired", "over", "kept quiet"), counts)
    for rule, reason in sorted(found.not_judged.items()):
        out.line(f"\nNot judged: {rule}: {reason}")
    out.line(f"\nWhat fired on {first} may have begun before. Silences and acknowledgements were left out.")


def _row(found: Backtest, episode: Episode) -> tuple[str, ...]:
    over = _day_of(found, episode, State.RESOLVED)
    fired = found.change_of(episode, State.FIRING)
    then = asdict(episode) | ({"value": fired.value, "threshold": fired.threshold} if fired else {})
    fired_on = str(_day_of(found, episode, State.FIRING))
    return fired_on, "stands" if over is None else str(over), str(episode.severity), headline(then), figures(then)


def _day_of(found: Backtest, episode: Episode, state: State) -> date | None:
    change = found.change_of(episode, state)
    return change.night_date if change else None


def _published_days(workspace: Workspace, timezone: str) -> tuple[date, date]:
    """The first day that anything is known of, and the company day that is published."""
    from zoneinfo import ZoneInfo

    from pipelines.commands.query import open_warehouse

    connection = open_warehouse(workspace)
    try:
        (row,) = fetch(
            connection, "select as_of, (select min(date_day) from core.dim_date) as first_day from ops.publication"
        )
    finally:
        connection.close()
    last = row["as_of"].astimezone(ZoneInfo(timezone)).date()
    return row["first_day"] or last, last


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no date", "Write the night's day as 2026-03-31.") from None
