"""Redacting the rows that stand in the place of an old landed file: they hold ids and tokens, and no contact's name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.night.erasing.databases import changes_of, looked_up
from pipelines.night.erasing.redactor import Redactor
from pipelines.night.erasing.registry import Registry
from pipelines.night.kept_rows import ROWS, key_id_of
from pipelines.night.landing import ASIDE
from pipelines.night.whole_file import sync
from sql.quoting import identifier, literal
from sql.records import REP_REFERENCES

_NAMED = ("full_name", "subject")


def redact_kept_rows(landed: Path, registry: Registry) -> None:
    """Every file of kept rows without the people of the registry, each replaced in one rename."""
    for path in sorted(landed.glob(ROWS)):
        with duckdb.connect() as connection:
            connection.execute("set preserve_insertion_order = true")
            connection.execute(f"create table kept as from read_parquet({literal(str(path))})")
            if _redact(connection, registry):
                _replace(connection, path)


def _redact(connection: duckdb.DuckDBPyConnection, registry: Registry) -> bool:
    (source,) = connection.execute("select any_value(source) from kept").fetchone() or (None,)
    redactor = Redactor(registry, (str(source),))
    columns = connection.execute("describe kept").fetchall()
    changed = False
    for name, kind, *_ in columns:
        if kind not in ("VARCHAR", "VARCHAR[]"):
            continue
        if changes := changes_of(connection, "kept", name, kind, _redaction(redactor, name)):
            changed = True
            own = (
                ", contact_key = null" if name == "contact_id" and ("contact_key",) in [c[:1] for c in columns] else ""
            )
            forgotten = ", ".join(map(literal, changes))
            where = f"where {identifier(name)} in ({forgotten})" if kind == "VARCHAR" else ""
            connection.execute(f"update kept set {identifier(name)} = {looked_up(name, kind, changes)}{own} {where}")
    return changed


def _redaction(redactor: Redactor, column: str) -> Callable[[str], str]:
    def redact(text: str) -> str:
        found = redactor.text(redactor.prefixed_ids(text))
        found = redactor.ids(found, "rep") if column in REP_REFERENCES else found
        return redactor.names(found) if column in _NAMED else found

    return redact


def _replace(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    aside = path.with_name(f"{ASIDE}{os.getpid()}")
    connection.execute(
        f"copy (select * from kept order by rowid) to {literal(str(aside))}"
        f" (format parquet, kv_metadata {{key_id: {literal(key_id_of(path))}}})"
    )
    aside.chmod(0o600)
    sync(aside)
    aside.replace(path)
