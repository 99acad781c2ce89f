"""Everything Dagster knows of this project, assembled when the code location loads; importing this reads nothing.

The location works without a workspace: it then shows the tables, and a run says how to make one.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from models.settings import Settings
from pipelines.assets.location import pool_of, put_in_location
from pipelines.assets.night import POOL, night_assets
from pipelines.assets.rebuilt_days import rebuilt_days
from pipelines.assets.table_specs import describe_night
from pipelines.jobs import backfill_job, nightly_job
from pipelines.maintenance import MAINTENANCE, maintenance_job
from pipelines.night.shipped import shipped_catalogue, shipped_rules
from pipelines.night.steps import Progress
from pipelines.night.workspace import Workspace
from pipelines.schedules import maintenance_schedule, nightly_schedule
from pipelines.sensors import night_sensors
from sql.origins import shipped_origins


def build_definitions(workspace: Workspace, progress: Progress | None = None) -> dg.Definitions:
    """The assets, checks, jobs, schedules and sensors of a workspace.

    With `progress` somebody watches one night in this process: no retries then, and nothing that only the UI shows.
    """
    settings = workspace.settings() if workspace.exists() else Settings()
    shipped = shipped_catalogue()
    origins = None if progress else shipped_origins()
    described = describe_night(shipped.of_subjects(settings.metrics.subjects), settings, shipped_rules(), origins)
    assets = put_in_location(described, settings.schedule)
    pool = pool_of(POOL, settings.schedule)
    days = [] if progress else [rebuilt_days(workspace, assets, settings, pool)]
    return dg.Definitions(
        assets=[night_assets(workspace, assets, progress, pool), *days],
        jobs=[
            nightly_job(assets),
            *(backfill_job(each.key) for each in days),
            maintenance_job([pool], pool_of(MAINTENANCE, settings.schedule)),
        ],
        schedules=[nightly_schedule(settings), maintenance_schedule(settings)],
        sensors=night_sensors(workspace, settings),
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """For the web UI and Dagster's commands: the workspace at TOUCHLINE_HOME, else ./workspace."""
    return build_definitions(Workspace(Path(os.environ.get("TOUCHLINE_HOME") or "workspace").resolve()))
