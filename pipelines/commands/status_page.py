"""The page of `touchline status`. Colour repeats what words say: without it nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.tables import IN_WORDS
from pipelines.commands.night_page import PARTS, check_line
from pipelines.commands.pages import Page, Styled, ago, size
from pipelines.commands.standing import Build, Standing

if TYPE_CHECKING:
    from pipelines.night.history import PastNight

_SAMPLE = 120
_RESTATED = {"generation": "gen.", "table_name": "table", "cause": "cause", "file_name": "file", "cells": "cells"}
_STYLES = {"published": "green", "nothing_new": "dim", "dry_run": "dim", "blocked": "bold red", "failed": "bold red"}
_FATES = {"accepted": "green", "refused": "bold red", "deferred": "yellow", "duplicate": "dim"}


def show_standing(out: Page, standing: Standing, now: datetime, alerts: str = "") -> None:
    """Everything, the most important first; `now` only says how long ago something was, `alerts` how many fire."""
    _show_publication(out, standing, now)
    if alerts:
        out.line(alerts)
    _show_nights(out, standing.nights)
    _show_slow(out, standing)
    _show_error(out, standing)
    _show_failed_build(out, standing)
    _show_build(out, standing.published)
    _show_disk(out, standing)
    out.line("")
    for line in _what_to_do(standing):
        out.line(f"→ {line}")


def _show_publication(out: Page, standing: Standing, now: datetime) -> None:
    found = standing.published.publication
    if not found:
        out.head("Nothing is published yet")
        return
    out.head(f"Generation {found['generation']}, as of {instant(found['as_of'])} UTC")
    out.line(f"published {instant(found['published_at'])} UTC, {ago(now - found['published_at'])}")
    _show_copy(out, standing)


def _show_copy(out: Page, standing: Standing) -> None:
    """Where else it is read, when a night looked there."""
    copied = standing.copied
    if copied is None:
        return
    held = "nothing yet" if copied.generation is None else f"generation {copied.generation}"
    seen = instant(datetime.fromisoformat(copied.tried_at))
    out.line(f"copy at {copied.place}: {held}, looked at {seen} UTC")
    if copied.problem:
        out.line(f"  not in order: {_short(copied.problem)}")


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
    if rows:
        out.rows("Last nights (UTC)", ("began", "outcome", "gen.", "took", "files", "rows", "quarantined"), rows)


def _show_slow(out: Page, standing: Standing) -> None:
    slow = standing.slow
    if slow is not None:
        out.line(
            f"Slow: the last published night took {slow.seconds:,.1f} s, nights of as many rows"
            f" {slow.usual_seconds:,.1f} s (median of {slow.nights})"
        )


def _show_error(out: Page, standing: Standing) -> None:
    """Why the last night failed; of a blocked one, whose checks stand with its build, what to do is enough."""
    last = standing.last_night
    if last is None or last.error is None:
        return
    out.line("")
    for line in last.error.splitlines():
        if standing.failed_build is None or not line.startswith("  ") or line.lstrip().startswith("→"):
            out.line(f"  {_short(line)}")


def _show_failed_build(out: Page, standing: Standing) -> None:
    build = standing.failed_build
    if build is None:
        return
    out.head(f"\nThe build that was not published: {standing.failed_folder}")
    for check in build.failed_checks:
        out.line(f"  {_told(check)}")
    _show_quarantine(out, build, "Quarantined in the build that was not published")


def _show_build(out: Page, build: Build) -> None:
    _show_freshness(out, build)
    accounting = [(row["source"], row["entity"], *_parts(row)) for row in build.accounting]
    _show_used(out, "Rows, by source", ("source", "entity", "read", *PARTS), accounting, keep=4)
    loads = [
        (
            instant(row["landed_at"]),
            row["source"],
            row["file_name"],
            Styled(row["status"], _FATES.get(row["status"], "")),
        )
        for row in build.loads
    ]
    if loads:
        out.rows("Last loads (UTC)", ("landed", "source", "file", "fate"), loads)
    _show_checks(out, build)
    _show_quarantine(out, build, "Quarantined, by rule")
    _show_columns(out, build)
    restated = [[row[name] or "" for name in _RESTATED] for row in build.restated]
    if restated:
        out.rows("Restated past periods (all of them: ops.restatement)", list(_RESTATED.values()), restated)
    for refused in build.refused:
        out.line(f"\nRefused, still in the inbox: {refused['source']}/{refused['file_name']}: {refused['reason']}")
        out.line(f"  → {refused['remedy']}")


def _parts(row: dict[str, Any]) -> list[int]:
    return [row["rows_read"], *(row[f"rows_{part}"] for part in PARTS)]


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
    return (
        Styled("stale", "bold yellow")
        if row["is_stale"]
        else Styled("fresh" if row["is_stale"] is False else "", "green")
    )


def _show_checks(out: Page, build: Build) -> None:
    if not build.checks:
        return
    passed, failed = (sum(row[part] for row in build.checks) for part in ("passed", "failed"))
    out.head(f"\nChecks: {passed:,} passed, {failed:,} failed")
    for check in build.failed_checks:
        out.line(f"  {_told(check)}")


def _show_quarantine(out: Page, build: Build, title: str) -> None:
    rows = [
        (row["source"], row["entity"], row["field"] or "record", row["rule"], row["rows"]) for row in build.quarantine
    ]
    if rows:
        out.rows(title, ("source", "entity", "field", "rule", "rows"), rows)


def _show_columns(out: Page, build: Build) -> None:
    """Columns that went, and new ones that look like a field; all others are in ops.source_column."""
    rows = [
        (
            row["source"],
            row["object"] or row["entity"],
            row["column_name"],
            Styled(row["state"], "bold yellow" if row["state"] == "missing" else ""),
            _column_said(row),
        )
        for row in build.columns
    ]
    if rows:
        out.rows(
            "Columns that changed (all of them: ops.source_column)", ("source", "what", "column", "", "note"), rows
        )


def _column_said(row: dict[str, Any]) -> str:
    if row["state"] == "missing":
        return f"fed {row['feeds'] or 'a condition'}; {row['rows_not_supplied']:,} rows came without it"
    return f"looks like {row['looks_like']}: {row['proposal']}"


def _show_disk(out: Page, standing: Standing) -> None:
    disk = standing.disk
    taken = {
        "landed": disk.landed,
        "generations": disk.generations,
        "failed build": disk.failed,
        "run log": disk.dagster,
    }
    out.head(f"\nDisk: {size(disk.free)} free")
    out.line("  " + ", ".join(f"{name} {size(amount)}" for name, amount in taken.items() if amount))


def _show_used(out: Page, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]], keep: int) -> None:
    """A table without the columns that hold only zeros, the first `keep` always."""
    used = [place for place in range(len(heads)) if place < keep or any(row[place] for row in rows)]
    if rows:
        out.rows(title, [heads[place] for place in used], [[row[place] for place in used] for row in rows])


def _what_to_do(standing: Standing) -> Iterator[str]:
    """At least one line: what a person would do next."""
    if standing.settings_problem:
        yield "touchline.yaml cannot be read: touchline doctor says what to mend"
    if standing.failed_build is not None or (standing.last_night and standing.last_night.exit_code):
        yield "The last night did not publish: mend what it says above, then: touchline run"
    if standing.copied is not None and standing.copied.problem:
        yield f"The copy elsewhere is not in order: {standing.copied.remedy} Then: touchline run"
    if standing.slow is not None:
        yield 'The last night was slow: touchline query "select * from ops.run_step" says which step it was'
    if standing.published.quarantine:
        yield "Rejected rows wait: touchline quarantine list"
    if any(row["is_stale"] for row in standing.published.sources):
        yield "A source is stale: see that its exports still arrive in the inbox, or raise its fresh_within_hours"
    if not standing.published.publication:
        yield "Drop exports into the inbox, then: touchline run"
    else:
        yield "More: touchline doctor (is everything in order?), touchline query (the tables)"


def instant(value: object) -> str:
    """`2026-04-01 03:59`, in UTC; blank for none."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else ""


def _told(check: dict[str, Any]) -> str:
    """A failed check; one in words ends with what to do, so it is never cut."""
    line = check_line(check)
    return line if check.get("kind") in IN_WORDS else _short(line)


def _short(text: str) -> str:
    return text if len(text) <= 2 * _SAMPLE else text[: 2 * _SAMPLE] + " …"
