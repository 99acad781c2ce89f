"""Rows of a query on their way out: a table to look at, CSV, JSON or Parquet; a batch at a time, however many."""

from __future__ import annotations

import csv
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from models.errors import UsageError
from pipelines.commands.pages import Page

if TYPE_CHECKING:
    import duckdb

BATCH = 10_000
SHOWN = 200
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_rows(connection: duckdb.DuckDBPyConnection, sql: str, form: str, output: Path | None, raw: bool) -> None:
    """Write what the query finds in this format, to a file (whole or not at all) or to standard output."""
    if output is None:
        _write_text(connection, sql, form, sys.stdout, raw)
        return
    with _replaced(output) as part:
        write_file(connection, sql, form, part, raw)


def write_file(connection: duckdb.DuckDBPyConnection, sql: str, form: str, file: Path, raw: bool) -> None:
    """Write what the query finds into this file; after an error it may hold a part of it."""
    if form == "parquet":
        _write_parquet(connection, sql, file)
        return
    with file.open("w", encoding="utf-8", newline="") as opened:
        _write_text(connection, sql, form, opened, raw)


def _write_text(connection: duckdb.DuckDBPyConnection, sql: str, form: str, file: IO[str], raw: bool) -> None:
    result = connection.execute(sql)
    names = unique_names([column[0] for column in result.description or ()])
    if form == "csv":
        _write_csv(result, names, file, raw)
    elif form == "json":
        _write_json(result, names, file)
    else:
        _write_page(result, names, file)


def unique_names(names: Sequence[str]) -> list[str]:
    """The columns' names; a name that comes again gets `_1`, `_2`, …, as in DuckDB's own subqueries."""
    unique: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in unique:
            number += 1
            candidate = f"{name}_{number}"
        unique.append(candidate)
    return unique


def _batches(result: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
    while result.description and (rows := result.fetchmany(BATCH)):
        yield rows


def _write_csv(result: duckdb.DuckDBPyConnection, names: Sequence[str], file: IO[str], raw: bool) -> None:
    """Texts that a spreadsheet would run get a leading apostrophe, unless `raw`; numbers stay numbers."""
    guard = (lambda text: text) if raw else without_formula
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([guard(name) for name in names])
    for rows in _batches(result):
        writer.writerows([csv_cell(value, guard) for value in row] for row in rows)


def csv_cell(value: Any, guard: Callable[[str], str]) -> str:
    """One value as text: NULL is blank, times are ISO, lists and structs are JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, int | float | Decimal | timedelta):
        return str(value)
    plain = json_value(value)
    return guard(plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False))


def without_formula(text: str) -> str:
    """The text, with an apostrophe before it when a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write_json(result: duckdb.DuckDBPyConnection, names: Sequence[str], file: IO[str]) -> None:
    """An array of objects, one a line."""
    separator = "["
    for rows in _batches(result):
        for row in rows:
            record = dict(zip(names, map(json_value, row), strict=True))
            file.write(f"{separator}\n{json.dumps(record, ensure_ascii=False)}")
            separator = ","
    file.write("[]\n" if separator == "[" else "\n]\n")


def json_value(value: Any) -> Any:
    """What JSON can say: decimals are numbers, times ISO texts; an infinite or undefined number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write_page(result: duckdb.DuckDBPyConnection, names: Sequence[str], file: IO[str]) -> None:
    """The first rows as a table; whoever wants all of a long result takes another format."""
    rows = result.fetchmany(SHOWN + 1) if result.description else []
    cells = [["" if value is None else _page_cell(value) for value in row] for row in rows[:SHOWN]]
    out = Page(file)
    out.rows("", names, cells, number=str)
    more = f"the first {SHOWN} rows; all of them: --format csv" if len(rows) > SHOWN else f"{len(rows):,} rows"
    out.line(f"({more})")


def _page_cell(value: Any) -> Any:
    return value if isinstance(value, int | float | Decimal) else csv_cell(value, str)


def _write_parquet(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    relation = connection.sql(sql)
    if relation is None:
        raise UsageError("The statement finds no rows", "Ask with a SELECT.")
    reader: pa.RecordBatchReader = relation.to_arrow_reader(BATCH)
    try:
        with pq.ParquetWriter(file, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
    except pa.ArrowNotImplementedError as error:
        raise UsageError(f"Parquet cannot hold a column of this type: {error}", "Cast it to VARCHAR.") from None


@contextmanager
def _replaced(output: Path) -> Iterator[Path]:
    """A file beside `output` that takes its place at the end; nothing is left when writing fails."""
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(output)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}", "Name another --output.") from error
    finally:
        part.unlink(missing_ok=True)
