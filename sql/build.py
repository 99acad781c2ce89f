"""Writes one table from its SELECT: whole, by its window, or as a view; in one transaction, checked before commit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from models.errors import CatalogueError
from models.tables import Severity, TableSpec, WriteMode
from sql.catalog import Model
from sql.checks import CheckResult, run_checks
from sql.quoting import identifier, qualified

_LONG_NAMES = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
"""Types that YAML may call by a shorter name than DESCRIBE does."""


@dataclass(frozen=True)
class BuildResult:
    """What a build did. `rows` counts the whole table (None for a view). A blocking check left the old table."""

    table: str
    rows: int | None
    seconds: float
    checks: list[CheckResult]

    @property
    def committed(self) -> bool:
        """False when a blocking check failed: the transaction was rolled back."""
        return not any(check.blocks for check in self.checks)


def build_table(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    mode: WriteMode | None = None,
    existing: Mapping[str, str] | None = None,
) -> BuildResult:
    """Builds and checks a table in one transaction; `mode` overrides its declared way of writing.

    `existing` says what stands already (`existing_kinds`), for callers that build many tables and ask once.
    Failing checks are returned, not raised; with a blocking one among them nothing is kept. A query that fails,
    or makes other types than declared, raises CatalogueError and leaves the old table.
    """
    started = time.perf_counter()
    connection.begin()
    try:
        outside = write_table(connection, model, mode or model.spec.write, existing)
        rows = None if model.spec.write is WriteMode.VIEW else _count(connection, qualified(model.table))
        written = _inside(model.spec) if outside and _grain_has_window(model.spec) else "true"
        checks = [*outside, *run_checks(connection, model.spec, is_empty=rows == 0, written=written)]
        result = BuildResult(model.table, rows, round(time.perf_counter() - started, 3), checks)
    except BaseException:
        connection.rollback()
        raise
    if result.committed:
        connection.commit()
    else:
        connection.rollback()
    return result


def write_table(
    connection: duckdb.DuckDBPyConnection, model: Model, mode: WriteMode, existing: Mapping[str, str] | None = None
) -> list[CheckResult]:
    """Writes the table and compares its types with the declared; no transaction and no checks of its own.

    Returns the check that a window's query made no row outside its window; a whole table has none.
    """
    try:
        return _write(connection, model, mode, existing_kinds(connection) if existing is None else existing)
    except duckdb.Error as error:
        raise CatalogueError(f"{model.path} cannot build {model.table}: {error}", "Mend the query.") from error


def _write(
    connection: duckdb.DuckDBPyConnection, model: Model, mode: WriteMode, existing: Mapping[str, str]
) -> list[CheckResult]:
    stands = existing.get(model.table)
    if mode is WriteMode.WINDOW and stands == "table":
        return _replace_window(connection, model)
    kind = "view" if mode is WriteMode.VIEW else "table"
    if stands not in (None, kind):
        connection.execute(f"drop {stands} {qualified(model.table)}")
    connection.execute(f"create or replace {kind} {qualified(model.table)} as\n{model.query.text}\n")
    _compare_types(connection, model, qualified(model.table))
    return []


def _replace_window(connection: duckdb.DuckDBPyConnection, model: Model) -> list[CheckResult]:
    _compare_types(connection, model, f"(\n{model.query.text}\n)")
    table, inside = qualified(model.table), _inside(model.spec)
    connection.execute(f"delete from {table} where {inside}")
    kept = _count(connection, table)
    connection.execute(f"insert into {table}\n{model.query.text}\n")
    outside = _count(connection, table) - kept - _count(connection, f"{table} where {inside}")
    return [CheckResult(model.table, "window_only", "rule", Severity.BLOCK, outside == 0, outside, "", 0.0)]


def _inside(spec: TableSpec) -> str:
    """The condition of the rows that the window replaces."""
    assert spec.window is not None
    by = ", ".join(identifier(name) for name in spec.window.by)
    return f"({by}) in (select {_row(by)} from {qualified(spec.window.of)})"


def _grain_has_window(spec: TableSpec) -> bool:
    """Then no row of the window can have the key of one outside it."""
    return spec.window is not None and set(spec.window.by) <= set(spec.grain)


def _row(columns: str) -> str:
    """A single column stays itself; several become the row that `(a, b) in (…)` compares with."""
    return f"({columns})" if "," in columns else columns


def _compare_types(connection: duckdb.DuckDBPyConnection, model: Model, what: str) -> None:
    found = {str(row[0]): str(row[1]) for row in connection.execute(f"describe select * from {what}").fetchall()}
    wrong = [
        f"  {column.name}: declared {column.type}, the query makes {found[column.name]}"
        for column in model.spec.columns
        if full_type(column.type) != found[column.name]
    ]
    if wrong:
        lines = "\n".join(wrong)
        raise CatalogueError(
            f"{model.path} makes other types than {model.table} declares:\n{lines}",
            "Cast the column in the query, or correct `type` in the YAML.",
        )


def full_type(name: str) -> str:
    """The type as DESCRIBE prints it."""
    for short, long in _LONG_NAMES.items():
        name = name.replace(short, long)
    return name


def existing_kinds(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """`table` or `view` by the name of everything that stands, staging's under `staging.<name>`."""
    found = connection.execute(
        """
        select if(database_name = 'staging', 'staging', schema_name) || '.' || table_name, 'table' from duckdb_tables()
        where database_name in ('staging', current_database())
        union all
        select if(database_name = 'staging', 'staging', schema_name) || '.' || view_name, 'view' from duckdb_views()
        where database_name in ('staging', current_database()) and not internal
        """
    ).fetchall()
    return {str(name): str(kind) for name, kind in found}


def _count(connection: duckdb.DuckDBPyConnection, what: str) -> int:
    counted = connection.execute(f"select count(*) from {what}").fetchone()
    return int(counted[0]) if counted else 0
