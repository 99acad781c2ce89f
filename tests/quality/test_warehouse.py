"""Connections: closed for good, in UTC, and locked down for readers."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from models.contracts import CONTRACTS
from models.settings import Settings
from sql.dictionary import dictionary_rows, write_comments
from sql.inputs import (
    HOLIDAY,
    INPUTS,
    create_holiday_table,
    create_parameter_table,
    create_source_table,
    parameters_of,
)
from sql.quoting import identifier, literal, qualified
from sql.records import create_record_table, record_key_column, record_table
from sql.warehouse import Warehouse, connect, open_published


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generation's folder, its two databases closed."""
    folder = tmp_path_factory.mktemp("generation")
    with Warehouse(folder / "crm.duckdb", private=folder / "private.duckdb", threads=1) as warehouse:
        warehouse.connection.execute(
            "create table core.t as select timestamptz '2026-03-01 12:00:00+09' as occurred_at"
        )
        warehouse.connection.execute("create view marts.v as select occurred_at from core.t")
    return folder / "crm.duckdb"


@pytest.fixture(scope="module")
def reader(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(published, threads=1) as connection:
        yield connection


def test_a_reader_reads_tables_and_views(reader: duckdb.DuckDBPyConnection) -> None:
    assert reader.execute("select cast(occurred_at as varchar) from marts.v").fetchall() == [
        ("2026-03-01 03:00:00+00",)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('{folder}/crm.duckdb.txt')",
        "select * from glob('/etc/*')",
        "attach '{folder}/private.duckdb' as p",
        "attach '{folder}/private.duckdb' as p (read_only)",
        "attach '{folder}/new.duckdb' as p",
        "copy core.t to '{folder}/out.csv'",
        "copy core.t to '/tmp/out.csv'",
        "export database '{folder}/out'",
        "install httpfs",
        "load httpfs",
        "select * from 'https://example.com/x.csv'",
        "set enable_external_access=true",
        "set allowed_directories=['/']",
        "set lock_configuration=false",
        "create table core.u as select 1 as a",
        "delete from core.t",
    ],
)
def test_a_reader_reaches_nothing_but_its_file(
    reader: duckdb.DuckDBPyConnection, published: Path, statement: str
) -> None:
    (published.parent / "crm.duckdb.txt").write_text("a neighbour")
    before = sorted(path.name for path in published.parent.iterdir())
    with pytest.raises(duckdb.Error):
        reader.execute(statement.format(folder=published.parent)).fetchall()
    assert sorted(path.name for path in published.parent.iterdir()) == before


def test_two_readers_of_one_process_are_both_locked_down(reader: duckdb.DuckDBPyConnection, published: Path) -> None:
    with open_published(published) as second:
        assert second.execute("select count(*) from core.t").fetchone() == (1,)
        with pytest.raises(duckdb.Error):
            second.execute("select * from read_csv('/etc/passwd')")


def test_rows_that_are_staged_in_memory_are_never_compressed() -> None:
    """By itself DuckDB would, with every 16 MB that come in pieces."""
    texts = ", ".join(f"'id' || (hash(row, {column}) % 100000) as text_{column}" for column in range(8))
    with Warehouse(threads=1) as warehouse:
        warehouse.connection.execute(f"create table staging.t as select {texts} from range(70000) as r (row)")
        for _ in range(5):
            warehouse.connection.execute(f"insert into staging.t select {texts} from range(70000) as r (row)")
        kinds = warehouse.connection.execute(
            "select distinct compression from pragma_storage_info('staging.t')"
        ).fetchall()
    assert kinds == [("Uncompressed",)]


def test_the_session_is_in_utc_whatever_the_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        with Warehouse(threads=1) as warehouse:
            found = warehouse.connection.execute(
                "select current_setting('TimeZone'), current_setting('autoload_known_extensions'),"
                " cast(timestamptz '2026-03-01 23:30:00+00' as date)::varchar"
            ).fetchone()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == ("UTC", False, "2026-03-01")


def test_memory_and_threads_are_limited_as_asked() -> None:
    def limits(memory: str) -> tuple[float, str]:
        with connect(memory, 1) as opened:
            found = opened.execute("select current_setting('memory_limit'), current_setting('threads')").fetchone()
        assert found is not None and found[1] == 1
        amount, unit = found[0].split()
        return float(amount), unit

    assert limits("512MiB") == (512.0, "MiB")
    assert limits("40%")[0] == pytest.approx(limits("80%")[0] / 2, rel=0.05)


def test_an_error_inside_closes_every_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Warehouse(tmp_path / "crm.duckdb", threads=1) as warehouse:
        warehouse.connection.execute("create table core.t as select 1 as a")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["crm.duckdb"]
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as again:
        assert again.execute("select a from core.t").fetchall() == [(1,)]


