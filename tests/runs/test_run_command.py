"""`touchline run` is a Dagster run of the night: its exit code, its page and Dagster's history tell the same story."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines.cli import main
from pipelines.definitions import build_definitions
from pipelines.new_workspace import write_dagster_settings
from pipelines.night.generation import one_night_at_a_time
from pipelines.night.history import recorded_night

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
BROKEN = {**CALL, "source_record_id": "A2", "channel": "pigeon"}


@pytest.fixture
def touchline(office, capsys):
    """Runs a command on the office's workspace."""

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main([*arguments, "--home", str(office.workspace.home)])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


def materialized(office, table):
    """Row counts that Dagster recorded for a table, oldest first."""
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        found = instance.fetch_materializations(dg.AssetKey(table.split(".")), limit=10).records
    return [record.asset_materialization.metadata["dagster/row_count"].value for record in reversed(found)]


def numbers_of(office, key):
    """The numbers that Dagster plots of an asset's last materialization."""
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        (record,) = instance.fetch_materializations(dg.AssetKey(key.split(".")), limit=1).records
    return {name: entry.value for name, entry in record.asset_materialization.metadata.items()}


def test_dagster_is_told_where_the_report_is_and_how_large(office, touchline, monkeypatch):
    monkeypatch.setenv("TOUCHLINE__REPORT__ENABLED", "true")
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    assert touchline("run", "--as-of", "2026-03-31")[0] == 0
    told = numbers_of(office, "report")
    pages = list((office.workspace.published / "report").rglob("*.html"))
    assert told["pages"] == len(pages) > 3
    steps = recorded_night(office.workspace).steps
    assert steps["pages"] > 0 and told["seconds"] == pytest.approx(steps["pages"] + steps["report"], abs=0.002)
    assert told["mb"] > 0
    assert Path(told["open"]) in pages


def test_a_night_publishes_then_finds_nothing_new_and_status_tells_both(office, touchline):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL, BROKEN])
    office.deliver("stages.csv", b"\xff\xfe\x00not a table")
    code, out, err = touchline("run", "--as-of", "2026-03-31")
    assert code == 0, err
    assert "Published generation 1" in out
    assert "channel: not_in_set" in out
    assert "Refused crm/stages.csv" in out
    assert materialized(office, "core.latest_activities") == [1]
    delivered = {"rows_read": 3, "rows_accepted": 2, "rows_quarantined": 1}
    assert numbers_of(office, "landing.crm") == {"loads": 3, **delivered}
    published = numbers_of(office, "ops.publication")
    assert delivered.items() <= published.items()
    assert published["disk_mb"] > 0
    steps = numbers_of(office, "ops.run_step")
    assert {"land_seconds", "load_seconds", "tables_seconds", "publish_seconds"} <= steps.keys()

    code, out, _ = touchline("run", "--as-of", "2026-03-31")
    assert code == 0
    assert "Nothing new since generation 1" in out
    assert materialized(office, "core.latest_activities") == [1]

    code, out, _ = touchline("status", "--json")
    standing = json.loads(out)
    assert code == 0
    assert standing["publication"]["generation"] == 1
    assert standing["last_night"]["status"] == "nothing_new"
    assert [load["file_name"] for load in standing["refused"]] == ["stages.csv"]
    assert [(row["field"], row["rule"], row["rows"]) for row in standing["quarantine"]] == [
        ("channel", "not_in_set", 1)
    ]
    assert "Generation 1" in touchline("status")[1]


def test_a_blocked_night_exits_with_3_and_shows_the_failed_check(office, touchline):
    office.deliver("reps.csv", [REP])
    office.night()
    published = office.workspace.published.resolve() / "crm.duckdb"
    published.chmod(0o644)
    with duckdb.connect(str(published)) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    office.deliver("activities.csv", [CALL])
    code, out, err = touchline("run", "--as-of", "2026-03-31", "--json")
    assert code == 3
    assert "rows_read_is_the_sum_of_its_parts" in err
    outcome = json.loads(out)
    assert outcome["status"] == "blocked"
    assert [check["check_name"] for check in outcome["failed_checks"]] == ["rows_read_is_the_sum_of_its_parts"]
    assert materialized(office, "core.latest_activities") == []
    assert office.query("select generation from ops.publication") == [(1,)]


