"""Redacting Parquet: read into a database in memory, changed cell by cell, written anew in the same order and types."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from pipelines.night.erasing.layout import Layout
from pipelines.night.erasing.redactor import Cell, Redactor
from sql.quoting import identifier, literal

_BATCH = 10_000
_IDS = ("contact", "rep")


def redact_parquet(path: Path, layout: Layout, redactor: Redactor) -> bytes | None:
    """The new file's bytes; None when nothing changes or it is no Parquet file."""
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = true")
        try:
            connection.execute(f"create table landed as select * from read_parquet({literal(str(path))})")
        except duckdb.Error:
            return None
        told = connection.execute("describe landed").fetchall()
        columns = [(name, kind) for name, kind, *_ in told if kind == "VARCHAR" or layout.role_of(name) in _IDS]
        changes = _changes(connection, columns, layout, redactor)
        if not changes:
            return None
        for name, rowid, text in changes:
            connection.execute(f"update landed set {identifier(name)} = ? where rowid = ?", [text, rowid])
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".landing-") as folder:
            target = Path(folder) / "landed.parquet"
            connection.execute(f"copy (select * from landed order by rowid) to {literal(str(target))} (format parquet)")
            return target.read_bytes()


def _changes(
    connection: duckdb.DuckDBPyConnection, columns: list[tuple[str, str]], layout: Layout, redactor: Redactor
) -> list[tuple[str, int, str]]:
    if not columns:
        return []
    names = [name for name, _ in columns]
    key = layout.key_among(names)
    shown = ", ".join(f"{identifier(name)}::varchar" for name in names)
    cursor = connection.execute(f"select rowid, {shown} from landed order by rowid")
    changes: list[tuple[str, int, str]] = []
    while rows := cursor.fetchmany(_BATCH):
        for rowid, *texts in rows:
            cells = [Cell(text or "", layout.role_of(name)) for name, text in zip(names, texts, strict=True)]
            found = redactor.record(cells, key)
            changes += [
                (name, rowid, new) for name, cell, new in zip(names, cells, found, strict=True) if new != cell.text
            ]
    return changes
