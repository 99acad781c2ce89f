"""A real DuckDB that maps rows of raw texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pytest

from models.mapping import SourceMapping
from pipelines.sources.mapping_sql import MappedSql, mapped_sql
from sql.quoting import identifier

Mapped = list[dict[str, Any]]


@pytest.fixture(scope="session")
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    opened.execute("set TimeZone='America/Lima'; set threads=1")
    return opened


def load_table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]
) -> None:
    typed = ", ".join(f"{identifier(column)} varchar" for column in columns)
    connection.execute(f"create or replace temp table {table} ({typed})")
    if rows:
        connection.executemany(
            f"insert into {table} values ({', '.join('?' * len(columns))})", [list(row) for row in rows]
        )


def read_mapped(connection: duckdb.DuckDBPyConnection, mapped: MappedSql, relation: str) -> Mapped:
    """One dict a row: the fields that are not blank, and `failed`, the fields that could not be converted."""
    fields = ", ".join(f"{expression} as {identifier(field)}" for field, expression in mapped.fields.items())
    found = connection.execute(f"select {mapped.failure_mask}, {fields} from {mapped.source(relation)}").fetchall()
    rows = []
    for mask, *texts in found:
        row: dict[str, Any] = {name: text for name, text in zip(mapped.fields, texts, strict=True) if text is not None}
        rows.append(row | {"failed": [field for bit, field in enumerate(mapped.failure_bits) if mask >> bit & 1]})
    return rows


@pytest.fixture(scope="session")
def map_rows(connection: duckdb.DuckDBPyConnection) -> Callable[..., Mapped]:
    """A mapping and the file's columns and rows → mapped rows."""

    def run(
        mapping: SourceMapping, columns: Sequence[str], rows: Sequence[Sequence[str | None]], zone: str = "UTC"
    ) -> Mapped:
        load_table(connection, "file", columns, rows)
        return read_mapped(connection, mapped_sql(mapping, columns, zone), "file")

    return run


@pytest.fixture(scope="session")
def convert(map_rows: Callable[..., Mapped]) -> Callable[..., list[Any]]:
    """One field's rule over some cells → its text a cell; 'FAILED' where it could not be converted."""
    given = {
        "activities": {"source_record_id": {"const": "1"}, "channel": {"const": "call"}, "occurred_at": {"const": "2026-03-01"}},
        "opportunities": {"opportunity_id": {"const": "1"}, "stage": {"const": "Won"}},
        "stages": {"pipeline": {"const": "p"}, "stage": {"const": "s"}, "stage_order": {"const": "1"}, "outcome": {"const": "won"}},
        "spend": {"month": {"const": "2026-03"}, "category": {"const": "sales"}, "amount": {"const": "1"}},
    }  # fmt: skip

    def run(
        entity: str, field: str, rule: Any, cells: Sequence[str | None], zone: str = "UTC", decimal: str = "."
    ) -> list[Any]:
        cell_rule = {"column": "cell", **rule}
        mapping = SourceMapping.model_validate(
            {"entity": entity, "fields": given[entity] | {field: cell_rule}, "read": {"decimal": decimal}}
        )
        mapped = map_rows(mapping, ["cell"], [[cell] for cell in cells], zone)
        return ["FAILED" if field in row["failed"] else row.get(field) for row in mapped]

    return run


@pytest.fixture(scope="session")
def load() -> Callable[..., None]:
    """A table of texts."""
    return load_table


@pytest.fixture(scope="session")
def read() -> Callable[..., Mapped]:
    """The rows of a relation through a MappedSql."""
    return read_mapped
