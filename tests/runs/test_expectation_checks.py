"""A judged night in Dagster: one asset check a judged table, with every outcome, whatever became of the night."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from models.errors import BlockedError
from pipelines.commands.night_page import show_night
from pipelines.commands.pages import Page
from pipelines.jobs import run_nightly
from pipelines.night.outcome import read_outcome
from pipelines.night.steps import Quiet
from tests.runs.test_expectations import REPS, calls_of, end_of, working_days

pytestmark = pytest.mark.slow

FIRST, LAST, TONIGHT = date(2026, 2, 23), date(2026, 3, 30), date(2026, 3, 31)


@pytest.fixture
def judged_office(office, monkeypatch):
    """A workspace with five weeks published, whose next nights are judged."""
    office.stand_on(five_weeks)
    monkeypatch.setenv("TOUCHLINE__QUALITY__EXPECTATIONS", "true")
    return office


def five_weeks(office):
    office.deliver("reps.csv", REPS)
    office.deliver("activities.csv", [call for day in working_days(FIRST, LAST) for call in calls_of(day)])
    office.night(end_of(LAST))


def expectation_checks(office) -> dict[str, dg.AssetCheckEvaluation]:
    """The evaluations of the check `expectations` in the newest run, by table."""
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        (run,) = instance.get_runs(limit=1)
        events = [record.dagster_event for record in instance.all_logs(run.run_id) if record.dagster_event]
    found = [event.event_specific_data for event in events if event.event_type_value == "ASSET_CHECK_EVALUATION"]
    return {".".join(each.asset_key.path): each for each in found if each.check_name == "expectations"}


def text_of(evaluation: dg.AssetCheckEvaluation, name: str) -> str:
    return str(evaluation.metadata[name].value)


def test_every_judged_table_has_one_check_with_all_its_outcomes(judged_office, capsys):
    judged_office.deliver("activities_2.csv", calls_of(TONIGHT, 8))
    run_nightly(judged_office.workspace, end_of(TONIGHT), False, Quiet())
    checks = expectation_checks(judged_office)
    activities = checks.pop("core.latest_activities")
    assert (activities.passed, activities.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert text_of(activities, "expect_volume_crm_2026_03_31").startswith("crm, Tuesday 2026-03-31: 8 activities")
    assert text_of(activities, "expect_unit_duration_seconds_crm_call") == "holds"
    assert {"core.dim_rep", "marts.rep_activity_daily"} <= checks.keys()
    assert all(check.passed and set(check.metadata) for check in checks.values())
    outcome = read_outcome(judged_office.workspace.last_night)
    assert outcome is not None
    show_night(Page(), outcome, judged_office.workspace.published_file)
    assert "is an export incomplete?" in capsys.readouterr().out


def test_a_blocked_night_reports_the_tables_that_failed_and_no_other(judged_office):
    judged_office.deliver("activities_2.csv", calls_of(TONIGHT, duration_seconds=240_000))
    with pytest.raises(BlockedError):
        run_nightly(judged_office.workspace, end_of(TONIGHT), False, Quiet())
    ((table, check),) = expectation_checks(judged_office).items()
    assert (table, check.passed, check.severity) == ("core.latest_activities", False, dg.AssetCheckSeverity.ERROR)
    assert "did the unit change?" in text_of(check, "expect_unit_duration_seconds_crm_call")
    assert text_of(check, "expect_filled_columns_crm_call") == "holds"


def test_a_night_that_is_not_judged_reports_no_expectations(judged_office, monkeypatch):
    monkeypatch.setenv("TOUCHLINE__QUALITY__EXPECTATIONS", "false")
    judged_office.deliver("activities_2.csv", calls_of(TONIGHT))
    run_nightly(judged_office.workspace, end_of(TONIGHT), False, Quiet())
    assert expectation_checks(judged_office) == {}
