"""Makes declared tables and fills them from rows held in Python: reference rows, parameters, test cases.

Every value arrives as text and is cast to the declared type by DuckDB, so one place decides what a text means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from models.tables import TableSpec
from sql.quoting import identifier, qualified

if TYPE_CHECKING:
    import duckdb

Cell = str | list[str] | None
"""A value as text; a list for columns of lists."""


def create_table(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, catalog: str | None = None, ids: Collection[str] = ()
) -> str:
    """Makes the table anew, empty, with the declared columns; returns its quoted name.

    `ids` are text columns with about as many values as rows. Told how to compress them, DuckDB need not try every way:
    a million activities are written in two thirds of the time, to a file of the same size.
    """
    name = qualified(spec.table if catalog is None else f"{catalog}.{spec.table}")
    compressed = dict.fromkeys(ids, " using compression fsst")
    columns = ", ".join(
        f"{identifier(column.name)} {column.type}{compressed.get(column.name, '')}" for column in spec.columns
    )
    connection.execute(f"create or replace table {name} ({columns})")
    return name


def insert_rows(
    connection: duckdb.DuckDBPyConnection, name: str, spec: TableSpec, rows: Sequence[Mapping[str, Cell]]
) -> None:
    """Appends rows to the table `name` (quoted); columns a row does not name are NULL."""
    if not rows:
        return
    given = [column for column in spec.columns if any(column.name in row for row in rows)]
    casts = ", ".join(f"cast({identifier(column.name)} as {column.type})" for column in given)
    texts = ", ".join(
        f"unnest(?::{'VARCHAR[][]' if column.type.endswith('[]') else 'VARCHAR[]'}) as {identifier(column.name)}"
        for column in given
    )
    names = ", ".join(identifier(column.name) for column in given)
    connection.execute(
        f"insert into {name} ({names}) select {casts} from (select {texts})",
        [[row.get(column.name) for row in rows] for column in given],
    )
