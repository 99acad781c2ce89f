"""core.ref_<name>: business meaning as rows, kept as sql/reference/<name>.csv beside its <name>.yaml."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import CatalogueError
from models.tables import TableSpec
from sql.rows import Cell, create_table, insert_rows

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Reference:
    """One reference table: its contract and its rows. A blank cell is NULL; lists are separated by ';'."""

    spec: TableSpec
    path: Path
    rows: tuple[dict[str, Cell], ...]


def read_reference(spec: TableSpec, path: Path) -> Reference:
    """The rows of a reference CSV; raises CatalogueError when its header is not the declared columns."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file, strict=True)) or [[]]
    declared = [column.name for column in spec.columns]
    if header != declared:
        raise CatalogueError(
            f"{path} has the header {', '.join(header)}; {spec.table} declares {', '.join(declared)}",
            "Make the header and the YAML's `columns` equal, in the same order.",
        )
    for number, line in enumerate(lines, start=2):
        if len(line) != len(declared):
            raise CatalogueError(
                f"{path}, record {number}: {len(line)} cells where {len(declared)} are declared",
                "Quote cells that hold a comma; delete blank lines.",
            )
    return Reference(spec, path, tuple(_row(spec, line) for line in lines))


def create_reference_table(connection: duckdb.DuckDBPyConnection, reference: Reference) -> None:
    """Makes the table anew with all its rows."""
    insert_rows(connection, create_table(connection, reference.spec), reference.spec, reference.rows)


def _row(spec: TableSpec, line: list[str]) -> dict[str, Cell]:
    return {column.name: _cell(text, column.type) for column, text in zip(spec.columns, line, strict=True)}


def _cell(text: str, sql_type: str) -> Cell:
    if text == "":
        return None
    return [item.strip() for item in text.split(";")] if sql_type.endswith("[]") else text
