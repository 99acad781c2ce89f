"""`touchline demo`: both sources' files, and the planted stories as JSON beside them, never in the inbox."""

import json
from datetime import datetime

from typer.testing import CliRunner

from pipelines.cli import app

SIZE = ["--reps", "20", "--days", "120", "--events", "3000"]


def test_the_stories_lie_in_var_and_are_told(tmp_path):
    home = tmp_path / "company"
    done = CliRunner().invoke(app, ["demo", "--home", str(home), *SIZE])
    assert done.exit_code == 0
    stories = json.loads((home / "var" / "demo_stories.json").read_text(encoding="utf-8"))
    assert [story["name"] for story in stories] == [
        "rep_overload",
        "team_turnover",
        "rep_type_drift",
        "source_silent",
        "stage_conversion_drop",
    ]
    for story in stories:
        assert story["sentence"] in done.output
        assert {"table", "where", "column", "comparison", "value"} == set(story["expected"][0])
    assert {path.name for path in (home / "inbox").iterdir()} == {"crm", "dialer"}
    assert not list((home / "inbox").rglob("*stories*"))


def test_its_files_are_dated_as_the_crm_would_and_no_others(tmp_path):
    own = tmp_path / "inbox" / "crm" / "notes.txt"
    own.parent.mkdir(parents=True)
    own.touch()
    before = own.stat().st_mtime_ns
    CliRunner().invoke(app, ["demo", "--home", str(tmp_path), "--events", "200", "--as-of", "2026-06-30"])
    as_of = datetime.fromisoformat((tmp_path / "var" / "demo_as_of").read_text().strip()).timestamp()
    files = list((tmp_path / "inbox").rglob("*.csv"))
    assert len(files) > 10
    assert {round(path.stat().st_mtime) for path in files} == {round(as_of)}
    assert own.stat().st_mtime_ns == before


def test_a_companys_own_files_are_never_overwritten(tmp_path):
    home = tmp_path / "company"
    assert CliRunner().invoke(app, ["init", str(home)]).exit_code == 0
    own = home / "inbox" / "crm" / "reps.csv"
    own.write_text("rep_id,full_name,rep_type,hire_date\nR1,Ada,inside,2025-01-01\n", encoding="utf-8")
    before = own.read_bytes(), (home / "touchline.yaml").read_bytes()
    done = CliRunner().invoke(app, ["demo", "--home", str(home), *SIZE])
    assert done.exit_code != 0 and "is a company's own workspace" in str(done.exception)
    assert (own.read_bytes(), (home / "touchline.yaml").read_bytes()) == before


def test_an_empty_workspace_as_init_made_it_becomes_the_demos(tmp_path):
    home = tmp_path / "company"
    CliRunner().invoke(app, ["init", str(home)])
    assert CliRunner().invoke(app, ["demo", "--home", str(home), *SIZE]).exit_code == 0
    assert (home / "inbox" / "crm" / "reps.csv").exists()


def test_a_wrong_instant_makes_no_workspace(tmp_path):
    home = tmp_path / "company"
    assert CliRunner().invoke(app, ["demo", "--home", str(home), "--as-of", "nonsense"]).exit_code != 0
    assert not home.exists()


def test_the_summary_as_json_holds_the_files_and_the_stories(tmp_path):
    done = CliRunner().invoke(app, ["demo", "--home", str(tmp_path / "company"), *SIZE, "--json"])
    said = json.loads(done.stdout)
    assert len(said["stories"]) == 5
    assert {"reps.csv", "calls_2026-06.csv"} <= {file["name"] for file in said["files"]}
