"""The night as one step of many assets: what each source landed, every table, and the publication they leave together.

A night publishes all of them or none, so they are one step. Whatever is selected in the web UI, that step runs a night
for the selection, and reports tables only after they are published.

No `from __future__ import annotations` here: Dagster reads the classes of a step's parameters.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from models.errors import BlockedError
from models.settings import Settings
from pipelines.assets.faults import end_run
from pipelines.assets.night_results import Results, blocked_results, published_results
from pipelines.assets.table_specs import NightAssets
from pipelines.instants import parse_as_of
from pipelines.night.generation import current_generation
from pipelines.night.history import recorded_night
from pipelines.night.steps import Progress
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.run import NightRequest

NIGHT_OP = "night"
POOL = "night"
"""Runs that hold this step wait for each other in Dagster's queue: dagster.yaml gives every pool a limit of one.

Where one Dagster serves several workspaces, each has a pool of its own beneath this name (`location.pool_of`).
"""


class NightConfig(dg.Config):
    """What a run may say about its night; `as_of` is an ISO instant or date, default when the run was created.

    With both `window_from` and `window_to` (company days) it is a backfill of these days, at the published as_of.

    `forward_only` is for clocks: a tick that comes late must not take readers back before what is published.
    """

    as_of: str | None = None
    full_refresh: bool = False
    window_from: str | None = None
    window_to: str | None = None
    forward_only: bool = False


class LogProgress:
    """Progress as lines of the run's log, for runs that nobody watches in a terminal."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log

    def step(self, name: str) -> None:
        """A step began."""
        self._log.info(name)

    def advance(self, done: int, total: int) -> None:
        """Nothing: a log is not a bar."""


def night_assets(
    workspace: Workspace, assets: NightAssets, progress: Progress | None, pool: str = POOL
) -> dg.AssetsDefinition:
    """All of a night's assets and their checks: one step that runs one night, in this pool."""

    @dg.multi_asset(
        name=NIGHT_OP,
        specs=assets.specs,
        check_specs=assets.check_specs,
        can_subset=True,
        pool=pool,
        description="One night: land what is new, rebuild what it touches, check it, publish it.",
    )
    def night(context: dg.AssetExecutionContext, config: NightConfig) -> Results:
        from pipelines.night.run import run_night  # what a night needs is not needed to show one

        schedule = None
        try:
            settings = workspace.settings()
            schedule = None if progress else settings.schedule
            request = _request(context, config, workspace, settings, assets)
            outcome = run_night(request, settings, progress or LogProgress(context.log))
        except Exception as error:
            if isinstance(error, BlockedError):
                yield from blocked_results(recorded_night(workspace), context, assets)
            end_run(error, schedule, context.log)
        yield from published_results(outcome, context, assets, workspace)

    return night


def _request(
    context: dg.AssetExecutionContext,
    config: NightConfig,
    workspace: Workspace,
    settings: Settings,
    assets: NightAssets,
) -> "NightRequest":
    from pipelines.night.backfill import parse_window
    from pipelines.night.run import NightRequest

    created = created_at(context)
    as_of = parse_as_of(config.as_of, settings.company.timezone) if config.as_of else created
    if config.forward_only:
        as_of = _not_before_published(as_of, created, workspace)
    only = _selection(context, assets)
    window = parse_window(config.window_from, config.window_to)
    return NightRequest(workspace, as_of, created, context.run.run_id, config.full_refresh, only=only, window=window)


def _not_before_published(as_of: datetime, created: datetime, workspace: Workspace) -> datetime:
    """The published `as_of` when that is later; unless it lies in the future, where only a mistake can have put it."""
    from pipelines.night.publication import read_publication

    published = current_generation(workspace)
    if published is None:
        return as_of
    stands = read_publication(published)[0]["as_of"]
    assert isinstance(stands, datetime)
    return stands if as_of < stands <= created else as_of


def created_at(context: dg.AssetExecutionContext) -> datetime:
    """When the run was created, as Dagster recorded it: nothing below the command line asks for the time."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        raise dg.Failure(
            f"Run {context.run.run_id} is not recorded in DAGSTER_HOME ({context.instance.root_directory}): "
            "start it with that DAGSTER_HOME, as `touchline dev` does.",
            allow_retries=False,
        )
    created: datetime = record.create_timestamp
    return created.astimezone(UTC)


def _selection(context: dg.AssetExecutionContext, assets: NightAssets) -> frozenset[str] | None:
    """The selected tables; None for all, also when what was landed is selected: every table stands on it."""
    selected = frozenset(assets.name_of(key) for key in context.selected_asset_keys)
    return selected if selected <= assets.tables and selected != assets.tables else None
