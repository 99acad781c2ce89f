"""A table is replaced whole or not at all."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from models.errors import CatalogueError
from models.tables import WriteMode
from sql.build import build_table

SHARE = {"name": "share", "kind": "share", "columns": ["rate"], "reason": "x"}
WINDOW: dict[str, Any] = {"write": "window", "window": {"of": "staging.dirty_day", "by": ["day"]}}
TWO_KEYS = {"write": "window", "window": {"of": "staging.dirty_part", "by": ["day", "part"]}}


def rows(connection: duckdb.DuckDBPyConnection, table: str = "marts.sale") -> list[Any]:
    return connection.execute(f"select * from {table} order by all").fetchall()


def test_a_rebuild_replaces_the_whole_table(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    build_table(connection, make_model("select 1 as id union all select 2 as id", {"id": "INTEGER"}))
    result = build_table(connection, make_model("select 3 as id", {"id": "INTEGER"}))
    assert (result.table, result.rows, result.committed) == ("marts.sale", 1, True)
    assert rows(connection) == [(3,)]


def test_a_blocking_check_leaves_the_old_table_and_says_so(
    connection: duckdb.DuckDBPyConnection, make_model: Any
) -> None:
    columns = {"id": "INTEGER", "rate": "DOUBLE"}
    build_table(connection, make_model("select 1 as id, 0.5::double as rate", columns))
    result = build_table(connection, make_model("select 2 as id, 1.5::double as rate", columns, checks=[SHARE]))
    assert [(one.check_name, one.failing_rows) for one in result.checks if one.blocks] == [("share", 1)]
    assert not result.committed
    assert rows(connection) == [(1, 0.5)]


def test_a_warning_is_reported_and_committed(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    columns = {"id": "INTEGER", "rate": "DOUBLE"}
    check = {**SHARE, "severity": "warn"}
    result = build_table(connection, make_model("select 2 as id, 1.5::double as rate", columns, checks=[check]))
    assert [one.passed for one in result.checks] == [True, False]
    assert rows(connection) == [(2, 1.5)]


def test_another_type_than_declared_names_column_and_both_types(
    connection: duckdb.DuckDBPyConnection, make_model: Any
) -> None:
    build_table(connection, make_model("select 1 as id", {"id": "INTEGER"}))
    with pytest.raises(CatalogueError, match="id: declared INTEGER, the query makes BIGINT"):
        build_table(connection, make_model("select 2::bigint as id", {"id": "INTEGER"}))
    assert rows(connection) == [(1,)]


def test_a_query_that_fails_leaves_the_old_table(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    build_table(connection, make_model("select 1 as id", {"id": "INTEGER"}))
    with pytest.raises(CatalogueError, match=r"cannot build marts\.sale"):
        build_table(connection, make_model("select cast('x' as integer) as id", {"id": "INTEGER"}))
    assert rows(connection) == [(1,)]
    assert build_table(connection, make_model("select 2 as id", {"id": "INTEGER"})).committed


def test_a_short_name_of_a_type_is_the_same_type(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    query = "select timestamptz '2026-03-01 00:00:00+00' as seen_at, [timestamptz '2026-03-01 00:00:00+00'] as all_at"
    assert build_table(connection, make_model(query, {"seen_at": "TIMESTAMPTZ", "all_at": "TIMESTAMPTZ[]"})).committed


def test_a_view_stores_nothing_and_a_table_may_become_one(
    connection: duckdb.DuckDBPyConnection, make_model: Any
) -> None:
    connection.execute("create table core.sale as select 1 as id")
    query = "select id from core.sale"
    build_table(connection, make_model(query, {"id": "INTEGER"}))
    result = build_table(connection, make_model(query, {"id": "INTEGER"}, write="view"))
    connection.execute("insert into core.sale values (2)")
    assert result.rows is None
    assert rows(connection) == [(1,), (2,)]
    build_table(connection, make_model(query, {"id": "INTEGER"}))
    connection.execute("insert into core.sale values (3)")
    assert rows(connection) == [(1,), (2,)]


def test_a_staging_model_is_written_to_the_staging_database(
    connection: duckdb.DuckDBPyConnection, make_model: Any
) -> None:
    model = make_model("select 1 as id", {"id": "INTEGER"}, table="staging.sale")
    build_table(connection, model)
    build_table(connection, model)
    found = connection.execute("select database_name, schema_name, table_name from duckdb_tables()").fetchall()
    assert found == [("staging", "main", "sale")]


def sales(
    make_model: Any, where: str = "where s.day in (select d.day from staging.dirty_day as d)", **more: Any
) -> Any:
    return make_model(
        f"select s.day, s.amount from core.sale as s {where}",
        {"day": "INTEGER", "amount": "INTEGER"},
        **WINDOW,
        **more,
    )


def make_sales(connection: duckdb.DuckDBPyConnection, dirty: str, *values: str) -> None:
    connection.execute("create or replace table core.sale (day integer, amount integer)")
    connection.execute(f"insert into core.sale values {', '.join(values)}")
    connection.execute(f"create or replace table staging.dirty_day as select unnest({dirty}) as day")


def test_a_window_table_that_is_missing_is_created(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    make_sales(connection, "[1, 2]", "(1, 10)", "(2, 20)")
    assert build_table(connection, sales(make_model)).rows == 2


def test_a_window_is_replaced_and_the_rest_is_kept(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    make_sales(connection, "[1, 2, 3]", "(1, 10)", "(2, 20)", "(3, 30)")
    build_table(connection, sales(make_model))
    make_sales(connection, "[2, 3, 4]", "(1, 99)", "(2, 21)", "(4, 40)")
    assert build_table(connection, sales(make_model)).committed
    assert rows(connection) == [(1, 10), (2, 21), (4, 40)]


def test_an_empty_window_changes_nothing(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    make_sales(connection, "[1]", "(1, 10)")
    build_table(connection, sales(make_model))
    make_sales(connection, "[]::integer[]", "(1, 99)")
    build_table(connection, sales(make_model))
    assert rows(connection) == [(1, 10)]


def test_rebuilding_a_window_twice_doubles_nothing(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    make_sales(connection, "[1, 2]", "(1, 10)", "(2, 20)")
    for _ in range(3):
        build_table(connection, sales(make_model))
    assert rows(connection) == [(1, 10), (2, 20)]


def test_rows_outside_the_window_block_the_build(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    make_sales(connection, "[1]", "(1, 10)")
    build_table(connection, sales(make_model))
    make_sales(connection, "[1]", "(1, 11)", "(2, 20)", "(null, 5)")
    result = build_table(connection, sales(make_model, where=""))
    assert [(one.check_name, one.failing_rows) for one in result.checks if one.blocks] == [("window_only", 2)]
    assert rows(connection) == [(1, 10)]


def test_a_key_that_a_window_writes_twice_blocks_the_build(
    connection: duckdb.DuckDBPyConnection, make_model: Any
) -> None:
    make_sales(connection, "[1]", "(1, 10)")
    build_table(connection, sales(make_model))
    make_sales(connection, "[2]", "(2, 20)", "(2, 21)")
    result = build_table(connection, sales(make_model))
    assert [(one.check_name, one.failing_rows) for one in result.checks if one.blocks] == [("grain_is_unique", 1)]
    assert rows(connection) == [(1, 10)]


def test_a_window_that_is_no_part_of_the_grain_has_the_whole_table_checked(
    connection: duckdb.DuckDBPyConnection, make_model: Any
) -> None:
    make_sales(connection, "[1]", "(1, 10)")
    build_table(connection, sales(make_model, grain=["amount"]))
    make_sales(connection, "[2]", "(2, 10)")
    result = build_table(connection, sales(make_model, grain=["amount"]))
    assert [(one.check_name, one.failing_rows) for one in result.checks if one.blocks] == [("grain_is_unique", 1)]


def test_a_window_may_have_two_columns(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    connection.execute("create table core.sale as select 1 as day, 'a' as part, 1 as amount")
    connection.execute("create table staging.dirty_part as select 1 as day, 'a' as part, true as extra")
    query = "select s.day, s.part, s.amount from core.sale as s where s.part = 'a'"
    model = make_model(
        query, {"day": "INTEGER", "part": "VARCHAR", "amount": "INTEGER"}, grain=["day", "part"], **TWO_KEYS
    )
    build_table(connection, model)
    connection.execute("insert into marts.sale values (1, 'b', 7)")
    connection.execute("update core.sale set amount = 2")
    assert build_table(connection, model).committed
    assert rows(connection) == [(1, "a", 2), (1, "b", 7)]


def test_a_full_build_may_rebuild_a_window_table_whole(connection: duckdb.DuckDBPyConnection, make_model: Any) -> None:
    make_sales(connection, "[1]", "(1, 10)")
    build_table(connection, sales(make_model))
    make_sales(connection, "[2]", "(2, 20)")
    build_table(connection, sales(make_model), WriteMode.REBUILD)
    assert rows(connection) == [(2, 20)]
