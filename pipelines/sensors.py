"""What Dagster watches: the inbox for new files, nights that died without a word or failed, and alerts to be sent.

Each starts switched on and asks for the same night as the schedule. Correctness never hangs on one of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import dagster as dg

from models.errors import BusyError, TouchlineError
from models.settings import Settings
from pipelines.assets.faults import EXIT_CODE
from pipelines.assets.location import pool_of
from pipelines.assets.night import POOL
from pipelines.jobs import NIGHTLY
from pipelines.maintenance import MAINTENANCE, runs_of
from pipelines.night.arrivals import Arrivals, look_at_inbox, recall
from pipelines.night.history import record_night
from pipelines.night.lock import night_since
from pipelines.night.outcome import NightOutcome, read_outcome
from pipelines.night.workspace import Workspace
from pipelines.schedules import night_config

INBOX_SECONDS = 30
WATCH_SECONDS = 60
SENDING_SECONDS = 20.0
"""A look must be over before Dagster gives it up, after a minute."""
SILENT_SECONDS = 600
"""A night writes to its run's log at every step and holds the lock; one that does neither for so long is dead."""
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def night_sensors(workspace: Workspace, settings: Settings) -> list[dg.SensorDefinition]:
    """All sensors of a workspace; the inbox is watched unless `schedule.watch_inbox` is false."""
    pool = pool_of(POOL, settings.schedule)
    watching = [inbox_sensor(workspace, pool)] if settings.schedule.watch_inbox else []
    return [*watching, died_night_sensor(workspace, pool), failed_night_sensor(workspace), alert_sensor(workspace)]


def inbox_sensor(workspace: Workspace, pool: str = POOL) -> dg.SensorDefinition:
    """Asks for a night when new files lie in the inbox and all of them rest."""

    @dg.sensor(
        name="inbox",
        job_name=NIGHTLY,
        minimum_interval_seconds=INBOX_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a night when new files have lain in the inbox unchanged for `schedule.settle_seconds`.",
    )
    def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        settings = workspace.settings()
        arrivals = look_at_inbox(workspace, settings, recall(context.cursor), time.time())
        unfinished = runs_of(context.instance, pool, _UNFINISHED)
        reason = _why_not(arrivals, workspace, unfinished, settings)
        if reason:
            return dg.SensorResult(skip_reason=reason, cursor=arrivals.to_json())
        tags = {"asked_by": "inbox", "new_files": str(len(arrivals.waiting))}
        request = dg.RunRequest(run_key=arrivals.key, run_config=night_config(), tags=tags)
        return dg.SensorResult(run_requests=[request], cursor=arrivals.to_json())

    return inbox


def _why_not(
    arrivals: Arrivals, workspace: Workspace, unfinished: Sequence[dg.DagsterRun], settings: Settings
) -> str | None:
    if not arrivals.waiting:
        return "Nothing new in the inbox."
    if arrivals.moving:
        rest = settings.schedule.settle_seconds
        return f"{len(arrivals.moving)} files changed less than {rest} s ago, such as {arrivals.moving[0]}."
    if night_since(workspace) is not None:
        return f"{len(arrivals.waiting)} new files; a night is running, and the next look finds what it did not take."
    if unfinished:
        return f"{len(arrivals.waiting)} new files; a night is queued or running, and takes what is there."
    return None


