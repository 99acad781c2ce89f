"""`touchline export` writes whole folders that other programs read, and takes nobody's files away."""

import json
import signal
import subprocess
import sys

import duckdb
import polars as pl
import pytest

from models.errors import BusyError
from pipelines.cli import main
from pipelines.commands.export_folder import MANIFEST, replaced_folder
from pipelines.commands.exported import export_table
from pipelines.new_workspace import make_workspace

TABLES = """
create schema marts; create schema core; create schema ops;
create table ops.publication as select 7 as generation, timestamptz '2026-04-01 03:59:59+00' as as_of,
    timestamptz '2026-04-01 07:00:00+00' as published_at, '0.1.0' as version;
create table marts.note as from (values
    (1, '=1+1', 2.50::decimal(10, 2), date '2026-03-02'), (2, null, -3.00, date '2026-03-31'),
    (3, 'x', 0, date '2026-04-01'), (4, 'y', 1, null)) as note (id, text, amount, noted_date);
create view core.dim_word as select distinct text from marts.note;
"""
ALL = "select id, text, amount, noted_date from {} order by id"


@pytest.fixture
def home(tmp_path):
    """A workspace whose published file has a mart and a view."""
    workspace = make_workspace(tmp_path / "workspace")
    folder = workspace.generations / "000007"
    folder.mkdir()
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute(TABLES)
    workspace.published.symlink_to("generations/000007")
    return workspace.home


@pytest.fixture
def export(home, capsys):
    """Runs the command: exit code, standard output, standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main(["export", *map(str, arguments), "--home", str(home)])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


@pytest.fixture
def published(home):
    with duckdb.connect(str(home / "var/published/crm.duckdb"), read_only=True) as connection:
        yield connection


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_marts_are_written_as_parquet_with_their_rows_and_types(export, tmp_path, published):
    assert export("--to", tmp_path / "out")[0] == 0
    assert files_of(tmp_path / "out") == ["marts/note/data.parquet", MANIFEST]
    written = published.sql(ALL.format("marts.note")).pl()
    assert pl.read_parquet(tmp_path / "out/marts/note/data.parquet").sort("id").equals(written)


def test_csv_escapes_formulas_unless_raw(export, tmp_path):
    rows = "id,text,amount,noted_date\n1,{},2.50,2026-03-02\n2,,-3.00,2026-03-31\n3,x,0.00,2026-04-01\n4,y,1.00,\n"
    for options, text in (((), "'=1+1"), (("--raw",), "=1+1")):
        assert export("marts.note", "--to", tmp_path / "out", "--format", "csv", *options)[0] == 0
        assert (tmp_path / "out/marts/note/data.csv").read_text() == rows.format(text)


def test_a_large_dated_table_is_written_by_month_and_read_back_whole(published, tmp_path):
    done = export_table(published, "marts.note", "parquet", tmp_path / "out", raw=False, large=4)
    assert done.rows == 4
    assert files_of(tmp_path / "out") == [
        f"marts/note/noted_date_month={month}/data.parquet"
        for month in ("2026-03", "2026-04", "__HIVE_DEFAULT_PARTITION__")
    ]
    assert sorted(done.files) == files_of(tmp_path / "out")
    read = f"read_parquet('{tmp_path}/out/marts/note/**/*.parquet')"
    with duckdb.connect() as reader:
        assert reader.execute(ALL.format(read)).fetchall() == published.execute(ALL.format("marts.note")).fetchall()
        by_month = f"select noted_date_month, count(*) from {read} group by all order by all"
        assert reader.execute(by_month).fetchall() == [("2026-03", 2), ("2026-04", 1), (None, 1)]


def test_a_table_below_the_limit_or_without_a_day_is_one_file(published, tmp_path):
    assert export_table(published, "marts.note", "csv", tmp_path, raw=False, large=5).files == ("marts/note/data.csv",)
    assert export_table(published, "core.dim_word", "csv", tmp_path, raw=False, large=1).rows == 4


@pytest.mark.parametrize(
    ("words", "tables"),
    [
        (["note"], ["marts.note"]),
        (["core", "marts.note", "NOTE"], ["core.dim_word", "marts.note"]),
        (["all"], ["core.dim_word", "marts.note", "ops.publication"]),
    ],
)
def test_tables_are_named_by_table_or_schema(export, tmp_path, words, tables):
    code, out, _ = export(*words, "--to", tmp_path / "out", "--json")
    assert (code, [one["table"] for one in json.loads(out)["tables"]]) == (0, tables)


def test_the_summary_is_the_manifest_and_says_which_night(export, tmp_path):
    summary = json.loads(export("--to", tmp_path / "out", "--json")[1])
    assert summary.pop("folder") == str(tmp_path / "out")
    assert summary == json.loads((tmp_path / "out" / MANIFEST).read_text())
    file = tmp_path / "out/marts/note/data.parquet"
    assert summary == {
        "format": "parquet", "generation": 7, "version": "0.1.0",
        "as_of": "2026-04-01T03:59:59+00:00", "published_at": "2026-04-01T07:00:00+00:00",
        "tables": [
            {"table": "marts.note", "rows": 4, "files": ["marts/note/data.parquet"], "bytes": file.stat().st_size}
        ],
    }  # fmt: skip


def test_an_unknown_table_is_wrong_usage_and_writes_nothing(export, tmp_path):
    code, _, err = export("marts.nots", "--to", tmp_path / "out")
    assert (code, (tmp_path / "out").exists()) == (2, False)
    assert "Did you mean 'marts.note'?" in err


def test_an_earlier_export_is_replaced_whole(export, tmp_path):
    export("--to", tmp_path / "out")
    assert export("all", "--to", tmp_path / "out", "--format", "csv")[0] == 0
    tables = ("core/dim_word", "marts/note", "ops/publication")
    assert files_of(tmp_path / "out") == [*(f"{table}/data.csv" for table in tables), MANIFEST]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "workspace"]


def test_an_empty_folder_is_taken(export, tmp_path):
    (tmp_path / "out").mkdir()
    assert export("--to", tmp_path / "out")[0] == 0


@pytest.mark.parametrize("earlier", [False, True])
def test_what_is_not_ours_is_never_replaced(export, tmp_path, earlier):
    if earlier:
        export("--to", tmp_path / "out")
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out/thesis.txt").write_text("ten years")
    before = files_of(tmp_path / "out")
    code, _, err = export("--to", tmp_path / "out")
    assert (code, files_of(tmp_path / "out")) == (2, before)
    assert "thesis.txt" in err


@pytest.mark.parametrize("place", ["", "exports", "var/published/out", "inbox/crm"])
def test_nothing_is_written_into_the_workspace(export, home, place):
    before = files_of(home)
    code, _, err = export("--to", home / place)
    assert (code, files_of(home)) == (2, before)
    assert "lies in the workspace" in err


@pytest.mark.parametrize("place", ["s3://", "ftp://x/y"])
def test_what_is_no_place_becomes_no_folder(export, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    code, _, complaint = export("--to", place)
    assert code == 2 and f"'{place}' is no place" in complaint
    assert not list(tmp_path.glob("*:"))


def test_a_file_is_no_folder(export, tmp_path):
    (tmp_path / "out").write_text("")
    assert export("--to", tmp_path / "out")[0] == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.commands import export_folder

folder = Path(sys.argv[1])
real = Path.replace
def killed_before(self, target):
    if Path(target).name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, target)
def killed_while_removing(path, **options):
    if sys.argv[2] == "removing" and path.name == ".out.before" and path.exists():
        os.kill(os.getpid(), signal.SIGKILL)
Path.replace = killed_before
export_folder.shutil.rmtree = killed_while_removing
with export_folder.replaced_folder(folder) as part:
    (part / "half").write_text("half")
"""


