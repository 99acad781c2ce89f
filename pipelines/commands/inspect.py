"""`touchline inspect`: says what a file is and proposes a mapping; writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, count, print_json

if TYPE_CHECKING:
    from pipelines.sources.inspecting import Inspection

_MOST_COLUMNS, _MOST_CELLS, _WIDE = 40, 20, 60


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
    found = inspect_file(file, workspace.settings() if workspace.exists() else Settings())
    if as_json:
        print_json(asdict(found))
    else:
        _show(Page(), file, found)


def _show(out: Page, file: Path, found: Inspection) -> None:
    out.head(f"{file.name}: {found.entity or 'of no known entity'}")
    out.line(_how_it_reads(found))
    if found.columns:
        columns = [(c.name, c.kind, _short(" | ".join(c.samples))) for c in found.columns[:_MOST_COLUMNS]]
        out.rows("Columns", ("column", "looks like", "for example"), columns)
        if len(found.columns) > _MOST_COLUMNS:
            out.line(f"… and {len(found.columns) - _MOST_COLUMNS} more columns")
    if found.proposal:
        out.head("\nPaste under `sources:` in touchline.yaml")
        out.line(found.proposal)
    _show_trial(out, found)
    if found.notes:
        out.head("\nNotes")
        for note in found.notes:
            out.line(f"- {note}")
    out.line(f"\n→ {_next_step(found)}")


def _next_step(found: Inspection) -> str:
    if found.proposal:
        return "Check the proposal against the rows above, paste it, then try it: touchline run --dry-run"
    if found.entity:
        return "Drop it into the folder of that source, then try it: touchline run --dry-run"
    return "Its columns are those of no entity: name the file <entity>*.csv, or write a mapped source (see touchline.yaml)."


def _how_it_reads(found: Inspection) -> str:
    parts = [found.file_format + (found.compression or "")]
    parts += [f"encoding {found.encoding}"] if found.encoding else []
    parts += [f"delimiter {found.delimiter!r}"] if found.delimiter else []
    parts += [f"decimal mark {found.decimal!r}"] if found.decimal != "." else []
    parts += [f"{found.skip_rows} lines above the header"] if found.skip_rows else []
    parts += [f"kind: {found.source_kind}"] if found.source_kind else []
    return " · ".join(parts)


def _show_trial(out: Page, found: Inspection) -> None:
    """The accepted rows with the fields as lines, since there are more fields than rows; then the rejected ones."""
    if found.rows:
        fields = [field for field in found.rows[0] if any(row[field] is not None for row in found.rows)]
        lines = [(field, *(_cell(row[field]) for row in found.rows[:3])) for field in fields]
        out.rows("The first mapped rows", ("field", *(f"row {n}" for n in range(1, len(found.rows[:3]) + 1))), lines)
    if not found.entity:
        return
    rejected = found.rejected
    out.head(f"\n{count(rejected.count)} of {count(rejected.tried)} rows would be rejected")
    if rejected.cells:
        cells = [(str(c.line), c.field, c.rule, c.message, _short(c.found)) for c in rejected.cells[:_MOST_CELLS]]
        out.rows("", ("line", "field", "rule", "what is wrong", "found"), cells)
        rules = Counter((cell.field, cell.rule) for cell in rejected.cells)
        out.line(", ".join(f"{field} {rule}: {number}".strip() for (field, rule), number in rules.most_common(8)))


def _cell(value: object) -> str:
    return "" if value is None else _short(value.isoformat() if hasattr(value, "isoformat") else str(value))


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