def test_a_second_night_at_the_same_time_exits_with_4(office, touchline):
    office.deliver("reps.csv", [REP])
    with one_night_at_a_time(office.workspace):
        code, _, err = touchline("run", "--as-of", "2026-03-31")
    assert code == 4
    assert "another night is running" in err


def test_a_dry_run_leaves_no_publication_and_no_dagster_run(office, touchline):
    office.deliver("reps.csv", [REP])
    code, out, _ = touchline("run", "--as-of", "2026-03-31", "--dry-run", "--json")
    assert (code, json.loads(out)["status"]) == (0, "dry_run")
    assert not office.workspace.published.exists()
    assert not (office.workspace.dagster_home / "history").exists()


@pytest.mark.parametrize(
    "arguments",
    [["run", "--as-of", "soon"], ["run", "--as-of"], ["fly"], ["run", "--what"], ["inspect", "no-such-file.csv"]],
)
def test_wrong_usage_exits_with_2(touchline, arguments):
    assert touchline(*arguments)[0] == 2


def test_wrong_settings_exit_with_2_and_name_the_key(office, touchline):
    office.configure("company: {timezon: UTC}\n")
    code, _, err = touchline("run")
    assert code == 2
    assert "Did you mean 'timezone'?" in err


def test_a_fault_is_one_line_without_a_traceback(office, touchline, monkeypatch):
    monkeypatch.delenv("TOUCHLINE_DEBUG", raising=False)
    office.workspace.last_night.mkdir()
    code, _, err = touchline("status")
    assert code == 1
    assert "Traceback" not in err
    assert "TOUCHLINE_DEBUG=1" in err


def test_a_damaged_record_of_the_last_night_is_named_with_what_to_do(office, touchline):
    office.workspace.last_night.write_text("[]")
    code, _, err = touchline("status")
    assert code == 1
    assert "last_night.json" in err and "Delete it" in err


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pipelines.cli import app; from typer.testing import CliRunner;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print([name for name in ('dagster', 'duckdb', 'polars', 'holidays', 'models.settings') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_code_location_is_imported_without_what_only_a_night_needs():
    names = ("duckdb", "polars", "sqlglot", "great_expectations", "httpx", "pipelines.night.run")
    code = f"import sys, pipelines.definitions; print([name for name in {names} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_table_asked_for_in_the_web_ui_is_a_night_of_it_and_what_stands_on_it(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    office.night()
    write_dagster_settings(office.workspace)
    job = build_definitions(office.workspace).resolve_job_def("nightly")
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        config = {"ops": {"night": {"config": {"as_of": "2026-03-31"}}}}
        asked = [dg.AssetKey(["marts", "rep_activity_daily"])]
        assert job.execute_in_process(config, instance, asset_selection=asked).success
    assert office.query("select generation from ops.publication") == [(2,)]
    assert materialized(office, "marts.rep_activity_daily") == [1]
    assert materialized(office, "marts.rep_type_activity") == [
        office.query("select count(*) from marts.rep_type_activity")[0][0]
    ]


@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), dg.DagsterExecutionInterruptedError()])
def test_whoever_stops_a_night_is_told_no_fault(office, touchline, monkeypatch, error):
    """DuckDB and Dagster each raise an error of their own when Ctrl-C reaches them."""
    office.deliver("reps.csv", [REP])

    def stopped(*_):
        raise error

    monkeypatch.setattr("pipelines.night.run.build_generation", stopped)
    code, _, complaint = touchline("run", "--as-of", "2026-03-31")
    assert code == 130 and "fault of Touchline" not in complaint


def test_a_letter_that_the_output_lacks_fails_no_command(office):
    command = [
        sys.executable,
        "-c",
        "from pipelines.cli import main; main()",
        "status",
        "--home",
        str(office.workspace.home),
    ]
    office.deliver("reps.csv", [REP])
    office.night()
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False)
    assert done.returncode == 0 and b"Generation 1" in done.stdout
