"""Redacting databases. A DuckDB file is copied into a new one, since DELETE leaves plaintext; SQLite rewrites itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb

from pipelines.night.erasing.redactor import Redactor, readable
from sql.quoting import identifier, literal
from sql.warehouse import attach, connect

_IDS = ("record_id", "record_key")
_FREE_SCHEMAS = ("ops", "quarantine", "private", "main")
_KEPT_TABLES = ("erasure", "erased_form")


def copy_redacted(source: Path, target: Path, redactor: Redactor, *, names_everywhere: bool) -> None:
    """Every table and view of `source` as a table of the new database `target`, each text redacted.

    Names are looked for in the ledger and the private tables; `names_everywhere` in all tables, since a rep's name
    stands in marts.
    """
    with connect() as connection:
        connection.execute(f"attach {literal(str(source))} as old (read_only)")
        attach(connection, "new", target, owner_only=True)
        for schema, table in connection.execute(
            "select distinct table_schema, table_name from information_schema.tables where table_catalog = 'old' order by 1, 2"
        ).fetchall():
            connection.execute(f"create schema if not exists new.{identifier(schema)}")
            _copy_table(
                connection,
                f"{identifier(schema)}.{identifier(table)}",
                redactor,
                names_everywhere or schema in _FREE_SCHEMAS,
            )
        connection.execute("checkpoint new")


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str, redactor: Redactor, with_names: bool) -> None:
    is_empty = connection.execute(f"select 1 from old.{table} limit 1").fetchone() is None
    columns = [] if is_empty else connection.execute(f"describe old.{table}").fetchall()
    replaced = []
    for name, kind, *_ in columns:
        if kind not in ("VARCHAR", "VARCHAR[]", "JSON"):
            continue
        changes = changes_of(connection, f"old.{table}", name, kind, _redaction(redactor, name, with_names))
        if changes:
            replaced.append(f"{looked_up(name, kind, changes)} as {identifier(name)}")
    shown = f" replace ({', '.join(replaced)})" if replaced else ""
    connection.execute(f"create table new.{table} as select *{shown} from old.{table}")


def _redaction(redactor: Redactor, column: str, with_names: bool) -> Callable[[str], str]:
    def redact(text: str) -> str:
        found = redactor.text(redactor.prefixed_ids(text))
        if column in _IDS:
            found = redactor.ids(found, "contact")
        if column == "file_name":
            found = redactor.file_name(found)
        return redactor.names(found) if with_names else found

    return redact


def changes_of(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, kind: str, redact: Callable[[str], str]
) -> dict[str, str]:
    """What becomes of each text of a column that names somebody."""
    name = identifier(column)
    value = f"unnest({name})" if kind == "VARCHAR[]" else f"{name}::varchar"
    cursor = connection.execute(f"select distinct {value} from {table} where {name} is not null")
    changes = {}
    while rows := cursor.fetchmany(50_000):
        changes.update({text: new for (text,) in rows if text is not None and (new := redact(text)) != text})
    return changes


def looked_up(column: str, kind: str, changes: dict[str, str]) -> str:
    """SQL: the column with these changes."""
    name = identifier(column)
    pairs = f"map([{', '.join(map(literal, changes))}], [{', '.join(map(literal, changes.values()))}])"
    if kind == "VARCHAR[]":
        return f"list_transform({name}, lambda one: coalesce(map_extract({pairs}, one)[1], one))"
    return f"coalesce(map_extract({pairs}, {name}::varchar)[1], {name}::varchar)::{kind}"


def redact_sqlite(path: Path, redactor: Redactor) -> bool:
    """Every text of a SQLite file; the freed pages are overwritten. Whether anything changed."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("pragma secure_delete = on")
        connection.execute("begin immediate")
        changed = [_redact_table(connection, table, redactor) for table in _tables(connection)]
        connection.execute("commit")
        if any(changed):
            connection.execute("pragma wal_checkpoint(truncate)")
            connection.execute("vacuum")
        return any(changed)


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    return [name for (name,) in found.fetchall() if name not in _KEPT_TABLES]


def _redact_table(connection: sqlite3.Connection, table: str, redactor: Redactor) -> bool:
    name = identifier(table)
    columns = [column for _, column, *_ in connection.execute(f"pragma table_info({name})").fetchall()]
    changed = False
    try:
        rows = connection.execute(f"select rowid, * from {name}").fetchall()
    except sqlite3.OperationalError:  # a table without rowid
        return False
    for rowid, *values in rows:
        new = [_redacted(value, redactor) for value in values]
        if new != values:
            changed = True
            sets = ", ".join(f"{identifier(column)} = ?" for column in columns)
            connection.execute(f"update {name} set {sets} where rowid = ?", [*new, rowid])
    return changed


def _redacted(value: object, redactor: Redactor) -> object:
    if not isinstance(value, str):
        return value
    before = readable(value)
    after = redactor.names(redactor.text(redactor.prefixed_ids(before)))
    return value if after == before else after
