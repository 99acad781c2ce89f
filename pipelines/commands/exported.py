"""What `touchline export` writes of each table: a folder `schema/table/`, and in it one file or a folder a month.

Every table has its folder, so that `schema/table/**/*.parquet` reads it before and after it has grown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import UsageError, nearest
from pipelines.commands.rows import write_file
from pipelines.commands.table_names import table_named
from sql.quoting import identifier, literal, qualified
from sql.warehouse import PUBLISHED_SCHEMAS

if TYPE_CHECKING:
    import duckdb

LARGE = 100_000
"""Rows from which on a dated table is written by month: fewer are read whole faster than many small files."""
NO_MONTH = "__HIVE_DEFAULT_PARTITION__"
"""What readers of hive-style folders take for NULL."""


@dataclass(frozen=True)
class ExportedTable:
    """A table that was written: its rows, and its files below the export's folder."""

    table: str
    rows: int
    files: tuple[str, ...]


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """`schema.table` of every published table and view, in order."""
    rows = connection.execute(
        "select distinct table_schema || '.' || table_name as name from information_schema.tables"
        " where table_schema in (select unnest(?)) order by name",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall()
    return [name for (name,) in rows]


def chosen_tables(words: Sequence[str], published: Sequence[str]) -> list[str]:
    """The tables that the words name, each a table, a schema or `all`; UsageError for a word that names nothing."""
    return list(dict.fromkeys(table for word in words for table in _tables_of(word, published)))


def _tables_of(word: str, published: Sequence[str]) -> Iterable[str]:
    wanted = word.strip().lower()
    if wanted == "all":
        return published
    if wanted in PUBLISHED_SCHEMAS:
        return [name for name in published if name.startswith(f"{wanted}.")]
    table = table_named(word, published)
    if table is None:
        known = [*PUBLISHED_SCHEMAS, *published, *(name.split(".")[1] for name in published)]
        raise UsageError(
            f"there is no published table or schema '{word}'.{nearest(wanted, known)}",
            "See them all: touchline dictionary",
        )
    return [table]


def export_table(
    connection: duckdb.DuckDBPyConnection, table: str, form: str, folder: Path, raw: bool, large: int = LARGE
) -> ExportedTable:
    """Writes the table below `folder`, dated ones of at least `large` rows by month."""
    rows = _count(connection, table)
    dated_by = _dated_by(connection, table) if rows >= large else None
    place = Path(*table.split("."))
    files = []
    for below, sql in _parts(connection, table, dated_by):
        file = place / below / f"data.{form}"
        (folder / file).parent.mkdir(parents=True)
        write_file(connection, sql, form, folder / file, raw)
        files.append(file.as_posix())
    return ExportedTable(table, rows, tuple(files))


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    ((rows,),) = connection.execute(f"select count(*) from {qualified(table)}").fetchall()
    return int(rows)


def _dated_by(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """The first day among its columns, the one that its rows are about; None when it has none."""
    found = connection.execute(
        "select column_name from duckdb_columns() where schema_name || '.' || table_name = ? and data_type = 'DATE'"
        " order by column_index limit 1",
        [table],
    ).fetchall()
    return str(found[0][0]) if found else None


def _parts(connection: duckdb.DuckDBPyConnection, table: str, dated_by: str | None) -> Iterator[tuple[str, str]]:
    """The folder below the table's, and the SELECT of each file."""
    every_row = f"select * from {qualified(table)}"
    if dated_by is None:
        yield "", every_row
        return
    month = f"strftime({identifier(dated_by)}, '%Y-%m')"
    found = connection.execute(f"select distinct {month} as month from {qualified(table)} order by month").fetchall()
    for (value,) in found:
        only = f"{month} is null" if value is None else f"{month} = {literal(value)}"
        yield f"{dated_by}_month={NO_MONTH if value is None else value}", f"{every_row} where {only}"
