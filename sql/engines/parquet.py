"""Tables on their way between DuckDB and the engine: Parquet in a folder that both reach, types kept exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from models.tables import Column, TableSpec
from sql.quoting import identifier, literal, qualified

_WIDER = {"HUGEINT": "DECIMAL(38,0)", "UHUGEINT": "DECIMAL(38,0)", "UBIGINT": "DECIMAL(20,0)"}
"""Types that Parquet holds as DOUBLE, or Spark does not read."""


def stored_columns(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The columns of a table or view in a SELECT, as Parquet and Spark hold them. A TIME is that time on 1970-01-01, UTC."""
    described = connection.execute(f"describe select * from {qualified(table)}").fetchall()
    return ", ".join(_stored(str(name), str(kind)) for name, kind, *_ in described)


def write_parquet(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, part: str, parts: Sequence[str]
) -> None:
    """Rows of a table or view as Parquet below `folder`, `part=<value>/` for each of `parts`; `part` says which a row is in."""
    columns, source = stored_columns(connection, table), qualified(table)
    if len(parts) == 1:
        (folder / f"part={parts[0]}").mkdir(parents=True)
        target = literal(str(folder / f"part={parts[0]}" / "rows.parquet"))
        rows = f"select {columns} from {source} where {part} = {literal(parts[0])}"
        connection.execute(f"copy ({rows}) to {target} (format parquet, compression zstd)")
        return
    folder.mkdir(parents=True)
    wanted = ", ".join(literal(value) for value in parts)
    rows = f"select {columns}, {part} as part from {source} where {part} in ({wanted})"
    connection.execute(
        f"copy ({rows}) to {literal(str(folder))} (format parquet, compression zstd, partition_by (part), overwrite_or_ignore)"
    )


def select_back(spec: TableSpec, folder: Path) -> str:
    """A SELECT of what the engine wrote, in the declared columns and types; an engine may write no file for no rows."""
    if not any(folder.rglob("*.parquet")):
        columns = ", ".join(f"cast(null as {column.type}) as {identifier(column.name)}" for column in spec.columns)
        return f"select {columns} where false"
    columns = ", ".join(_restored(column) for column in spec.columns)
    return f"select {columns} from read_parquet({literal(str(folder / '**' / '*.parquet'))})"


def _stored(name: str, kind: str) -> str:
    column = identifier(name)
    if kind == "TIME":
        return f"(date '1970-01-01' + {column})::timestamptz as {column}"
    return f"{column}::{_WIDER[kind]} as {column}" if kind in _WIDER else column


def _restored(column: Column) -> str:
    name = identifier(column.name)
    value = f"{name}::timestamp" if column.type == "TIME" else name
    return f"cast({value} as {column.type}) as {name}"