def test_an_export_killed_after_it_was_done_is_whole_and_the_next_tidies_up(export, tmp_path):
    out = tmp_path / "out"
    export("--to", out)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out), "removing"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (out / "half").read_text() == "half"
    (out / "half").unlink()
    (out / MANIFEST).write_text('{"tables": []}')
    assert export("--to", out)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "workspace"]


@pytest.mark.parametrize("step", [".out.before", "out"])
def test_a_killed_export_leaves_no_half_folder_and_the_next_tidies_up(export, tmp_path, step):
    """Killed before the earlier export steps aside, and between the two renames."""
    out = tmp_path / "out"
    export("--to", out)
    before = files_of(out)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out), step], check=False)
    assert killed.returncode == -signal.SIGKILL
    whole = tmp_path / ".out.before" if step == "out" else out
    assert files_of(whole) == before
    assert not (out / "half").exists()
    assert export("--to", out)[0] == 0
    assert files_of(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "workspace"]


def test_a_failing_export_leaves_the_earlier_one(export, tmp_path):
    out = tmp_path / "out"
    export("--to", out)
    with pytest.raises(OSError, match="full"), replaced_folder(out) as part:
        (part / "half").write_text("half")
        raise OSError("the disk is full")
    assert files_of(out) == ["marts/note/data.parquet", MANIFEST]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "workspace"]


def test_two_exports_to_one_place_do_not_meet(export, tmp_path):
    with replaced_folder(tmp_path / "out"):
        code, _, err = export("--to", tmp_path / "out")
        assert (code, "another export" in err) == (BusyError.exit_code, True)


def test_before_the_first_night_it_says_what_to_run(tmp_path, capsys):
    make_workspace(tmp_path / "workspace")
    with pytest.raises(SystemExit) as exit:
        main(["export", "--to", str(tmp_path / "out"), "--home", str(tmp_path / "workspace")])
    assert exit.value.code == 1
    assert "touchline run" in capsys.readouterr().err
