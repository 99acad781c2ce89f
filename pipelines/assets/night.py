"""The night as assets: what each source landed, every table, and the publication they leave together.

The tables are one step, because a night is one unit: it publishes all of them or none. Whatever is selected in the
web UI, that step runs a night for the selection and reports tables only after they are published.

No `from __future__ import annotations` here: Dagster reads the classes of a step's parameters.
"""

from datetime import UTC, datetime
from typing import Protocol

import dagster as dg

from models.errors import BlockedError
from models.settings import Settings
from pipelines.assets.night_results import Results, blocked_results, published_results
from pipelines.assets.table_specs import NightTables, landing_key, name_of
from pipelines.instants import parse_as_of
from pipelines.night.landing import land_sources
from pipelines.night.run import NightRequest, run_night
from pipelines.workspace import Workspace, last_night

NIGHT_OP = "night"


class NightProgress(Protocol):
    """Who is told how far the night is."""

    def step(self, name: str) -> None:
        """A step began."""

    def advance(self, done: int, total: int) -> None:
        """So much of it is done."""


class NightConfig(dg.Config):
    """What a run may say about its night; `as_of` is an ISO instant or date, default when the run was created."""

    as_of: str | None = None
    full_refresh: bool = False


class LogProgress:
    """Progress as lines of the run's log, for runs that nobody watches in a terminal."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log

    def step(self, name: str) -> None:
        """A step began."""
        self._log.info(name)

    def advance(self, done: int, total: int) -> None:
        """Nothing: a log is not a bar."""


def landing_assets(workspace: Workspace, settings: Settings) -> dg.AssetsDefinition:
    """One asset a source: what it delivered, kept as it came."""
    kinds = {source.name: source.kind for source in settings.sources}
    specs = [
        dg.AssetSpec(landing_key(name), group_name="landing", kinds={"file"}, description=f"Files of {name} ({kind}).")
        for name, kind in kinds.items()
    ]

    @dg.multi_asset(name="landing", specs=specs)
    def landing() -> Results:
        counts = land_sources(workspace.home, workspace.settings())
        for name in kinds:
            yield dg.MaterializeResult(asset_key=landing_key(name), metadata={"files": counts.get(name, 0)})

    return landing


def night_assets(workspace: Workspace, tables: NightTables, progress: NightProgress | None) -> dg.AssetsDefinition:
    """All tables, their checks and the publication: one step that runs one night."""

    @dg.multi_asset(name=NIGHT_OP, specs=tables.specs, check_specs=tables.check_specs, can_subset=True)
    def night(context: dg.AssetExecutionContext, config: NightConfig) -> Results:
        settings = workspace.settings()
        request = NightRequest(
            home=workspace.home,
            as_of=_as_of(context, config, settings),
            full_refresh=config.full_refresh,
            run_id=context.run_id,
            only=_selection(context, tables),
        )
        try:
            outcome = run_night(request, settings, progress or LogProgress(context.log))
        except BlockedError as error:
            yield from blocked_results(last_night(workspace), context, tables)
            raise dg.Failure(str(error), metadata={"remedy": error.remedy}, allow_retries=False) from error
        yield from published_results(outcome, context, tables)

    return night


def _as_of(context: dg.AssetExecutionContext, config: NightConfig, settings: Settings) -> datetime:
    """What the run says, else when it was created: a run that is looked at again is still of the same instant."""
    if config.as_of is not None:
        return parse_as_of(config.as_of, settings.company.timezone)
    record = context.instance.get_run_record_by_id(context.run_id)
    if record is None:
        raise dg.Failure(f"Run {context.run_id} is not recorded: say as_of in its config.", allow_retries=False)
    created: datetime = record.create_timestamp
    return created.astimezone(UTC)


def _selection(context: dg.AssetExecutionContext, tables: NightTables) -> frozenset[str] | None:
    """The selected tables; None for all of them."""
    selected = frozenset(name_of(key) for key in context.selected_asset_keys)
    return None if selected >= tables.names else selected
