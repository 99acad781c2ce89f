"""A real DuckDB that judges rows by a contract's SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pytest

from data_quality.validate import clean, contract_sql
from models.records import Record
from sql.quoting import identifier

Row = dict[str, str | None]
Judge = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    opened.execute("set TimeZone='UTC'; set threads=1")
    return opened


@pytest.fixture(scope="session")
def judge(connection: duckdb.DuckDBPyConnection) -> Judge:
    """Rows of raw texts → one dict a row: `mask`, `broken` (names of its bits), and the typed values."""

    def run(
        contract: type[Record], rows: Sequence[Row], source: str = "UTC", company: str = "UTC"
    ) -> list[dict[str, Any]]:
        names = list(rows[0])
        sql = contract_sql(contract, source, company, present=names)
        _load(connection, names, rows)
        cleaned = ", ".join(f"{clean(identifier(name))} as {identifier(name)}" for name in names)
        values = ", ".join(f"{expression} as {identifier(name)}" for name, expression in sql.values.items())
        query = f"select {sql.mask} as mask, {values} from (select place, {cleaned} from arrived) order by place"
        judged = [dict(zip(("mask", *sql.values), row, strict=True)) for row in connection.execute(query).fetchall()]
        for row in judged:
            row["broken"] = {name for bit, name in enumerate(sql.bits) if row["mask"] >> bit & 1}
        return judged

    return run


def _load(connection: duckdb.DuckDBPyConnection, names: Sequence[str], rows: Sequence[Row]) -> None:
    columns = ", ".join(f"{identifier(name)} varchar" for name in names)
    connection.execute(f"create or replace temp table arrived (place integer, {columns})")
    one = f"({', '.join('?' * (len(names) + 1))})"
    cells = [cell for place, row in enumerate(rows) for cell in (place, *(row[name] for name in names))]
    connection.execute(f"insert into arrived values {', '.join([one] * len(rows))}", cells)
