"""The page of `touchline status`. Colour repeats what words say: without it nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from models.tables import IN_WORDS
from pipelines.commands.night_page import PARTS, check_line
from pipelines.commands.pages import Page, Styled, size
from pipelines.commands.standing import Build, Standing
from pipelines.commands.status_top import instant, show_top

_SAMPLE = 120
_RESTATED = {"generation": "gen.", "table_name": "table", "cause": "cause", "file_name": "file", "cells": "cells"}
_FATES = {"accepted": "green", "refused": "bold red", "deferred": "yellow", "duplicate": "dim"}


def show_standing(
    out: Page, standing: Standing, now: datetime, show_alerts: Callable[[], None] | None = None, whole: bool = True
) -> None:
    """The most important first; `now` only says how long ago something was. Without the `whole`
    what fits on a screen: no files, rules or entities."""
    show_top(out, standing, now, show_alerts)
    _show_slow(out, standing)
    _show_error(out, standing)
    _show_failed_build(out, standing)
    _show_build(out, standing.published, whole)
    if whole:
        _show_disk(out, standing)
    out.line("")
    for line in _what_to_do(standing):
        (out.line if line.startswith("Look at it") else out.words)(f"→ {line}")
    if not whole:
        out.words("→ Rows by entity, files, rules and the disk: touchline status --all")


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


def _show_build(out: Page, build: Build, whole: bool) -> None:
    if whole:
        _show_rows(out, build)
    _show_checks(out, build)
    if whole:
        _show_quarantine(out, build, "Quarantined, by rule")
    _show_columns(out, build)
    restated = [[row[name] or "" for name in _RESTATED] for row in build.restated]
    if restated and whole:
        out.rows("Restated past periods (all of them: ops.restatement)", list(_RESTATED.values()), restated)
    for refused in build.refused:
        out.line(f"\nRefused, still in the inbox: {refused['source']}/{refused['file_name']}: {refused['reason']}")
        out.line(f"  → {refused['remedy']}")


def _show_rows(out: Page, build: Build) -> None:
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


def _parts(row: dict[str, Any]) -> list[int]:
    return [row["rows_read"], *(row[f"rows_{part}"] for part in PARTS)]


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
        if standing.report:
            yield f"Look at it: {standing.report}"
        yield "More: touchline doctor (is everything in order?), touchline query (the tables)"


def _told(check: dict[str, Any]) -> str:
    """A failed check; one in words ends with what to do, so it is never cut."""
    line = check_line(check)
    return line if check.get("kind") in IN_WORDS else _short(line)


def _short(text: str) -> str:
    return text if len(text) <= 2 * _SAMPLE else text[: 2 * _SAMPLE] + " …"
