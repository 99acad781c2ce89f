"""What Dagster watches: new files that rest start a night, once; nights that died or failed are told of."""

import json

import dagster as dg
import pytest

from pipelines import sensors
from pipelines.definitions import build_definitions
from pipelines.night.arrivals import look_at_inbox, recall
from pipelines.night.generation import one_night_at_a_time
from pipelines.night.outcome import NightOutcome, read_outcome, write_outcome

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}


def settle(office, seconds):
    text = office.workspace.settings_file.read_text().split("schedule:")[0]
    office.configure(f"{text}schedule: {{settle_seconds: {seconds}}}\n")


def look(office, instance, cursor=None):
    """The inbox sensor's answer: its requests, why it skipped, and what it remembers."""
    sensor = sensors.inbox_sensor(office.workspace)
    found = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=cursor))
    return found.run_requests, found.skip_message, found.cursor


def nightly(office):
    return build_definitions(office.workspace).resolve_job_def("nightly")


def test_new_files_that_rest_start_one_night_and_what_landed_starts_none(office, instance):
    settle(office, 0)
    assert look(office, instance)[1] == "Nothing new in the inbox."
    office.deliver("reps.csv", [REP])
    (request,), _, cursor = look(office, instance)
    assert request.run_config["ops"]["night"]["config"] == {"forward_only": True}
    assert nightly(office).execute_in_process(request.run_config, instance).success
    assert office.query("select count(*) from core.dim_rep") == [(1,)]
    assert look(office, instance, cursor)[1] == "Nothing new in the inbox."


def test_a_file_that_changed_just_now_holds_the_delivery_back(office, instance):
    settle(office, 3600)
    office.deliver("reps.csv", [REP])
    requests, why, _ = look(office, instance)
    assert not requests
    assert "changed less than 3600 s ago" in why


def test_a_file_rests_since_it_was_last_seen_to_change(office):
    settle(office, 100)
    settings = office.workspace.settings()
    path = office.deliver("reps.csv", [REP])
    first = look_at_inbox(office.workspace, settings, {}, 1000.0)
    resting = look_at_inbox(office.workspace, settings, recall(first.to_json()), 1099.0)
    assert resting.moving == (str(path),)
    assert look_at_inbox(office.workspace, settings, recall(resting.to_json()), 1100.0).moving == ()
    path.write_bytes(path.read_bytes() + b"R2,Bob,inside,2025-01-01\n")
    assert look_at_inbox(office.workspace, settings, recall(resting.to_json()), 1100.0).moving == (str(path),)


def test_the_key_is_what_the_files_hold_not_what_they_are_called(office, instance):
    settle(office, 0)
    path = office.deliver("reps.csv", [REP])
    (first,), _, _ = look(office, instance)
    path.rename(path.with_name("reps_again.csv"))
    (renamed,), _, _ = look(office, instance)
    office.deliver("activities.csv", [CALL])
    (more,), _, _ = look(office, instance)
    assert first.run_key == renamed.run_key != more.run_key


def test_a_file_that_waits_is_not_read_again(office, instance):
    settle(office, 0)
    path = office.deliver("reps.csv", [REP])
    cursor = json.loads(look(office, instance)[2])
    cursor[str(path)]["sha256"] = "remembered"
    assert json.loads(look(office, instance, json.dumps(cursor))[2])[str(path)]["sha256"] == "remembered"


@pytest.mark.parametrize("cursor", ["", "half a", "[]", '{"a": 1}', '{"a": {"identity": 3}}'])
def test_a_broken_memory_costs_only_another_look(office, instance, cursor):
    settle(office, 0)
    office.deliver("reps.csv", [REP])
    assert len(look(office, instance, cursor)[0]) == 1


def test_no_night_is_asked_for_while_one_runs_or_waits(office, instance):
    settle(office, 0)
    office.deliver("reps.csv", [REP])
    with one_night_at_a_time(office.workspace):
        assert "a night is running" in look(office, instance)[1]
    instance.create_run_for_job(nightly(office), status=dg.DagsterRunStatus.NOT_STARTED)
    assert "a night is queued or running" in look(office, instance)[1]


def test_an_inbox_that_nobody_watches_has_no_sensor(office):
    office.configure(office.workspace.settings_file.read_text() + "schedule: {watch_inbox: false}\n")
    names = {sensor.name for sensor in build_definitions(office.workspace).sensors}
    assert names == {"died_nights", "failed_nights", "alerts"}


def test_all_start_switched_on(office):
    found = build_definitions(office.workspace).sensors
    assert {sensor.name: sensor.default_status for sensor in found} == dict.fromkeys(
        ("inbox", "died_nights", "failed_nights", "alerts"), dg.DefaultSensorStatus.RUNNING
    )


def failed_run(office, instance):
    """A night that Dagster saw fail, and the context its failure sensor is given."""
    result = nightly(office).execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    context = dg.build_run_status_sensor_context(
        "failed_nights", result.get_run_failure_event(), instance, result.dagster_run
    )
    sensors.failed_night_sensor(office.workspace)(context.for_run_failure())
    return result


def test_a_night_that_failed_before_it_began_is_told_of(office, instance):
    good = office.workspace.settings_file.read_text()
    job = nightly(office)
    office.configure("company: {timezon: UTC}\n")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    context = dg.build_run_status_sensor_context(
        "failed_nights", result.get_run_failure_event(), instance, result.dagster_run
    )
    office.configure(good)
    sensors.failed_night_sensor(office.workspace)(context.for_run_failure())
    told = read_outcome(office.workspace.last_night)
    assert (told.status, told.run_id, told.exit_code) == ("failed", result.dagster_run.run_id, 1)
    assert "touchline run" in told.error


def test_a_night_that_found_another_running_ends_politely_and_is_no_failed_night(office, instance):
    with one_night_at_a_time(office.workspace):
        result = failed_run(office, instance)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data
    assert "another night is running" in told.description
    assert told.metadata["exit_code"].value == 4
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert read_outcome(office.workspace.last_night) is None


def test_what_a_later_night_wrote_is_kept(office, instance):
    run = instance.create_run_for_job(nightly(office), status=dg.DagsterRunStatus.STARTED)
    write_outcome(NightOutcome("published", instance.get_run_record_by_id(run.run_id).create_timestamp, "later"),
                  office.workspace.last_night)  # fmt: skip
    assert not sensors.record_failed_night(office.workspace, instance, run, "gone")
    assert read_outcome(office.workspace.last_night).run_id == "later"


def test_a_night_whose_process_died_is_marked_failed_and_no_longer_blocks_the_queue(office, instance, monkeypatch):
    run = instance.create_run_for_job(nightly(office), status=dg.DagsterRunStatus.STARTED)
    instance.report_engine_event("its last word", run)
    watch = sensors.died_night_sensor(office.workspace)
    assert watch(dg.build_sensor_context(instance)).skip_message == "No night died."
    monkeypatch.setattr(sensors, "SILENT_SECONDS", -1)
    with one_night_at_a_time(office.workspace):
        assert watch(dg.build_sensor_context(instance)).skip_message == "A night is running."
    assert "Marked 1 nights failed" in watch(dg.build_sensor_context(instance)).skip_message
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE
    assert read_outcome(office.workspace.last_night).run_id == run.run_id
