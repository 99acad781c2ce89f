"""`touchline status`: the last night, and what stands published: loads, rows by source, checks, quarantine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipelines.commands.night_page import PARTS, check_line, headline
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.standing import Standing, read_standing


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the last nights, loads, row accounting, checks, quarantine and what is published."""
    workspace = workspace_at(home)
    workspace.must_exist()
    standing = read_standing(workspace)
    if as_json:
        print_json(standing.to_json())
    else:
        _show(Page(), standing)


def _show(out: Page, standing: Standing) -> None:
    _show_publication(out, standing)
    _show_last_night(out, standing)
    _show_sections(out, standing)
    for refused in standing.refused:
        line = f"{refused['source']}/{refused['file_name']}: {refused['reason']}"
        out.line(f"\nRefused, still in the inbox: {line}")
        out.line(f"  → {refused['remedy']}")
    if standing.failed_checks:
        out.head("\nFailed checks of what is published")
    for check in standing.failed_checks:
        out.line(f"  {check_line(check)}")


def _show_publication(out: Page, standing: Standing) -> None:
    if not standing.publication:
        out.line("Nothing is published yet: run a night with `touchline run`.")
        return
    found = standing.publication
    line = f"Generation {found['generation']}, as of {_cell(found['as_of'])}, published {_cell(found['published_at'])}"
    out.head(line)


def _show_last_night(out: Page, standing: Standing) -> None:
    if standing.last_night is None:
        return
    out.line(f"Last night: {headline(standing.last_night)}")
    if standing.last_night.status == "blocked":
        for check in standing.last_night.failed_checks:
            out.line(f"  {check_line(check)} (in the failed build)")


def _show_sections(out: Page, standing: Standing) -> None:
    accounting = ("source", "entity", "rows_read", *(f"rows_{part}" for part in PARTS))
    _show_rows(out, "Sources", standing.sources, ("source", "kind", "newest_event_at", "last_load_at"))
    _show_rows(out, "Rows, by source", standing.accounting, accounting)
    _show_rows(out, "Last loads", standing.loads, ("landed_at", "source", "file_name", "status", "reason"))
    _show_rows(out, "Quarantined, by rule", standing.quarantine, ("source", "entity", "field", "rule", "rows"))
    restated = ("generation", "table_name", "cause", "load_id", "file_name", "cells")
    _show_rows(out, "Restated past periods (all of them: ops.restatement)", standing.restated, restated)


def _show_rows(out: Page, title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if rows:
        heads = [column.removeprefix("rows_").replace("_", " ") for column in columns]
        cells = [[_cell(row.get(column)) for column in columns] for row in rows]
        out.rows(title, heads, cells)


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return "" if value is None else value