def died_night_sensor(workspace: Workspace, pool: str = POOL) -> dg.SensorDefinition:
    """Ends runs whose process is gone (killed, out of memory, machine restarted): left alone they block the queue."""

    @dg.sensor(
        name="died_nights",
        minimum_interval_seconds=WATCH_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks a night failed whose process died: it holds no lock and wrote nothing for ten minutes.",
    )
    def died_nights(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if night_since(workspace) is not None:
            return dg.SkipReason("A night is running.")
        started = runs_of(context.instance, pool, [dg.DagsterRunStatus.STARTED])
        died = [run for run in started if _is_silent(context.instance, run, time.time())]
        for run in died:
            message = "The process of this night is gone: it was killed, or the machine stopped."
            context.instance.report_run_failed(run, message)
            record_failed_night(workspace, context.instance, run, message)
        return dg.SkipReason(f"Marked {len(died)} nights failed whose process is gone." if died else "No night died.")

    return died_nights


def alert_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Sends what nights had to tell, and tries again what could not be sent."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=WATCH_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends the alerts that wait in the outbox, each until its channel took it.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from pipelines.alerting.telling import deliver_waiting, fill_outbox
        from pipelines.alerting.tonight import refuse_wrong_alerts

        if not workspace.exists():
            return dg.SkipReason("There is no workspace yet.")
        settings = workspace.settings()
        refuse_wrong_alerts(settings, os.environ)
        now = datetime.now(UTC)
        fill_outbox(workspace, settings, now)
        done = deliver_waiting(workspace, settings, os.environ, lambda: datetime.now(UTC), SENDING_SECONDS)
        if done is None:
            return dg.SkipReason("No channel is set: docs/alert_channels.md says how.")
        for channel, fault in done.faults:
            context.log.warning(f"{channel}: {fault}")
        return dg.SkipReason(f"{done.sent} messages sent, {done.waiting} wait, {done.dead} given up.")

    return alerts


def _is_silent(instance: dg.DagsterInstance, run: dg.DagsterRun, now: float) -> bool:
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return bool(last) and now - last[0].timestamp > SILENT_SECONDS


def failed_night_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Sees to it that var/last_night.json tells of every night that Dagster saw fail, so that `status` does."""

    @dg.run_failure_sensor(
        name="failed_nights",
        minimum_interval_seconds=INBOX_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records a failed night for `touchline status`, when it could not do so itself.",
    )
    def failed_nights(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        failures = context.get_step_failure_events()
        if run.job_name == MAINTENANCE:
            context.log.error(f"Run {run.run_id} of the maintenance failed: it is tried again next week.")
        elif failures and all(_is_polite(event) for event in failures):
            context.log.info(f"Run {run.run_id} found another night running and left; nothing is to be done.")
        elif record_failed_night(workspace, context.instance, run, context.failure_event.message or ""):
            context.log.error(f"Run {run.run_id} failed before it could say so itself: see `touchline status`.")
        else:
            context.log.error(f"Run {run.run_id} failed, and has said why itself: see `touchline status`.")

    return failed_nights


def _is_polite(event: dg.DagsterEvent) -> bool:
    """Whether the step ended because another night was running."""
    told = event.step_failure_data.user_failure_data
    code = told.metadata.get(EXIT_CODE) if told else None
    return code is not None and code.value == BusyError.exit_code


def record_failed_night(workspace: Workspace, instance: dg.DagsterInstance, run: dg.DagsterRun, message: str) -> bool:
    """Writes the outcome that a night could not write; False when it did, or when a later night has written since."""
    record = instance.get_run_record_by_id(run.run_id)
    told = read_outcome(workspace.last_night)
    if record is None or (told is not None and told.run_id == run.run_id):
        return False
    from pipelines.alerting.telling import tell_of_night

    began = record.start_time or record.create_timestamp.timestamp()
    if told is not None and workspace.last_night.stat().st_mtime > began:
        return False
    as_of = record.create_timestamp.astimezone(UTC)
    error = (
        f"{message}\n  → The last good night stays published, and the next one takes everything that this one did not. "
        "Run it now with: touchline run"
    )
    outcome = NightOutcome("failed", as_of, run.run_id, error=error, exit_code=1)
    record_night(workspace, outcome, datetime.fromtimestamp(began, UTC))
    with suppress(TouchlineError):  # settings that cannot be read name no channel either
        tell_of_night(workspace, workspace.settings(), outcome, as_of)
    return True
