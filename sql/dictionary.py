"""The data dictionary: what every table and column holds, as comments in the database and as rows for the docs."""

from __future__ import annotations

from collections.abc import Iterable
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
    kinds = _kinds(connection)
    commented: list[str] = []
    connection.begin()
    try:
        for spec in specs:
            if spec.table in kinds:
                _comment(connection, spec, kinds[spec.table])
                commented.append(spec.table)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return commented


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


def _kinds(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """`table` or `view` for each of them in the current database."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, 'table' from duckdb_tables()"
        " where database_name = current_database() and not internal"
        " union all select schema_name || '.' || view_name, 'view' from duckdb_views()"
        " where database_name = current_database() and not internal"
    ).fetchall()
    return {str(name): str(kind) for name, kind in rows}


def _comment(connection: duckdb.DuckDBPyConnection, spec: TableSpec, kind: str) -> None:
    rows = _rows_of(spec)
    connection.execute(f"comment on {kind} {qualified(spec.table)} is {literal(rows[0].description)}")
    for row in rows[1:]:
        unit = f" Unit: {row.unit}." if row.unit else ""
        metric = f" Metric: {row.metric}." if row.metric else ""
        where = f"{qualified(spec.table)}.{identifier(row.column or '')}"
        connection.execute(f"comment on column {where} is {literal(row.description + unit + metric)}")
