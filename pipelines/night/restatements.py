"""What tonight moved of what was already published, told in ops.restatement and in the night's notes."""

from __future__ import annotations

import duckdb

from pipelines.night.plan import Plan
from sql.restatements import Restated, restate

_TOLD_LOADS = 3


def restate_past(connection: duckdb.DuckDBPyConnection, plan: Plan, generation: int) -> tuple[int, list[str]]:
    """How many cells of past periods moved, and what to tell the user; nothing on a first night."""
    if plan.previous is None:
        return 0, []
    restated = restate(
        connection,
        plan.catalogue.specs().values(),
        generation,
        windows=not plan.is_full,
        other_settings=plan.published["fingerprint"] != plan.fingerprint,
    )
    return sum(restated.cells.values()), _notes(connection, restated, generation)


def _notes(connection: duckdb.DuckDBPyConnection, restated: Restated, generation: int) -> list[str]:
    if not restated.cells:
        return []
    names = dict(connection.execute("select load_id, source || '/' || file_name from ops.load").fetchall())
    movers = [f"{count:,} by {_mover(load_id, names)}" for load_id, count in restated.cells.items()]
    told = "; ".join(movers[:_TOLD_LOADS]) + (f"; {len(movers) - _TOLD_LOADS} more" if movers[_TOLD_LOADS:] else "")
    query = f'touchline query "select * from ops.restatement where generation = {generation}"'
    notes = [f"{sum(restated.cells.values()):,} published figures of past periods moved ({told}): {query}"]
    for table, count in restated.unlisted.items():
        notes.append(f"{table}: {count:,} more cells of older periods moved than ops.restatement lists.")
    return notes


def _mover(load_id: str | None, names: dict[str, str]) -> str:
    return f"{names[load_id]} ({load_id})" if load_id is not None else "no load, see its column cause"
