"""Builds the catalogue's tables inside a generation, in their order, whole or by the windows that tonight touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from models.tables import WriteMode
from pipelines.night.generation import Generation
from sql.build import BuildResult, build_table, existing_kinds
from sql.catalog import Catalogue, Model
from sql.reference import create_reference_table
from sql.side_by_side import LANES, side_by_side

if TYPE_CHECKING:
    from sql.engines.spark import SparkEngine

CARRIED = (
    "ops.load",
    "ops.load_accounting",
    "ops.conflict",
    "ops.restatement",
    "ops.source_cursor",
    "ops.operator_order",
    "ops.alert_transition",
    "ops.alert_evaluation",
    "marts.alerts",
    "quarantine.rejected",
)

_DIRTY_DAY = "staging.dirty_day"
_DIRTY_ACTIVITY = "staging.dirty_activity"
"""Read by the tables of days only; of another night, which holds little, also by what must add up."""

MANY_ACTIVITIES = 5_000_000
"""In a full build: from so many on a table keeps all cores busy by itself, and two at a time only add up what they hold in memory."""


@dataclass(frozen=True)
class Window:
    """Company days whose rows are replaced, both ends included."""

    first: date
    last: date


def carry_ledger(connection: duckdb.DuckDBPyConnection, previous: Generation) -> None:
    """A full build keeps what earlier nights judged: loads, accounting, conflicts, restatements and rejected rows."""
    published = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'previous'"
    ).fetchall()
    for table in CARRIED:
        if (table,) not in published:
            continue  # an earlier version had no such table
        connection.execute(f"insert into {table} by name select * from previous.{table}")
    connection.execute(f"attach '{previous.private}' as previous_private (read_only)")
    connection.execute("insert into private.quarantined_row select * from previous_private.quarantined_row")
    connection.execute("detach previous_private")


def build_tables(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    is_full: bool,
    only: frozenset[str] | None,
    window: Window | None,
    advance: Callable[[int, int], None],
    engine: SparkEngine | None = None,
) -> list[BuildResult]:
    """Builds every model (or `only` those and what stands on them); in a full build the window is every day.

    A `window` replaces the days that changed tonight. Whoever asks for single tables gets every row of them.

    What stands on a table that a blocking check stopped is not built: the night is over, its reason is in the results.
    A full build holds every activity in staging.dirty_activity: it goes when the last table that reads it is made.
    An `engine` makes the tables of core and marts, those of windows in their windows: the rows are read back from there.
    Results come in the catalogue's order, though tables that do not read each other are built side by side, unless they are
    large.
    """
    for reference in catalogue.references.values():
        create_reference_table(connection, reference)
    wanted = None if only is None else only | catalogue.downstream(only)
    models = {
        model.table: model
        for model in catalogue.ordered()
        if wanted is None or model.table in wanted or _is_scratch(model)
    }
    maker = _Maker(is_full, only is not None, window, engine, existing_kinds(connection), _has_previous(connection))
    stopped: set[str] = set()

    def make(lane: duckdb.DuckDBPyConnection, table: str) -> BuildResult | None:
        return None if table in stopped else maker.make(lane, models[table])

    results: dict[str, BuildResult] = {}
    before = {table: catalogue.before(table) & models.keys() for table in models}
    if maker.days_are_told and _DIRTY_DAY in before:
        before[_DIRTY_DAY] &= {"core.dim_date"}
    readers = {table for table, reads in before.items() if _DIRTY_ACTIVITY in reads}
    lanes = 1 if is_full and engine is None and _activities(connection) >= MANY_ACTIVITIES else LANES
    for done, (table, result) in enumerate(side_by_side(connection, before, make, lanes), start=1):
        advance(done, len(models))
        if result is not None:
            results[table] = result
            stopped |= set() if result.committed else catalogue.downstream({table})
        if is_full and readers:
            readers.discard(table)
            if not readers:
                connection.execute(f"drop table if exists {_DIRTY_ACTIVITY}")
    return [results[table] for table in models if table in results]


@dataclass(frozen=True)
class _Maker:
    """How tonight makes a table; `existing` are the kinds of tables that stand already."""

    is_full: bool
    is_partial: bool
    window: Window | None
    engine: SparkEngine | None
    existing: Mapping[str, str]
    has_previous: bool

    @property
    def days_are_told(self) -> bool:
        """Then nothing is compared to find the days."""
        return self.is_full or self.is_partial or self.window is not None

    def make(self, lane: duckdb.DuckDBPyConnection, model: Model) -> BuildResult | None:
        """Makes the table; None for one that is no model's tonight."""
        if model.table == _DIRTY_DAY and self.days_are_told:
            _write_days(lane, self.window)
            return None
        if model.table == "staging.dirty_scope_period" and (self.is_full or self.is_partial):
            _write_periods(lane)
            return None
        if model.table == _DIRTY_ACTIVITY and self.is_full and self.engine is not None:
            return None  # made there, and not here
        if model.query.reads_previous and not self.has_previous:
            return None
        is_window = model.spec.write is WriteMode.WINDOW
        if self.engine is not None and self.engine.makes(model):
            model = self.engine.make(lane, model, is_window and not self.is_full)
        return build_table(lane, model, WriteMode.REBUILD if is_window and self.is_full else None, self.existing)


def _activities(connection: duckdb.DuckDBPyConnection) -> int:
    (found,) = connection.execute("select count(*) from core.latest_activities").fetchone() or (0,)
    return int(found)


def _has_previous(connection: duckdb.DuckDBPyConnection) -> bool:
    """False on a first night: then there is nothing that tonight could differ from."""
    asked = "select 1 from duckdb_databases() where database_name = 'previous'"
    return connection.execute(asked).fetchone() is not None


def _write_days(connection: duckdb.DuckDBPyConnection, window: Window | None) -> None:
    """staging.dirty_day with the window's days; every day of the calendar without one."""
    inside = "" if window is None else "where date_day between ? and ?"
    connection.execute(
        f"create or replace table staging.dirty_day as select date_day as activity_date from core.dim_date {inside}",
        [] if window is None else [window.first, window.last],
    )


def _write_periods(connection: duckdb.DuckDBPyConnection) -> None:
    """staging.dirty_scope_period with every period."""
    connection.execute(
        "create or replace table staging.dirty_scope_period as"
        " select period_grain, period_start from core.fct_scope_period"
        " union select 'month', period_start from marts.team_turnover_monthly"
    )


def _is_scratch(model: Model) -> bool:
    """Staging lives only while the night runs, so every night makes it."""
    return model.spec.schema_name == "staging"
