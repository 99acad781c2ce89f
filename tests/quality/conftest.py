"""A warehouse in memory, and models made of a query and its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from models.tables import TableSpec
from sql.case_world import fresh_databases
from sql.catalog import Model
from sql.queries import parse_query
from sql.warehouse import connect

MakeModel = Callable[..., Model]


@pytest.fixture(scope="session")
def shared_connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as opened:
        yield opened


@pytest.fixture
def connection(shared_connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Stands in a `crm` that is empty; opening a connection for each test would take longer than the test."""
    with fresh_databases(shared_connection):
        yield shared_connection


@pytest.fixture
def make_model() -> MakeModel:
    def make(query: str, columns: dict[str, str], table: str = "marts.sale", **contract: Any) -> Model:
        declared = [{"name": name, "type": kind, "description": f"The {name}."} for name, kind in columns.items()]
        content = {"table": table, "description": "A sale.", "grain": list(columns)[:1], "columns": declared}
        spec = TableSpec.model_validate({**content, **contract})
        return Model(spec, parse_query(query, "sale.sql"), Path("sale.sql"), frozenset())

    return make
