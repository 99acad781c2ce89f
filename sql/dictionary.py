"""The data dictionary: what every table and column holds, as comments in the database and as rows for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from models.tables import Metric, TableSpec
from sql.quoting import identifier, literal, qualified


@dataclass(frozen=True)
class DictionaryRow:
    """One line of the dictionary. `column` is None for the table itself; `metric` says how a metric is made."""

    table: str
    column: str | None
    type: str
    unit: str | None
    description: str
    metric: str | None


def write_comments(connection: duckdb.DuckDBPyConnection, specs: Iterable[TableSpec]) -> list[str]:
    """Comments every declared table, view and column that the current database holds; returns the tables' names."""
    kinds, there = _things(connection)
    if there:  # a database made anew has none, and what its columns say need not be asked
        there |= _column_comments(connection)
    commented = [spec for spec in specs if spec.table in kinds]
    missing = [statement for spec in commented for statement in _statements(spec, kinds[spec.table], there)]
    if missing:  # a thousand statements with nothing in them to optimize: looking for it is a quarter of their time
        script = ["pragma disable_optimizer", "begin", *missing, "commit", "pragma enable_optimizer"]
        connection.execute("; ".join(script))
    return [spec.table for spec in commented]


def dictionary_rows(specs: Iterable[TableSpec]) -> list[DictionaryRow]:
    """A row for each table, then one for each of its columns, in their order."""
    return [row for spec in specs for row in _rows_of(spec)]


def _rows_of(spec: TableSpec) -> list[DictionaryRow]:
    metrics = {metric.name: metric for metric in spec.metrics}
    named = {column.name for column in spec.columns}
    others = "; ".join(f"{name}: {_formula(metric)}" for name, metric in metrics.items() if name not in named)
    table = DictionaryRow(spec.table, None, "table", None, spec.description, others or None)
    return [
        table,
        *(
            DictionaryRow(
                spec.table,
                column.name,
                column.type,
                column.unit or (metrics[column.name].unit if column.name in metrics else None),
                " ".join(column.description.split()),
                _formula(metrics[column.name]) if column.name in metrics else None,
            )
            for column in spec.columns
        ),
    ]


def _formula(metric: Metric) -> str:
    return f"{' '.join(metric.formula.split())} (NULL: {metric.null_means})"


def _things(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[tuple[str, str | None], str]]:
    """`table` or `view` for each of them in the current database, and the comments that they have themselves."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, 'table', comment from duckdb_tables()"
        " where database_name = current_database() and not internal"
        " union all select schema_name || '.' || view_name, 'view', comment from duckdb_views()"
        " where database_name = current_database() and not internal"
    ).fetchall()
    kinds = {str(name): str(kind) for name, kind, _ in rows}
    return kinds, {(name, None): comment for name, _, comment in rows if comment is not None}


def _column_comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str | None], str]:
    """The comments of columns by (table, column); a table that was not made anew keeps its own."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns()"
        " where database_name = current_database() and comment is not null"
    ).fetchall()
    return {(table, column): comment for table, column, comment in rows}


def _statements(spec: TableSpec, kind: str, there: dict[tuple[str, str | None], str]) -> Iterator[str]:
    """A COMMENT statement for the table and each column whose comment is missing or another."""
    for row in _rows_of(spec):
        unit = f" Unit: {row.unit}." if row.unit and row.column else ""
        metric = f" Metric: {row.metric}." if row.metric and row.column else ""
        text = row.description + unit + metric
        if there.get((spec.table, row.column)) != text:
            column = (
                f"column {qualified(spec.table)}.{identifier(row.column)}"
                if row.column
                else f"{kind} {qualified(spec.table)}"
            )
            yield f"comment on {column} is {literal(text)}"
