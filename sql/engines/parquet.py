"""Tables on their way between DuckDB and the engine: Parquet in a folder that both reach, types kept exactly."""

from __future__ import annotations

from pathlib import Path

import duckdb

from models.tables import Column, TableSpec
from sql.quoting import identifier, literal, qualified

_WIDER = {"HUGEINT": "DECIMAL(38,0)", "UHUGEINT": "DECIMAL(38,0)", "UBIGINT": "DECIMAL(20,0)"}
"""Types that Parquet holds as DOUBLE, or Spark does not read."""


def write_parquet(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    """The rows of a table or view as Parquet in a new folder. A TIME is that time on 1970-01-01, UTC."""
    folder.mkdir(parents=True)
    described = connection.execute(f"describe select * from {qualified(table)}").fetchall()
    columns = ", ".join(_stored(str(name), str(kind)) for name, kind, *_ in described)
    target = literal(str(folder / "rows.parquet"))
    connection.execute(f"copy (select {columns} from {qualified(table)}) to {target} (format parquet)")


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
