"""What an engine was sent before is not sent again: parts of tables, named by their rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from models.tables import TableSpec
from sql.catalog import load_catalogue
from sql.engines import kept
from sql.engines.kept import KeptTables, dated_column
from sql.engines.storage import Folder
from sql.records import record_tables

ROOT = Path(__file__).parents[2]
SPEC = next(spec for spec in record_tables() if spec.table == kept.ACTIVITIES)
DAYS = "select 'A' || n as activity_id, date '2026-01-30' + n::int as activity_date, null::varchar as subject from range(4) t (n)"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(f"create schema core; create table core.latest_activities as {DAYS}")
        yield opened


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SMALL_ROWS", 2)
    monkeypatch.setattr(kept, "LARGE_DAY_ROWS", 1)


def send(
    connection: duckdb.DuckDBPyConnection, folder: Path, spec: TableSpec | None = SPEC, only: bool = True
) -> tuple[list[str], int]:
    """The parts of the table, and how many bytes went there; a build of its own, which forgets all others."""
    tables = KeptTables(Folder(folder))
    names = tables.send(connection, kept.ACTIVITIES, spec)
    if only:
        tables.remove_unused()
    return names, tables.sent_bytes


def rows_there(connection: duckdb.DuckDBPyConnection, folder: Path, names: list[str]) -> list[tuple[object, ...]]:
    files = [str(path) for name in names for path in (folder / name).iterdir()]
    return connection.execute(f"select * from read_parquet({files}) order by 1").fetchall()


def test_a_part_is_a_day_and_holds_its_rows(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names, sent = send(connection, tmp_path)
    assert len(names) == 4
    assert sent == sum(Folder(tmp_path).files("touchline_kept").values()) > 0
    assert rows_there(connection, tmp_path, names) == connection.execute(f"{DAYS} order by 1").fetchall()
    assert [len(rows_there(connection, tmp_path, [name])) for name in names] == [1, 1, 1, 1]


def test_nothing_is_sent_twice_whatever_the_order_of_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    names, _ = send(connection, tmp_path)
    connection.execute("create or replace table core.latest_activities as from core.latest_activities order by 1 desc")
    assert send(connection, tmp_path) == (names, 0)


@pytest.mark.parametrize(
    "change",
    [
        "update core.latest_activities set subject = '' where activity_id = 'A1'",
        "delete from core.latest_activities where activity_id = 'A1'",
        "insert into core.latest_activities from core.latest_activities where activity_id = 'A1'",
        "insert into core.latest_activities values ('A9', null, null)",
    ],
)
def test_the_part_of_a_changed_row_alone_is_another(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, change: str
) -> None:
    before, all_of_it = send(connection, tmp_path)
    connection.execute(change)
    after, sent = send(connection, tmp_path)
    assert len(set(before) & set(after)) >= 3
    assert sent < all_of_it / 2
    rows = connection.execute("from core.latest_activities order by 1").fetchall()
    assert rows_there(connection, tmp_path, after) == rows
    assert {path.name for path in (tmp_path / "touchline_kept" / kept.ACTIVITIES).iterdir()} == {
        name.rpartition("/")[2] for name in after
    }


def test_the_same_values_of_another_type_are_other_parts(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before, _ = send(connection, tmp_path)
    connection.execute("alter table core.latest_activities alter subject type integer using null")
    after, _ = send(connection, tmp_path)
    assert not set(before) & set(after)


def test_a_part_that_is_not_whole_is_sent_again(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names, _ = send(connection, tmp_path)
    (file,) = (tmp_path / names[0]).iterdir()
    file.rename(file.with_name("2_of_2.parquet"))
    again, sent = send(connection, tmp_path)
    assert again == names
    assert sent > 0
    assert [path.name for path in (tmp_path / names[0]).iterdir()] == ["1_of_1.parquet"]


def test_few_rows_a_day_are_parts_of_months(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LARGE_DAY_ROWS", 2)
    names, _ = send(connection, tmp_path)
    assert [len(rows_there(connection, tmp_path, [name])) for name in names] == [2, 2]


def test_a_small_table_is_one_part_and_an_empty_one_still_has_columns(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "SMALL_ROWS", 5)
    names, _ = send(connection, tmp_path)
    assert len(names) == 1
    connection.execute("truncate core.latest_activities")
    for many in (5, 0):
        monkeypatch.setattr(kept, "SMALL_ROWS", many)
        (empty,), _ = send(connection, tmp_path)
        assert rows_there(connection, tmp_path, [empty]) == []


def test_what_a_partial_build_did_not_ask_for_stays(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names, _ = send(connection, tmp_path)
    connection.execute("delete from core.latest_activities where activity_id <> 'A1'")
    send(connection, tmp_path, only=False)
    assert {f"touchline_kept/{name.rpartition('/')[0]}" for name in Folder(tmp_path).files("touchline_kept")} >= set(
        names
    )


def test_a_table_without_a_date_is_one_part(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert len(send(connection, tmp_path, None)[0]) == 1
    windows = load_catalogue(ROOT / "sql").specs()
    dated = {table: dated_column(spec) for table, spec in windows.items() if spec.window or table == kept.ACTIVITIES}
    assert dated.keys() > {kept.ACTIVITIES}
    assert set(dated.values()) <= {"activity_date", "period_start", "week_start"}
    assert dated_column(windows["core.dim_rep"]) is None
