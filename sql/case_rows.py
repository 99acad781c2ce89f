"""Rows of a test case: YAML values to text with the care of a contract, and the difference between two sets of rows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb

from models.errors import CatalogueError, nearest
from models.tables import Column, TableSpec
from sql.quoting import identifier
from sql.rows import Cell, create_table, insert_rows

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FLOATING = ("DOUBLE", "FLOAT")
_INSTANTS = ("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
_OFFSET = re.compile(r"(Z|[+-]\d{2}(:?\d{2})?)$")
_EXPECTED = "ops.expected"
_TOLERANCE = 2e-6
"""Relative; for DOUBLE columns only, so that a case may write six digits of a rate."""

Row = dict[str, Any]


def texts_of(spec: TableSpec, rows: Sequence[Mapping[str, Any]], where: str) -> list[dict[str, Cell]]:
    """The rows as texts for the table's columns; ValueError names the row and column that cannot be one."""
    columns = {column.name: column for column in spec.columns}
    texts: list[dict[str, Cell]] = []
    for number, row in enumerate(rows, start=1):
        unknown = [name for name in row if name not in columns]
        if unknown:
            raise ValueError(
                f"{where}, row {number}: {spec.table} has no column '{unknown[0]}'.{nearest(unknown[0], columns)}"
            )
        texts.append({name: _cell(value, columns[name], f"{where}, row {number}") for name, value in row.items()})
    return texts


def load_rows(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    rows: Sequence[Mapping[str, Any]],
    where: str,
    catalog: str | None = None,
) -> str:
    """Makes the table with these rows; returns its quoted name."""
    name = create_table(connection, spec, catalog)
    insert_rows(connection, name, spec, texts_of(spec, rows, where))
    return name


def fetch_rows(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, name: str, order: Sequence[str] | None
) -> list[Row]:
    """All rows as texts (numbers of DOUBLE columns as they are), ordered by columns or as they were inserted."""
    columns = ", ".join(
        identifier(column.name) if column.type in _FLOATING else f"cast({identifier(column.name)} as varchar)"
        for column in spec.columns
    )
    ending = f" order by {', '.join(map(identifier, order))}" if order else ""
    fetched = connection.execute(f"select {columns} from {name}{ending}").fetchall()
    return [dict(zip((column.name for column in spec.columns), row, strict=True)) for row in fetched]


def expected_rows(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, rows: Sequence[Mapping[str, Any]], path: Path
) -> list[Row]:
    """A case's expected rows as DuckDB writes their values, without the columns that the case leaves out."""
    expected = spec.model_copy(update={"table": _EXPECTED})
    try:
        name = load_rows(connection, expected, rows, "expect")
    except (ValueError, duckdb.Error) as error:
        raise CatalogueError(f"{path}: {error}", "Mend the row.") from None
    fetched = fetch_rows(connection, expected, name, order=None)
    return [
        {key: value for key, value in typed.items() if key in written}
        for typed, written in zip(fetched, rows, strict=True)
    ]


def differences(spec: TableSpec, expected: Sequence[Row], found: Sequence[Row]) -> list[str]:
    """One readable block a row that differs; `expected` rows name only the columns that were written."""
    blocks: list[str] = []
    left = list(found)
    for row in expected:
        match = next((one for one in left if _key(spec, one) == _key(spec, row)), None)
        if match is None:
            blocks.append(f"missing row\n{_show(spec, row, None)}")
            continue
        left.remove(match)
        if any(not _agrees(column, row, match) for column in spec.columns):
            blocks.append(f"row differs\n{_show(spec, row, match)}")
    return blocks + [f"unexpected row\n{_show(spec, None, row)}" for row in left]


def _key(spec: TableSpec, row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in spec.grain)


def _agrees(column: Column, expected: Row, found: Row) -> bool:
    value = found[column.name]
    if column.name not in expected:
        return value is None or (column.required and _is_number(column) and float(value) == 0)
    wanted = expected[column.name]
    if column.type in _FLOATING and wanted is not None and value is not None:
        return math.isclose(wanted, value, rel_tol=_TOLERANCE, abs_tol=1e-12)
    return bool(wanted == value)


def _show(spec: TableSpec, expected: Row | None, found: Row | None) -> str:
    """The whole row, a column a line; columns that are empty on both sides are left out."""
    lines = [("", "column", "expected", "found")]
    for column in spec.columns:
        sides = [None if row is None else row.get(column.name) for row in (expected, found)]
        differs = expected is not None and found is not None and not _agrees(column, expected, found)
        if differs or any(side is not None for side in sides):
            shown = ["·" if side is None else str(side) for side in sides]
            lines.append(("≠" if differs else "", column.name, shown[0], shown[1]))
    widths = [max(len(line[place]) for line in lines) for place in range(4)]
    return "\n".join("  " + "  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _is_number(column: Column) -> bool:
    return column.type in (*_WHOLE, *_FLOATING) or column.type.startswith("DECIMAL")


def _cell(value: Any, column: Column, where: str) -> Cell:
    if value is None:
        return None
    try:
        if column.type.endswith("[]"):
            if not isinstance(value, list):
                raise ValueError("write a list: [a, b]")
            return [_text(item, column.type.removesuffix("[]")) for item in value]
        return _text(value, column.type)
    except ValueError as error:
        raise ValueError(f"{where}: {column.name} is {column.type}, found {value!r}: {error}") from None


def _text(value: Any, sql_type: str) -> str:
    if sql_type == "BOOLEAN" or isinstance(value, bool):
        if sql_type != "BOOLEAN" or not isinstance(value, bool):
            raise ValueError("true and false belong to BOOLEAN, and only they")
        return str(value).lower()
    if sql_type in _WHOLE:
        if not isinstance(value, int):
            raise ValueError("write a whole number")
        return str(value)
    if sql_type in _FLOATING or sql_type.startswith("DECIMAL"):
        return _number(value, sql_type)
    if sql_type in _INSTANTS or sql_type in ("DATE", "TIMESTAMP"):
        return _time(value, sql_type)
    if not isinstance(value, str):
        raise ValueError("put it in quotes")
    return value


def _number(value: Any, sql_type: str) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("write a number") from None
    scale = re.search(r",\s*(\d+)\)", sql_type)
    if scale and number != round(number, int(scale[1])):
        raise ValueError(f"it has more than {scale[1]} digits after the point")
    return str(value)


def _time(value: Any, sql_type: str) -> str:
    if isinstance(value, datetime) or (isinstance(value, date) and sql_type == "DATE"):
        text = value.isoformat()
    elif isinstance(value, str):
        text = value
    else:
        raise ValueError("write a day or an instant")
    if sql_type in _INSTANTS and not (_OFFSET.search(text) and len(text) > 10):
        raise ValueError("write an instant with an offset, such as 2026-03-02T15:00:00Z")
    if sql_type == "DATE" and len(text) > 10:
        raise ValueError("write a day without a time")
    return text
