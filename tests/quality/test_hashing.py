"""The logical hash says whether two tables hold the same rows."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sql.hashing import logical_hash, logical_hashes

ROWS = ["(1, 'a', 0.1, ['x', 'y'])", "(2, null, 0.2, null)", "(3, 'c', null, [])"]
CHANGES = {
    "a value": ["(1, 'a', 0.1, ['x', 'y'])", "(2, null, 0.2, null)", "(3, 'd', null, [])"],
    "a null for an empty text": ["(1, 'a', 0.1, ['x', 'y'])", "(2, '', 0.2, null)", "(3, 'c', null, [])"],
    "a row less": ROWS[:2],
    "a row twice": [*ROWS, ROWS[0]],
    "two rows that swap a value": ["(2, 'a', 0.1, ['x', 'y'])", "(1, null, 0.2, null)", "(3, 'c', null, [])"],
    "the order inside a list": ["(1, 'a', 0.1, ['y', 'x'])", "(2, null, 0.2, null)", "(3, 'c', null, [])"],
}


def hash_of(connection: duckdb.DuckDBPyConnection, rows: list[str]) -> str:
    connection.execute("create or replace table core.t (id integer, word varchar, rate double, tags varchar[])")
    for row in rows:
        connection.execute(f"insert into core.t values {row}")
    return logical_hash(connection, "core.t")


def test_the_physical_order_does_not_matter(connection: duckdb.DuckDBPyConnection) -> None:
    assert hash_of(connection, ROWS) == hash_of(connection, ROWS[::-1])


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_rows_shows(connection: duckdb.DuckDBPyConnection, change: str) -> None:
    assert hash_of(connection, ROWS) != hash_of(connection, CHANGES[change])


def test_a_renamed_column_shows(connection: duckdb.DuckDBPyConnection) -> None:
    before = hash_of(connection, ROWS)
    connection.execute("alter table core.t rename column word to words")
    assert logical_hash(connection, "core.t") != before


def test_neighbouring_columns_are_not_run_together(connection: duckdb.DuckDBPyConnection) -> None:
    hashes = set()
    for values in ("'ab', 'c'", "'a', 'bc'", "'abc', ''", "'-', null", "null, '-'"):
        connection.execute(f"create or replace table core.t as select * from (values ({values})) as t(a, b)")
        hashes.add(logical_hash(connection, "core.t"))
    assert len(hashes) == 5


def test_an_instant_hashes_alike_in_every_time_zone(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table core.t as select timestamptz '2026-03-01 12:00:00+00' as seen_at")
    before = logical_hash(connection, "core.t")
    connection.execute("set TimeZone='Asia/Tokyo'")
    try:
        assert logical_hash(connection, "core.t") == before
    finally:
        connection.execute("reset TimeZone")


def test_ops_leaves_out_what_differs_between_equal_nights(connection: duckdb.DuckDBPyConnection) -> None:
    hashes = {}
    for schema in ("ops", "core"):
        for run in (1, 2):
            connection.execute(
                f"create or replace table {schema}.step as select 'land' as step, 5 as rows, {run} as run_id,"
                f" {run} as seconds, {run} as peak_mb, {run} as landed_at, {run} as git_revision"
            )
            hashes[schema, run] = logical_hash(connection, f"{schema}.step")
    assert hashes["ops", 1] == hashes["ops", 2]
    assert hashes["core", 1] != hashes["core", 2]


def test_all_tables_and_views_of_the_schemas_are_hashed(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table core.t as select 1 as a; create view marts.v as select a from core.t")
    connection.execute("create table ops.o as select 1 as a; create table staging.s as select 1 as a")
    assert list(logical_hashes(connection)) == ["core.t", "marts.v"]


def test_any_order_of_any_rows_hashes_alike(connection: duckdb.DuckDBPyConnection) -> None:
    def hash_rows(rows: list[tuple[int, str]]) -> str:
        connection.execute("create or replace table core.t (a integer, b varchar)")
        numbers, words = [row[0] for row in rows], [row[1] for row in rows]
        connection.execute("insert into core.t select unnest(?::integer[]), unnest(?::varchar[])", [numbers, words])
        return logical_hash(connection, "core.t")

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=3)), max_size=8).flatmap(with_another_order))
    def check(orders: tuple[list[tuple[int, str]], list[tuple[int, str]]]) -> None:
        assert hash_rows(orders[0]) == hash_rows(orders[1])

    check()


def with_another_order(rows: list[tuple[int, str]]) -> st.SearchStrategy[tuple[list[tuple[int, str]], ...]]:
    return st.tuples(st.just(rows), st.permutations(rows))
