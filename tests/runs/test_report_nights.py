"""The report is published with its tables, in one rename; one that cannot be written stops no numbers."""

from datetime import timedelta

import pytest

from models.errors import TouchlineError
from models.settings import load_settings
from pipelines.night.history import read_nights
from pipelines.reporting import charts_script, report
from tests.runs.conftest import AS_OF, as_csv

REP = {"rep_id": "R1", "full_name": "=Ann <script>alert(1)</script>", "rep_type": "inside", "hire_date": "2025-01-01", "role": "ae", "team": "North"}  # fmt: skip
WITH_REPORT = {"TOUCHLINE__REPORT__ENABLED": "true", "TOUCHLINE__METRICS__SUBJECTS": "[activity]"}


def call(number, day="2026-03-17"):
    return {"source_record_id": f"A{number}", "channel": "call", "occurred_at": f"{day}T15:00:00Z", "rep_id": "R1", "direction": "outbound", "status": "completed", "contact_id": "C1"}  # fmt: skip


@pytest.fixture
def reported(office):
    """A workspace whose nights write a report."""
    return deliver_two_calls(office)


@pytest.fixture
def published(office):
    """The same after its first night."""
    return office.stand_on(night_of_two_calls)


def deliver_two_calls(office):
    office.environment |= WITH_REPORT
    office.deliver("reps.csv", as_csv([REP]))
    office.deliver("activities.csv", as_csv([call(1), call(2)]))
    return office


def night_of_two_calls(office):
    deliver_two_calls(office).night()


def pages(office):
    return {path.name: path.read_text("utf-8") for path in (office.workspace.published / "report").glob("*.html")}


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_night_publishes_its_report(reported):
    outcome = reported.night()
    assert outcome.status == "published"
    assert {"pages", "report"} <= outcome.steps.keys()
    assert "as of Mar 31, 2026" in pages(reported)["index.html"]


def test_the_next_night_has_its_own_and_the_last_keeps_the_old_one(published):
    first = published.workspace.published.resolve()
    published.deliver("activities_more.csv", as_csv([call(3)]))
    published.night()
    assert "generation 2" in pages(published)["index.html"]
    assert "generation 1" in (first / "report" / "index.html").read_text("utf-8")


def test_it_is_what_the_published_files_alone_say(published, tmp_path):
    """Most pages are written before the books are closed, which until then speak of the night before."""
    published.deliver("activities_more.csv", as_csv([call(3)]))
    published.night(AS_OF + timedelta(days=1))
    folder, again = published.workspace.published / "report", tmp_path / "again"
    settings = load_settings(published.workspace.settings_file, published.environment)
    nights = read_nights(published.workspace, 90)[1:]
    report.build_report(published.workspace.published_file.resolve(), again, settings, folder, nights)
    assert len(files_of(again)) > 10
    assert files_of(folder) == files_of(again)


def test_a_script_of_charts_that_cannot_be_made_is_told(reported, monkeypatch):
    monkeypatch.setattr(charts_script, "_made", [])
    monkeypatch.setattr(charts_script, "_MAKE", "raise SystemExit('no such font')")
    outcome = reported.night()
    assert outcome.status == "published"
    (note,) = [note for note in outcome.notes if "The report could not be written" in note]
    assert "no such font" in note


def test_a_script_of_charts_that_is_there_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(charts_script, "_made", [])
    monkeypatch.setattr(charts_script, "_MAKE", "print('made')")
    with charts_script.script_aside(None) as script:
        assert script() == script() == "made\n"
    monkeypatch.setattr(charts_script, "_MAKE", "print('made again')")
    with charts_script.script_aside(None) as script:
        assert script() == "made\n"
    monkeypatch.setattr(charts_script, "_made", [])
    kept = tmp_path / charts_script.script_place()
    kept.parent.mkdir()
    kept.touch()
    with charts_script.script_aside(tmp_path) as script:
        assert script is charts_script.charts_script


def test_no_name_becomes_a_part_of_the_page(published):
    written = list((published.workspace.published / "report").rglob("*.html"))
    named = [path for path in written if "&lt;script&gt;alert" in path.read_text("utf-8")]
    assert len(named) == 1, "the page of the rep, below the others"
    assert [path for path in written if "<script>alert" in path.read_text("utf-8")] == []


def test_without_it_there_is_none(reported):
    reported.environment["TOUCHLINE__REPORT__ENABLED"] = "false"
    reported.night()
    assert not (reported.workspace.published / "report").exists()


def test_settings_of_the_report_write_another_one_and_rebuild_nothing(published):
    published.environment["TOUCHLINE__REPORT__REP_PAGES"] = "false"
    outcome = published.night()
    assert outcome.status == "published" and not [note for note in outcome.notes if "Everything is rebuilt" in note]
    assert published.night().status == "nothing_new"


def test_an_empty_company_has_one_that_says_so(office):
    office.environment |= WITH_REPORT
    office.deliver("reps.csv", as_csv([REP]))
    office.night()
    assert 'data-figure="marts.rep_type_activity.touches"><a href="activity.html">0</a>' in pages(office)["index.html"]
    assert "Nobody has done anything yet." in pages(office)["activity.html"]


@pytest.mark.parametrize("part", ["pages_of_tables", "pages_of_the_night"])
def test_one_that_fails_is_told_and_the_tables_are_published(reported, monkeypatch, part):
    def broken(_):
        raise ValueError("no such page for ann@example.com")

    monkeypatch.setattr(report, part, broken)
    outcome = reported.night()
    assert outcome.status == "published"
    (note,) = [note for note in outcome.notes if "The report could not be written" in note]
    assert "ann@example.com" not in note
    assert "could not be written" in pages(reported)["index.html"]
    assert reported.query("select sum(calls) from marts.rep_activity_daily") == [(2,)]


@pytest.mark.parametrize("part", ["pages_of_tables", "pages_of_the_night"])
def test_a_full_disk_stops_the_night_and_leaves_the_last(published, monkeypatch, part):
    published.deliver("activities_more.csv", as_csv([call(3)]))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report, part, full)
    with pytest.raises(TouchlineError):
        published.night(AS_OF)
    assert "generation 1" in pages(published)["index.html"]
