"""The top of `touchline status`: what is published, where its rows went, what fires, how old sources are, how long nights take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.commands.night_page import PARTS
from pipelines.commands.pages import Page, Styled, ago, count
from pipelines.commands.standing import Build, Standing

if TYPE_CHECKING:
    from pipelines.night.history import PastNight

_STYLES = {"published": "green", "nothing_new": "dim", "dry_run": "dim", "blocked": "bold red", "failed": "bold red"}
_HEIGHTS = "▁▂▃▄▅▆▇█"


def show_top(out: Page, standing: Standing, now: datetime, show_alerts: Callable[[], None] | None) -> None:
    """What a person looks for first; every colour repeats a word."""
    _show_publication(out, standing, now)
    if show_alerts:
        show_alerts()
    _show_freshness(out, standing.published)
    _show_nights(out, standing.nights)


def _show_publication(out: Page, standing: Standing, now: datetime) -> None:
    found = standing.published.publication
    if not found:
        out.head("Nothing is published yet")
        return
    out.head(f"Generation {found['generation']}, as of {instant(found['as_of'])} UTC")
    out.line(f"published {instant(found['published_at'])} UTC, {ago(now - found['published_at'])}")
    _show_rows(out, standing.published)
    _show_copy(out, standing)


def _show_rows(out: Page, build: Build) -> None:
    """Those that came with the generation's night, and all of them when earlier nights brought more."""
    names = ("rows_read", *(f"rows_{part}" for part in PARTS))
    so_far = {name: sum(row[name] for row in build.accounting) for name in names}
    out.words(f"Rows of its night: {in_one_line(build.night) if build.night else 'none came'}")
    if so_far["rows_read"] != build.night.get("rows_read"):
        out.words(f"Rows of all nights: {in_one_line(so_far)}")


def _show_copy(out: Page, standing: Standing) -> None:
    """Where else it is read, when a night looked there."""
    copied = standing.copied
    if copied is None:
        return
    held = "nothing yet" if copied.generation is None else f"generation {copied.generation}"
    seen = instant(datetime.fromisoformat(copied.tried_at))
    out.line(f"copy at {copied.place}: {held}, looked at {seen} UTC")
    if copied.problem:
        out.words(f"  not in order: {copied.problem}")


def in_one_line(rows: dict[str, Any]) -> str:
    """`2 read = 1 accepted + 1 quarantined`: the parts that hold a row, which always add up."""
    parts = [f"{count(rows[f'rows_{part}'])} {part}" for part in PARTS if rows[f"rows_{part}"]]
    return f"{count(rows['rows_read'])} read = {' + '.join(parts) or '0'}"


def _show_freshness(out: Page, build: Build) -> None:
    rows = [
        (row["source"], instant(row["newest_event_at"]), _age(row["newest_event_age_hours"]), _limit(row), _fresh(row))
        for row in build.sources
    ]
    if rows:
        out.rows("Freshness at the night's as_of (UTC)", ("source", "newest event", "age", "allowed", ""), rows)


def _age(hours: float | None) -> str:
    return "" if hours is None else f"{hours / 24:,.1f} days" if hours >= 48 else f"{hours:,.0f} h"


def _limit(row: dict[str, Any]) -> str:
    return "" if row["fresh_within_hours"] is None else _age(float(row["fresh_within_hours"]))


def _fresh(row: dict[str, Any]) -> Styled:
    if row["newest_event_at"] is None:
        return Styled("no events", "dim")
    if row["is_stale"]:
        return Styled("stale", "bold yellow")
    return Styled("" if row["is_stale"] is None else "fresh", "green")


def _show_nights(out: Page, nights: Sequence[PastNight]) -> None:
    rows = [
        (
            instant(night.started_at),
            Styled(night.status.replace("_", " "), _STYLES.get(night.status, "")),
            "" if night.generation is None else night.generation,
            f"{night.seconds:,.1f} s",
            night.files,
            night.rows_read,
            night.rows_quarantined,
        )
        for night in nights
    ]
    if not rows:
        return
    drawn = spark([night.seconds for night in reversed(nights)])
    title = "Last nights (UTC)" + (f"; seconds, the latest on the right: {drawn}" if drawn else "")
    out.rows(title, ("began", "outcome", "gen.", "took", "files", "rows", "quarantined"), rows)


def spark(values: Sequence[float]) -> str:
    """A stroke each, the highest of the largest; blank of fewer than two, which show no course."""
    most = max(values, default=0)
    if len(values) < 2 or most <= 0:
        return ""
    return "".join(_HEIGHTS[min(len(_HEIGHTS) - 1, int(value / most * len(_HEIGHTS)))] for value in values)


def instant(value: object) -> str:
    """`2026-04-01 03:59`, in UTC; blank for none."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else ""
