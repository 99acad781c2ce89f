"""The tables that a night writes about itself; their contracts are in ledger.yaml, they have no SELECT."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.strict_yaml import read_yaml
from models.tables import TableSpec

if TYPE_CHECKING:
    import duckdb


@cache
def ledger_tables() -> tuple[TableSpec, ...]:
    """The specs of ops.load, ops.load_accounting, quarantine.rejected and their kin."""
    return tuple(TableSpec.model_validate(entry) for entry in read_yaml(Path(__file__).with_name("ledger.yaml")))


def create_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the ledger's schemas and empty tables in the current database where they are missing."""
    for schema in ("core", "marts", "ops", "quarantine"):
        connection.execute(f"create schema if not exists {schema}")
    for spec in ledger_tables():
        columns = ", ".join(
            f"{column.name} {column.type}{' not null' if column.required else ''}" for column in spec.columns
        )
        connection.execute(f"create table if not exists {spec.table} ({columns})")
