"""When nights run by themselves: the schedule is the settings', and a late tick computes what a punctual one would."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from models.cron import cron_problem
from models.errors import SettingsError
from models.settings import Settings, load_settings
from pipelines.definitions import build_definitions
from pipelines.new_workspace import write_dagster_settings
from pipelines.schedules import maintenance_schedule, nightly_schedule

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
GOOD = ["15 3 * * *", "*/15 0-6 * * mon-fri", "0 4 1,15 jan,jul *", "5 4 * * 7", "0-30/5 * * * 1"]


def tick(schedule, at):
    """What the schedule asks for when its tick of that instant is evaluated."""
    with dg.DagsterInstance.ephemeral() as instance:
        return schedule.evaluate_tick(dg.build_schedule_context(instance, at)).run_requests


def run_request(office, request):
    """The outcome of the night that a tick or a watcher asked for, run as Dagster would."""
    write_dagster_settings(office.workspace)
    job = build_definitions(office.workspace).resolve_job_def("nightly")
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        assert job.execute_in_process(request.run_config, instance, tags=request.tags).success
    return office.query("select generation, as_of from ops.publication")[0]


def numbers(office):
    """The hashes of all tables but those of records, which also say by which load a record came."""
    return {table: found for table, found in office.hashes().items() if not table.startswith("core.latest_")}


def test_cron_and_time_zone_are_those_of_the_settings_and_it_starts_switched_on():
    given = {"company": {"timezone": "Europe/Berlin"}, "schedule": {"cron": "40 4 * * *"}}
    schedule = nightly_schedule(Settings.model_validate(given))
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("40 4 * * *", "Europe/Berlin")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    given["schedule"]["timezone"] = "Asia/Kolkata"
    assert nightly_schedule(Settings.model_validate(given)).execution_timezone == "Asia/Kolkata"


def test_a_night_is_judged_at_the_instant_it_was_scheduled_for():
    at = datetime(2026, 4, 2, 3, 15, tzinfo=ZoneInfo("America/New_York"))
    (request,) = tick(nightly_schedule(Settings()), at)
    assert request.run_config["ops"]["night"]["config"] == {"as_of": "2026-04-02T03:15:00-04:00", "forward_only": True}


@pytest.mark.parametrize("line", GOOD)
def test_a_good_cron_line_is_good_for_dagster_too(line):
    assert cron_problem(line) is None
    assert dg.ScheduleDefinition(name="x", job_name="y", cron_schedule=line).cron_schedule == line


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("15 3 * *", "five fields"),
        ("@daily", "five fields"),
        ("60 3 * * *", "'60' is no minute"),
        ("15 3 * * fun", "'fun' is no day of week"),
        ("15 6-3 * * *", "'6-3' is no hour"),
        ("5/15 3 * * *", "'5/15' is no minute"),
        ("0 3 * 13 *", "'13' is no month"),
    ],
)
def test_a_wrong_cron_line_is_refused_with_what_is_wrong(tmp_path, line, problem):
    file = tmp_path / "touchline.yaml"
    file.write_text(f'schedule: {{cron: "{line}"}}\n')
    with pytest.raises(SettingsError, match=r"schedule\.cron") as refused:
        load_settings(file, {})
    assert problem in str(refused.value)


@pytest.mark.slow
def test_a_tick_that_comes_late_never_takes_readers_back(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    office.night(datetime(2026, 4, 2, 12, tzinfo=UTC))
    office.deliver("activities_2.csv", [{**CALL, "source_record_id": "A2"}])
    (late,) = tick(nightly_schedule(Settings()), datetime(2026, 4, 2, 3, 15, tzinfo=UTC))
    assert run_request(office, late) == (2, datetime(2026, 4, 2, 12, tzinfo=UTC))
    assert office.query("select count(*) from core.fct_activity") == [(2,)]


@pytest.mark.slow
def test_an_as_of_published_in_the_future_by_mistake_does_not_stay(office):
    office.deliver("reps.csv", [REP])
    office.night(datetime(2090, 1, 1, tzinfo=UTC))
    (next_night,) = tick(nightly_schedule(Settings()), datetime(2026, 4, 2, 3, 15, tzinfo=UTC))
    assert run_request(office, next_night) == (2, datetime(2026, 4, 2, 3, 15, tzinfo=UTC))


@pytest.mark.slow
def test_a_missed_night_is_made_up_by_the_next(office, open_office):
    undisturbed = open_office()
    for each in (office, undisturbed):
        each.deliver("reps.csv", [REP])
    undisturbed.night(datetime(2026, 4, 1, 7, 15, tzinfo=UTC))
    for each in (office, undisturbed):
        each.deliver("activities.csv", [CALL])
    (request,) = tick(nightly_schedule(Settings()), datetime(2026, 4, 2, 7, 15, tzinfo=UTC))
    run_request(office, request)
    run_request(undisturbed, request)
    assert numbers(office) == numbers(undisturbed)


def test_what_the_schedule_says_moves_no_number(office):
    office.deliver("reps.csv", [REP])
    office.night()
    settings = office.workspace.settings_file.read_text()
    office.configure(settings + 'schedule: {cron: "0 5 * * *", retries: 7}\n')
    assert office.night().status == "nothing_new"


def test_the_maintenance_keeps_as_many_days_as_the_settings_say():
    schedule = maintenance_schedule(Settings.model_validate({"schedule": {"keep_runs_days": 30}}))
    (request,) = tick(schedule, datetime(2026, 5, 3, 12, 30, tzinfo=UTC))
    assert request.run_config == {"ops": {"trim_history": {"config": {"before": "2026-04-03T12:30:00+00:00"}}}}
