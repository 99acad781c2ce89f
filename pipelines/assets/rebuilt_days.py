"""Company days that were built again, as a partitioned asset: Dagster's backfills choose days in it.

What a run of it makes are the night's tables, which are no partitions: they are published whole, in one generation.

No `from __future__ import annotations` here: Dagster reads the classes of a step's parameters.
"""

import warnings
from datetime import date, datetime
from typing import Any

import dagster as dg

from models.errors import BusyError, TouchlineError
from models.settings import Settings
from pipelines.assets.faults import end_run
from pipelines.assets.night import LogProgress, created_at
from pipelines.assets.night_results import published_results
from pipelines.assets.table_specs import NightAssets
from pipelines.night.generation import current_generation
from pipelines.night.outcome import NightOutcome
from pipelines.night.workspace import Workspace

DAYS_OP = "rebuilt_days"
_BEFORE_ANY_NIGHT = date(2020, 1, 1)


def rebuilt_days(workspace: Workspace, assets: NightAssets, settings: Settings, pool: str) -> dg.AssetsDefinition:
    """The asset: a partition a company day, from the first published one to yesterday; a range of them is one run."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _days_asset(workspace, assets, settings, pool)


def _days_asset(workspace: Workspace, assets: NightAssets, settings: Settings, pool: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=assets.key_of(f"ops.{DAYS_OP}"),
        partitions_def=dg.DailyPartitionsDefinition(
            start_date=_first_day(workspace).isoformat(), timezone=settings.company.timezone
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="ops",
        kinds={"duckdb"},
        pool=pool,
        description=(
            "Company days whose tables were built again from what was loaded, at the published as_of: choose days, and "
            "launch the job `backfill`. Each unbroken range is one run and one generation; nights do not need it."
        ),
    )
    def rebuild(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        days = context.partition_key_range
        try:
            outcome = _rebuild(context, workspace, days.start, days.end)
        except BusyError as error:
            schedule = workspace.settings().schedule
            context.log.warning(f"{error}\n  → Another try in {schedule.retry_delay_seconds} s.")
            raise dg.RetryRequested(schedule.retries, schedule.retry_delay_seconds) from error
        except Exception as error:
            end_run(error, workspace.settings().schedule if workspace.exists() else None, context.log)
        for _ in published_results(outcome, context, assets, workspace):
            pass  # tables go to the log by themselves; sources and checks are not of this step
        return dg.MaterializeResult(metadata={"generation": outcome.generation, "seconds": outcome.seconds})

    return rebuild


def _rebuild(context: dg.AssetExecutionContext, workspace: Workspace, first: str, last: str) -> NightOutcome:
    from pipelines.night.backfill import parse_window  # what a night needs is not needed to show one
    from pipelines.night.publication import read_publication
    from pipelines.night.run import NightRequest, run_night

    settings = workspace.settings()
    published = current_generation(workspace)
    if published is None:
        raise TouchlineError(f"Nothing is published in {workspace.home} yet", "Run a night first: the job `nightly`.")
    as_of = read_publication(published)[0]["as_of"]
    assert isinstance(as_of, datetime)
    window = parse_window(first, last)
    request = NightRequest(workspace, as_of, created_at(context), context.run.run_id, window=window)
    return run_night(request, settings, LogProgress(context.log))


def _first_day(workspace: Workspace) -> date:
    """The first day that the published tables speak of; what cannot be read must not hide the other assets."""
    import duckdb

    from pipelines.night.backfill import first_day_of

    try:
        published = current_generation(workspace)
        return (first_day_of(published) if published else None) or _BEFORE_ANY_NIGHT
    except (duckdb.Error, TouchlineError):
        return _BEFORE_ANY_NIGHT
