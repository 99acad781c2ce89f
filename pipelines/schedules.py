"""When nights run: the schedule of the settings, and the weekly trimming of Dagster's own history.

A tick may come late, twice or never: each night takes everything that is new since the ledger, so the next one makes
up for it. The night's `as_of` is the instant it was scheduled for, so that one that starts late computes the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg

from models.settings import Settings
from pipelines.assets.night import NIGHT_OP
from pipelines.jobs import NIGHTLY
from pipelines.maintenance import MAINTENANCE, TRIM_OP

WEEKLY = "30 12 * * 0"
"""Sundays at noon: away from the nights, and when a laptop that runs the daemon may be on."""


def night_config(**config: Any) -> dict[str, Any]:
    """The run config of a night that a clock or a watcher asked for: its events go to the UI, not to a terminal."""
    quiet = {"console": {"config": {"log_level": "WARNING"}}}
    return {"ops": {NIGHT_OP: {"config": {**config, "forward_only": True}}}, "loggers": quiet}


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """A night at each tick of `schedule.cron`, in `schedule.timezone` or else the company's; it starts switched on."""

    @dg.schedule(
        name="nightly",
        job_name=NIGHTLY,
        cron_schedule=settings.schedule.cron,
        execution_timezone=_zone(settings),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"A night at `{settings.schedule.cron}` ({_zone(settings)}), from `schedule:` of touchline.yaml.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        scheduled = context.scheduled_execution_time.isoformat()
        return dg.RunRequest(run_key=scheduled, run_config=night_config(as_of=scheduled), tags={"asked_by": "schedule"})

    return nightly


def maintenance_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Once a week, runs older than `schedule.keep_runs_days` leave Dagster's history."""

    @dg.schedule(
        name=MAINTENANCE,
        job_name=MAINTENANCE,
        cron_schedule=WEEKLY,
        execution_timezone=_zone(settings),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Trims runs older than {settings.schedule.keep_runs_days} days from Dagster's history.",
    )
    def maintenance(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        before = context.scheduled_execution_time - timedelta(days=settings.schedule.keep_runs_days)
        return dg.RunRequest(run_config={"ops": {TRIM_OP: {"config": {"before": before.isoformat()}}}})

    return maintenance


def _zone(settings: Settings) -> str:
    return settings.schedule.timezone or settings.company.timezone
