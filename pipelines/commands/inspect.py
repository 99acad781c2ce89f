"""`touchline inspect`: says what a file is and proposes a mapping; writes nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, count, print_json
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.sources.inspecting import Inspection

_MOST_COLUMNS, _MOST_CELLS, _MOST_RULES, _WIDE = 40, 20, 8, 60


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export, as it came.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a file is, propose a mapping to paste, show mapped rows and what would be rejected."""
    from models.settings import Settings
    from pipelines.sources.inspecting import inspect_file

    if not file.is_file():
        raise UsageError(f"{file} is no file", "Name an export, such as inbox/crm/activities.csv.")
    workspace = workspace_at(home)
    settings = workspace.settings() if workspace.exists() else Settings()
    found = inspect_file(file, settings, workspace.home)
    if as_json:
        print_json(asdict(found))
    else:
        _show(Page(), file, found, settings.company.timezone)
        Page().line(f"\n→ {_next_step(file, found, workspace)}")


def _show(out: Page, file: Path, found: Inspection, zone: str) -> None:
    out.head(f"{file.name}: {_what_it_is(found)}")
    out.line(_how_it_reads(found))
    if found.columns:
        columns = [(c.name, c.kind, _short(" | ".join(c.samples))) for c in found.columns[:_MOST_COLUMNS]]
        out.rows("Columns", ("column", "looks like", "for example"), columns)
        if len(found.columns) > _MOST_COLUMNS:
            out.line(f"… and {len(found.columns) - _MOST_COLUMNS} more columns")
    if found.proposal:
        where = "under `sources:`" if found.replaces is None else f"in the place of the source `{found.replaces}`"
        out.head(f"\nPaste {where} in touchline.yaml")
        out.line(indent(found.proposal, "  "))  # as the list stands in the template
    _show_trial(out, found, zone)
    if found.notes:
        out.head("\nNotes")
        for note in found.notes:
            out.line(f"- {note}")


def _what_it_is(found: Inspection) -> str:
    """The entity; a file without one that a source reads all the same is a table beside others."""
    return found.entity or ("a table joined to others" if found.source_kind else "of no known entity")


def _next_step(file: Path, found: Inspection, workspace: Workspace) -> str:
    from models.strict_yaml import parse_yaml

    trial = f"then try it: touchline run --dry-run --home {workspace.home}"
    if found.proposal:
        folder = workspace.home / Path(parse_yaml(found.proposal)[0]["path"])
        folder = folder.parent if found.source_kind == "mapped" else folder
        copied = "" if file.resolve().parent == folder else f" copy the file into {folder}/,"
        return f"Check the proposal against the rows above, paste it,{copied} {trial}"
    if found.source_kind:
        return f"Nothing is to be pasted; {trial}"
    return "Do what the notes say; or name the file <entity>*.csv, or write a mapped source (see touchline.yaml)."


def _how_it_reads(found: Inspection) -> str:
    parts = [found.file_format + (found.compression or "")]
    parts += [f"encoding {found.encoding}"] if found.encoding else []
    parts += [f"delimiter {found.delimiter!r}"] if found.delimiter else []
    parts += [f"decimal mark {found.decimal!r}"] if found.decimal != "." else []
    parts += [f"header on line {found.skip_rows + 1}"] if found.skip_rows else []
    parts += [f"kind: {found.source_kind}"] if found.source_kind else []
    return " · ".join(parts)


def _show_trial(out: Page, found: Inspection, zone: str) -> None:
    """The accepted rows with the fields as lines, since there are more fields than rows; then the rejected ones."""
    if found.rows:
        fields = [field for field in found.rows[0] if any(row[field] is not None for row in found.rows)]
        lines = [(field, *(_cell(row[field], zone) for row in found.rows[:3])) for field in fields]
        out.rows(
            f"The first mapped rows, times in {zone}",
            ("field", *(f"row {n}" for n in range(1, len(found.rows[:3]) + 1))),
            lines,
        )
    if not found.entity:
        return
    rejected = found.rejected
    out.head(f"\n{count(rejected.count)} of {count(rejected.tried)} rows would be rejected")
    if rejected.cells:
        cells = [(str(c.line), c.field, c.rule, c.message, _short(c.found)) for c in rejected.cells[:_MOST_CELLS]]
        out.rows("", ("line", "field", "rule", "what is wrong", "found"), cells)
        rules = rejected.rules[:_MOST_RULES]
        out.line(", ".join(f"{one.field} {one.rule}: {count(one.count)}".strip() for one in rules))


def _cell(value: object, zone: str) -> str:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