def test_the_previous_generation_cannot_be_written(published: Path, tmp_path: Path) -> None:
    with Warehouse(tmp_path / "next.duckdb", previous=published, threads=1) as warehouse:
        assert warehouse.connection.execute("select count(*) from previous.core.t").fetchone() == (1,)
        with pytest.raises(duckdb.Error, match="read-only"):
            warehouse.connection.execute("delete from previous.core.t")


def test_files_with_identities_are_their_owners_only(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        with Warehouse(
            tmp_path / "crm.duckdb", tmp_path / "staging.duckdb", private=tmp_path / "private.duckdb", threads=1
        ):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.duckdb")}
    finally:
        os.umask(mask)
    assert modes == {"crm.duckdb": 0o644, "staging.duckdb": 0o600, "private.duckdb": 0o600}


def test_names_and_texts_are_quoted(connection: duckdb.DuckDBPyConnection) -> None:
    assert (qualified('core.a"b'), identifier("a.b"), literal("it's")) == ('"core"."a""b"', '"a.b"', "'it''s'")
    table, text, name = qualified("core.select"), literal("x'y"), identifier("from")
    connection.execute(f"create table {table} as select {text} as {name}")
    assert connection.execute('select "from" from core."select"').fetchall() == [("x'y",)]


@pytest.mark.parametrize("entity", CONTRACTS)
def test_every_contract_has_its_table_of_winners(connection: duckdb.DuckDBPyConnection, entity: str) -> None:
    contract = CONTRACTS[entity]
    create_record_table(connection, contract)
    found = connection.execute(f"describe core.latest_{entity}").fetchall()
    names = [row[0] for row in found]
    assert names == [column.name for column in record_table(contract).columns]
    assert names[:2] == [record_key_column(contract), "source"]
    assert [name for name in names if name != "_row_hash"][-3:] == ["is_deleted", "_updated_at", "_sequence"]
    assert not set(names) & set(contract.PRIVATE)


def test_the_inputs_hold_what_the_settings_say(connection: duckdb.DuckDBPyConnection) -> None:
    needed = ("contract_id", "account_id", "start_date", "lead_id", "created_at")
    contract = {name: {"column": name} for name in needed[:3]}
    lead = {name: {"column": name} for name in needed[3:]}
    settings = Settings.model_validate(
        {
            "company": {"timezone": "Asia/Tokyo", "week_start": "sunday", "workdays": ["sun", "mon"]},
            "sources": [
                {"name": "dialer", "kind": "canonical", "path": "a"},
                {"name": "crm", "kind": "mapped", "path": "b", "entity": "contracts", "fields": contract},
                {
                    "name": "crm",
                    "kind": "mapped",
                    "path": "c",
                    "entity": "leads",
                    "fields": lead,
                    "assume_past_meetings_held": False,
                },
            ],
        }
    )
    create_parameter_table(connection, parameters_of(settings, datetime(2026, 3, 31, 15, 30, tzinfo=UTC)))
    create_source_table(connection, settings)
    create_holiday_table(connection, ["DE", "Narnia"], 2026, 2026)
    assert connection.execute(
        "select as_of::varchar, as_of_date::varchar, week_start, workdays, workday_end::varchar, counts_as_rep"
        " from core.parameter"
    ).fetchall() == [("2026-03-31 15:30:00+00", "2026-04-01", 7, [1, 7], "17:30:00", ["sdr", "ae", "csm", "field_rep"])]
    assert connection.execute("select * from core.source order by priority").fetchall() == [
        ("dialer", 1, "canonical", True),
        ("crm", 2, "mapped", False),
    ]
    holidays = connection.execute("select country, holiday_date::varchar from core.holiday").fetchall()
    assert holidays[0] == ("DE", "2026-01-01") and {country for country, _ in holidays} == {"DE"}


def test_every_table_view_and_column_gets_its_comment(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create table core.source as select '' as source, 1 as priority, '' as kind, true as assume_past_meetings_held"
    )
    connection.execute("create view core.holiday as select '' as country, 1 as holiday_date, 'it''s' as name")
    assert write_comments(connection, INPUTS) == ["core.source", "core.holiday"]
    comments = connection.execute("select table_name, column_name, comment from duckdb_columns() where not internal")
    assert ("holiday", "holiday_date", "The day.") in comments.fetchall()
    found = connection.execute("select comment from duckdb_views() where view_name = 'holiday'").fetchall()
    assert found == [(HOLIDAY.description,)]


def test_the_dictionary_lists_a_table_then_its_columns() -> None:
    rows = [(row.table, row.column, row.type) for row in dictionary_rows([HOLIDAY])]
    assert rows == [
        ("core.holiday", None, "table"),
        ("core.holiday", "country", "VARCHAR"),
        ("core.holiday", "holiday_date", "DATE"),
        ("core.holiday", "name", "VARCHAR"),
    ]
