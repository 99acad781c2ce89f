"""`touchline query` asks the published file and nothing else; what it writes is safe to open in a spreadsheet."""

import json
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from pipelines.cli import main
from pipelines.commands.rows import csv_cell, unique_names, without_formula
from pipelines.new_workspace import make_workspace


@pytest.fixture
def home(tmp_path):
    """A workspace whose published file has one small table."""
    workspace = make_workspace(tmp_path / "workspace")
    folder = workspace.generations / "000001"
    folder.mkdir()
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.note as select * from (values"
            " (1, '=1+1', 2.50::decimal(10, 2), timestamptz '2026-03-02 15:00:00+00'),"
            " (2, null, -3.00, null)) as note (id, text, amount, occurred_at)"
        )
    workspace.published.symlink_to("generations/000001")
    return workspace.home


@pytest.fixture
def query(home, capsys):
    def run(sql, *options):
        with pytest.raises(SystemExit) as exit:
            main(["query", sql, "--home", str(home), *options])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


ALL = "select id, text, amount, occurred_at from marts.note order by id"


def test_csv_escapes_formulas_and_leaves_numbers(query):
    code, out, _ = query(ALL, "--format", "csv")
    assert code == 0
    assert out == "id,text,amount,occurred_at\n1,'=1+1,2.50,2026-03-02T15:00:00+00:00\n2,,-3.00,\n"


def test_csv_is_raw_when_asked(query):
    _, out, _ = query("select text from marts.note where id = 1", "--format", "csv", "--raw")
    assert out == "text\n=1+1\n"


def test_json_has_numbers_and_iso_times(query):
    _, out, _ = query(ALL, "--json")
    assert json.loads(out) == [
        {"id": 1, "text": "=1+1", "amount": 2.5, "occurred_at": "2026-03-02T15:00:00+00:00"},
        {"id": 2, "text": None, "amount": -3, "occurred_at": None},
    ]


def test_no_rows_are_an_empty_json_array(query):
    assert query("select id from marts.note where false", "--json")[1] == "[]\n"


def test_parquet_goes_to_a_file_with_its_types(query, tmp_path):
    file = tmp_path / "out.parquet"
    assert query(ALL, "--format", "parquet", "--output", str(file))[0] == 0
    frame = pl.read_parquet(file)
    assert frame["amount"].to_list() == [Decimal("2.50"), Decimal("-3.00")]
    assert frame.columns == ["id", "text", "amount", "occurred_at"]


def test_parquet_without_a_file_is_wrong_usage(query):
    code, out, err = query(ALL, "--format", "parquet")
    assert (code, out) == (2, "")
    assert "--output" in err


def test_a_failed_query_leaves_the_old_file(query, tmp_path):
    file = tmp_path / "out.csv"
    file.write_text("before")
    code, _, _ = query("select cast(text as integer) from marts.note", "--format", "csv", "--output", str(file))
    assert (code, file.read_text()) == (2, "before")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("selec 1", "Parser Error"),
        ("select * from marts.notes", 'Did you mean "note"'),
        ("create table marts.x as select 1", "read-only"),
        ("drop table marts.note", "read-only"),
        ("select * from read_csv('/etc/hostname')", "disabled by configuration"),
        ("set enable_external_access = true", "read-only"),
        ("attach '/tmp/other.duckdb'", "read-only"),
    ],
)
def test_wrong_and_forbidden_sql_is_wrong_usage_in_two_lines(query, sql, says):
    code, out, err = query(sql, "--format", "csv")
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.strip().splitlines()) == 2


def test_a_page_shows_text_as_it_is(query):
    _, out, _ = query("select '[bold]x[/bold] :smile:' as text, 2026 as year")
    assert "[bold]x[/bold] :smile:" in out
    assert "2026" in out


def test_asking_before_the_first_night_says_what_to_run(tmp_path, capsys):
    make_workspace(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["query", "select 1", "--home", str(tmp_path)])
    assert exit.value.code == 1
    assert "touchline run" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["=cmd", "+1", "-1", "@x", "\tx", "\rx"])
def test_each_start_of_a_formula_is_escaped(text):
    assert without_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", " =1", "1-1"])
def test_other_texts_stay(text):
    assert without_formula(text) == text


def test_negative_numbers_are_no_formulas():
    assert [csv_cell(value, without_formula) for value in (-1, -2.5, Decimal("-0.10"))] == ["-1", "-2.5", "-0.10"]


def test_columns_of_one_name_are_told_apart():
    assert unique_names(["a", "b", "a", "a_1", "a"]) == ["a", "b", "a_1", "a_1_1", "a_2"]


@pytest.mark.parametrize("sql", ["", "/* nothing */", "select 1; select 2", "create temp table x as select 1"])
def test_anything_but_one_select_is_wrong_usage(query, sql):
    code, out, err = query(sql)
    assert (code, out) == (2, "")
    assert "expected one SELECT" in err
