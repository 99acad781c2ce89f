"""Logical hashes: equal for equal rows, whatever their physical order. A .duckdb file is never byte-identical."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable

import duckdb

from sql.quoting import identifier, literal, qualified

NOT_HASHED = {"ops": ("run_id", "*_at", "published_at", "git_revision", "seconds", "peak_mb")}
"""Columns, by schema, that differ between two equal nights."""

_INSTANT = "TIMESTAMP WITH TIME ZONE"


def logical_hash(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """sha256 over names, types and rows of `schema.table` (a table or a view).

    The rows enter as the number of them and two exact sums over the halves of each row's md5: independent of
    order, sensitive to repetition, and without a sort of millions of rows.
    """
    schema = table.split(".")[0]
    columns = [
        (str(row[0]), str(row[1]))
        for row in connection.execute(f"describe select * from {qualified(table)}").fetchall()
        if not any(fnmatch.fnmatch(str(row[0]), pattern) for pattern in NOT_HASHED.get(schema, ()))
    ]
    texts = " || ".join(_canonical(name, kind) for name, kind in columns)
    sums = connection.execute(
        "select count(*), sum(md5_number_upper(line)), sum(md5_number_lower(line))"
        f" from (select {texts or literal('')} as line from {qualified(table)})"
    ).fetchone()
    return hashlib.sha256(repr((table, columns, sums)).encode()).hexdigest()


def logical_hashes(connection: duckdb.DuckDBPyConnection, schemas: Iterable[str] = ("core", "marts")) -> dict[str, str]:
    """The hash of every table and view of these schemas of the current database."""
    tables = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database() and list_contains(?, table_schema) order by 1",
        [list(schemas)],
    ).fetchall()
    return {str(row[0]): logical_hash(connection, str(row[0])) for row in tables}


def _canonical(name: str, kind: str) -> str:
    """The value as text with its length in front, so that neither NULL nor a neighbour can pass for it."""
    column = identifier(name)
    text = f"cast({f'epoch_us({column})' if kind == _INSTANT else column} as varchar)"
    return f"coalesce(length({text}) || ':' || {text}, '-')"
