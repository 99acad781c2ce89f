"""Dagster's real daemon runs nights by itself: every minute by the schedule, and when files arrive."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import dagster as dg
import pytest

from pipelines.new_workspace import write_dagster_settings
from pipelines.night.generation import one_night_at_a_time
from pipelines.night.outcome import read_outcome

pytestmark = pytest.mark.slow

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
PATIENCE_SECONDS = 300
EVERY_MINUTE = '{cron: "* * * * *", watch_inbox: false}'
ONLY_THE_INBOX = '{cron: "0 0 1 1 *", settle_seconds: 1}'


@contextmanager
def daemon(office):
    """`dagster-daemon run` on the workspace; its process group ends with the block."""
    write_dagster_settings(office.workspace)
    home = office.workspace.dagster_home
    environment = {**os.environ, "DAGSTER_HOME": str(home), "TOUCHLINE_HOME": str(office.workspace.home)}
    command = [sys.executable, "-m", "dagster._daemon", "run", "-w", "workspace.yaml"]
    with (home / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            finally:
                os.killpg(process.pid, signal.SIGKILL) if group_lives(process.pid) else None
                process.wait()


def group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(office, what, found):
    """Asks twice a second until `found()` is true; fails with the daemon's own words when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        if time.monotonic() > deadline:
            log = (office.workspace.dagster_home / "daemon.log").read_text(errors="replace")
            pytest.fail(f"{what} did not happen in {PATIENCE_SECONDS} s:\n{log[-4000:]}")
        time.sleep(0.5)
    return result


def activities(office):
    published = office.workspace.published_file
    return office.query("select count(*) from core.fct_activity")[0][0] if published.exists() else None


def runs(office, *statuses):
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        return instance.get_runs(dg.RunsFilter(job_name="nightly", statuses=statuses))


def test_the_schedule_runs_three_nights_and_makes_up_for_one_that_found_another_running(office):
    office.configure(office.workspace.settings_file.read_text() + f"schedule: {EVERY_MINUTE}\n")
    office.deliver("reps.csv", [REP])
    with daemon(office):
        for night in (1, 2, 3):
            office.deliver(f"activities_{night}.csv", [{**CALL, "source_record_id": f"A{night}"}])
            wait_for(office, f"night {night}", lambda night=night: activities(office) == night)
        wait_for(office, "an idle moment", lambda: not runs(office, *UNFINISHED))
        told = read_outcome(office.workspace.last_night)
        with one_night_at_a_time(office.workspace):
            office.deliver("activities_4.csv", [{**CALL, "source_record_id": "A4"}])
            (refused, *others) = wait_for(office, "a refused night", lambda: runs(office, dg.DagsterRunStatus.FAILURE))
            assert read_outcome(office.workspace.last_night) == told
        wait_for(office, "the missed night", lambda: activities(office) == 4)
    assert not others
    assert refused.tags["asked_by"] == "schedule"
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        events = [record.dagster_event for record in instance.all_logs(refused.run_id) if record.dagster_event]
    assert not [event for event in events if event.is_step_up_for_retry]
    (failure,) = [event for event in events if event.is_step_failure]
    assert "another night is running" in failure.step_failure_data.user_failure_data.description
    as_of, scheduled = office.query("select as_of, published_at from ops.publication")[0]
    assert (as_of.second, as_of.microsecond) == (0, 0)
    assert as_of <= scheduled


def test_files_that_arrive_start_a_night_each_delivery_once(office):
    office.configure(office.workspace.settings_file.read_text() + f"schedule: {ONLY_THE_INBOX}\n")
    with daemon(office):
        office.deliver("reps.csv", [REP])
        office.deliver("activities_1.csv", [CALL])
        wait_for(office, "the first delivery", lambda: activities(office) == 1)
        office.deliver("activities_2.csv", [{**CALL, "source_record_id": "A2"}])
        wait_for(office, "the second delivery", lambda: activities(office) == 2)
    asked = [run.tags["asked_by"] for run in runs(office)]
    assert asked == ["inbox", "inbox"]


UNFINISHED = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
              dg.DagsterRunStatus.STARTED]  # fmt: skip
