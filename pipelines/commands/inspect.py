"""`touchline inspect`: says what a file is and proposes a source to paste; writes nothing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, count, print_json

if TYPE_CHECKING:
    from pipelines.sources.inspecting import ColumnGuess, Inspection


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export, as it came.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a file is, propose a source to paste, show mapped rows and what would be rejected."""
    if not file.is_file():
        raise UsageError(f"{file} is no file", "Name an export, such as inbox/crm/activities.csv.")
    found = _inspected(file, home)
    if as_json:
        print_json(asdict(found))
    else:
        _show(Page(), found)


def _inspected(file: Path, home: Path | None) -> Inspection:
    from models.settings import Settings
    from pipelines.sources.inspecting import inspect_file

    workspace = workspace_at(home)
    return inspect_file(file, workspace.settings() if workspace.exists() else Settings())


def _show(out: Page, found: Inspection) -> None:
    out.head(f"{found.file}: {_dialect(found)}")
    out.line(f"{count(found.rows)} rows; it looks like {found.entity or 'no entity that Touchline knows'}")
    _show_columns(out, found.columns)
    if found.source_yaml:
        out.head("\nA source to paste under `sources:` in touchline.yaml")
        out.line(found.source_yaml.rstrip())
    _show_mapped(out, found)
    _show_rejections(out, found)
    for note in found.notes:
        out.line(f"Note: {note}")


def _dialect(found: Inspection) -> str:
    parts = [found.format, found.encoding]
    if found.delimiter is not None:
        parts.append(f"columns apart by {'tabs' if found.delimiter == chr(9) else found.delimiter!r}")
    return ", ".join([*parts, f"decimals with {found.decimal!r}"])


def _show_columns(out: Page, columns: tuple[ColumnGuess, ...]) -> None:
    rows = [
        (column.name, column.kind, column.format or "", column.field or "", ", ".join(column.samples[:3]))
        for column in columns
    ]
    out.rows("Columns", ("column", "holds", "format", "field", "such as"), rows)


def _show_mapped(out: Page, found: Inspection) -> None:
    """The mapped rows, without the fields that are blank in all of them."""
    fields = [name for name in (found.mapped_rows or ({},))[0] if any(row[name] for row in found.mapped_rows)]
    if fields:
        rows = [[row[name] or "" for name in fields] for row in found.mapped_rows]
        out.rows("Its first rows, mapped", fields, rows)


def _show_rejections(out: Page, found: Inspection) -> None:
    if not found.rejected_rows:
        return
    out.head(f"\n{count(found.rejected_rows)} of the first {count(found.sampled_rows)} rows would be rejected")
    if found.reasons:
        out.rows("By rule", ("field and rule", "rows"), found.reasons.items())
    rows = [(one.line, one.field, one.rule, one.message, one.found) for one in found.rejections]
    if rows:
        out.rows("The first of them", ("line", "field", "rule", "message", "found"), rows)
