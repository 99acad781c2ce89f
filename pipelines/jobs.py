"""The nightly job, and running it inside this process as the command line does; the other job is in `maintenance`."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from models.errors import TouchlineError, causes_of
from pipelines.assets.night import NIGHT_OP
from pipelines.assets.table_specs import NightAssets
from pipelines.new_workspace import template, write_dagster_settings
from pipelines.night.steps import Progress
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.tables import Window

NIGHTLY = "nightly"
BACKFILL = "backfill"


def nightly_job(assets: NightAssets) -> dg.UnresolvedAssetJobDefinition:
    """Everything, in one process: a night is one transaction and has nothing to run side by side."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.assets(*(spec.key for spec in assets.specs)),
        executor_def=dg.in_process_executor,
        description="One night: land what is new, rebuild what it touches, check it, publish it.",
    )


def backfill_job(days: dg.AssetKey) -> dg.UnresolvedAssetJobDefinition:
    """Company days built again, by partition: each unbroken range of days is one run, and one generation."""
    return dg.define_asset_job(
        BACKFILL,
        selection=dg.AssetSelection.assets(days),
        executor_def=dg.in_process_executor,
        description="Rebuild the tables of some days from what was loaded, at the published as_of.",
    )


def run_nightly(
    workspace: Workspace, as_of: datetime, full_refresh: bool, progress: Progress, window: Window | None = None
) -> None:
    """One Dagster run of the job, recorded in the workspace's DAGSTER_HOME; the night's own errors come through."""
    from pipelines.definitions import build_definitions
    from pipelines.event_log import kept_open

    _let_sqlite_buffer()
    job = build_definitions(workspace, progress).resolve_job_def(NIGHTLY)
    config: dict[str, Any] = {"as_of": as_of.isoformat(), "full_refresh": full_refresh}
    if window is not None:
        config |= {"window_from": window.first.isoformat(), "window_to": window.last.isoformat()}
    with _instance_of(workspace) as instance, kept_open(instance):
        try:
            job.execute_in_process(
                run_config={"ops": {NIGHT_OP: {"config": config}}, "loggers": _QUIET}, instance=instance
            )
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        except Exception as error:
            # the night's own error inside what Dagster made of it; else it is a fault of ours
            raise next((link for link in causes_of(error) if isinstance(link, TouchlineError)), error) from None


def _instance_of(workspace: Workspace) -> dg.DagsterInstance:
    """Dagster as the workspace's DAGSTER_HOME sets it up; TouchlineError when a company's own dagster.yaml is at fault."""
    write_dagster_settings(workspace)
    file = workspace.dagster_home / "dagster.yaml"
    try:
        return dg.DagsterInstance.from_config(str(workspace.dagster_home))
    except Exception as error:  # a driver's, a missing package's, a wrong key's: each has a class of its own
        if file.read_text(encoding="utf-8") == template(file.name):
            raise
        raise TouchlineError(
            f"Dagster cannot be opened as {file} says: {str(error).strip().splitlines()[0]}",
            "Start the database that it names, set the variables, and install what it needs: "
            "pip install 'touchline[postgres]'; see docs/dagster_at_scale.md. Nothing was published.",
        ) from error


def _let_sqlite_buffer() -> None:
    """Dagster commits its run log several times an event; without a sync each, a night is seconds shorter.

    After a power cut the log may miss its last events. The ledger, the data and what was published are not in it.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def _without_sync(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = off")


_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
