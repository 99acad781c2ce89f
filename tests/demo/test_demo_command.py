"""`touchline demo`: both sources' files, and the planted stories as JSON beside them, never in the inbox."""

import json

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


def test_the_summary_as_json_holds_the_files_and_the_stories(tmp_path):
    done = CliRunner().invoke(app, ["demo", "--home", str(tmp_path / "company"), *SIZE, "--json"])
    said = json.loads(done.stdout)
    assert len(said["stories"]) == 5
    assert {"reps.csv", "calls_2026-06.csv"} <= {file["name"] for file in said["files"]}
