"""`touchline export`: published tables as Parquet or CSV files in a folder or a place, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import TouchlineError, UsageError
from models.storage_settings import PLACE
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json, size
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    from pipelines.commands.exported import ExportedTable


class ExportFormat(StrEnum):
    """How files are written."""

    PARQUET = "parquet"
    CSV = "csv"


def export(
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="DIR", help="The folder: new, empty, or an earlier export's; or a place: s3://bucket/prefix."
        ),
    ],
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="TABLE", help="Tables, schemas (core, marts, ops, quarantine), or all.  [default: marts]"),
    ] = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="How files are written.")] = ExportFormat.PARQUET,
    raw: Annotated[
        bool, typer.Option("--raw", help="CSV: leave texts that a spreadsheet would run as formulas as they are.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write published tables to Parquet or CSV in a folder: schema/table/data.parquet, large dated ones by month."""
    from pipelines.commands.query import open_warehouse, sql_errors_explained

    workspace = workspace_at(home)
    if re.match(PLACE, to):
        _export_to_place(workspace, to, tables or ["marts"], form, raw, as_json)
        return
    if "://" in to:
        raise UsageError(f"'{to}' is no place", "Write s3://bucket/prefix, gs://…, az://… or file:///…, or a folder.")
    folder = Path(to).expanduser().resolve()
    _refuse_workspace(folder, workspace)
    connection = open_warehouse(workspace)
    try:
        with sql_errors_explained():
            manifest = _write(connection, tables or ["marts"], form, folder, raw)
    except OSError as error:
        raise TouchlineError(
            f"{folder} cannot be written: {error.strerror}", "Make room or rights, or name another --to."
        ) from error
    finally:
        connection.close()
    print_json({"folder": str(folder), **manifest}) if as_json else _show(Page(), folder, manifest)


def _export_to_place(
    workspace: Workspace, to: str, words: Sequence[str], form: ExportFormat, raw: bool, as_json: bool
) -> None:
    """Written here first, in the system's folder for such things, then put there as a version behind a pointer."""
    from pipelines.commands.export_place import put_export
    from pipelines.commands.query import open_warehouse, sql_errors_explained
    from pipelines.storage.place import open_place

    place = open_place(to, workspace.settings().storage, os.environ)
    connection = open_warehouse(workspace)
    try:
        with tempfile.TemporaryDirectory(prefix="touchline-export-") as aside, sql_errors_explained():
            manifest = _write(connection, words, form, Path(aside) / "export", raw)
            pointer = put_export(place, Path(aside) / "export", json.loads(_text(manifest)))
    except OSError as error:
        raise TouchlineError(
            f"the export cannot be written to {tempfile.gettempdir()}: {error.strerror}",
            "Make room or rights there, or name another folder in the variable TMPDIR.",
        ) from error
    finally:
        connection.close()
    told = {"place": place.url, "prefix": pointer.prefix, **manifest}
    print_json(told) if as_json else _show(Page(), f"{place.url}/{pointer.prefix}", manifest)


def _refuse_workspace(folder: Path, workspace: Workspace) -> None:
    if folder.is_relative_to(workspace.home.resolve()):
        raise UsageError(f"{folder} lies in the workspace, where nights keep their files", "Name another --to.")


def _write(
    connection: duckdb.DuckDBPyConnection, words: Sequence[str], form: ExportFormat, folder: Path, raw: bool
) -> dict[str, Any]:
    """The whole export; its manifest is written last, and returned."""
    from pipelines.commands.export_folder import MANIFEST, must_be_replaceable, replaced_folder
    from pipelines.commands.exported import chosen_tables, export_table, published_tables
    from pipelines.commands.progress import progress_here
    from pipelines.night.whole_file import write_whole

    chosen = chosen_tables(words, published_tables(connection))
    must_be_replaceable(folder)
    done: list[ExportedTable] = []
    with replaced_folder(folder) as part, progress_here() as progress:
        for table in chosen:
            progress.step(table)
            done.append(export_table(connection, table, form, part, raw))
        manifest = {"format": str(form), **_publication(connection), "tables": [_entry(one, part) for one in done]}
        write_whole(part / MANIFEST, _text(manifest))
    return manifest


def _publication(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Which night it is of."""
    result = connection.execute("select generation, as_of, published_at, version from ops.publication")
    names = [column[0] for column in result.description or ()]
    return {name: value for row in result.fetchall() for name, value in zip(names, row, strict=True)}


def _entry(one: ExportedTable, folder: Path) -> dict[str, Any]:
    return {**asdict(one), "bytes": sum((folder / file).stat().st_size for file in one.files)}


def _text(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=2, ensure_ascii=False, default=lambda instant: instant.isoformat()) + "\n"


def _show(out: Page, folder: Path | str, manifest: dict[str, Any]) -> None:
    tables = manifest["tables"]
    out.rows(
        "", ("table", "rows", "files", "size"),
        [(one["table"], one["rows"], len(one["files"]), size(one["bytes"])) for one in tables],
    )  # fmt: skip
    total = size(sum(one["bytes"] for one in tables))
    out.line(f"\nGeneration {manifest.get('generation')}, {len(tables)} tables, {total}: {folder}")
