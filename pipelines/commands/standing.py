"""How a workspace stands: read from the published `ops` and `quarantine` tables and the last night's own record.

Never Dagster: its history is for its web UI, and reading it costs seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from models.errors import TouchlineError
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    from pipelines.night.outcome import NightOutcome

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Standing:
    """What stands; the lists are rows as dictionaries, newest or largest first."""

    publication: dict[str, Any]
    last_night: NightOutcome | None
    sources: Rows
    accounting: Rows
    loads: Rows
    quarantine: Rows
    failed_checks: Rows
    refused: Rows

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**found, "last_night": self.last_night.to_json() if self.last_night else None}


_SUMS = ", ".join(
    f"sum(rows_{part})::bigint as rows_{part}"
    for part in ("read", "accepted", "duplicate", "superseded", "quarantined", "ignored", "erased")
)
_PUBLICATION = "select * from ops.publication"
_SOURCES = "select source, kind, newest_event_at, last_load_at from ops.source order by source"
_ACCOUNTING = f"select source, entity, {_SUMS} from ops.load_accounting group by all order by all"
_LOADS = """
    select landed_at, source, entity, file_name, status, reason
    from ops.load order by landed_at desc, source, file_name, entity limit 8
"""
_QUARANTINE = """
    select source, entity, field, rule, count(distinct rejected_id) as rows
    from quarantine.rejected where replayed_at is null and discarded_at is null
    group by all order by rows desc, source, entity, field, rule limit 12
"""
_FAILED_CHECKS = """
    select * from ops.check_result where not passed order by severity, table_name, check_name
"""
_REFUSED = """
    select source, entity, file_name, reason, remedy, landed_at from ops.load
    qualify row_number() over (partition by source, file_name order by landed_at desc, load_id desc) = 1
        and status = 'refused' and discarded_at is null
    order by source, file_name
"""


def read_standing(workspace: Workspace) -> Standing:
    """All of it; before the first publication only the last night, if there was one."""
    from pipelines.night.outcome import read_outcome

    last_night = read_outcome(workspace.last_night)
    if not workspace.published_file.exists():
        return Standing({}, last_night, [], [], [], [], [], [])
    from sql.warehouse import open_published

    connection = open_published(workspace.published_file.resolve())
    try:
        publication = _rows(connection, _PUBLICATION)
        return Standing(
            publication=publication[0] if publication else {},
            last_night=last_night,
            sources=_rows(connection, _SOURCES),
            accounting=_rows(connection, _ACCOUNTING),
            loads=_rows(connection, _LOADS),
            quarantine=_rows(connection, _QUARANTINE),
            failed_checks=_rows(connection, _FAILED_CHECKS),
            refused=[row for row in _rows(connection, _REFUSED) if _in_inbox(workspace, row)],
        )
    finally:
        connection.close()


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    import duckdb

    try:
        result = connection.execute(sql)
    except duckdb.CatalogException as error:
        raise TouchlineError(
            f"The published file is not of this version: {str(error).splitlines()[0]}",
            "Publish it anew: touchline run --full-refresh",
        ) from None
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _in_inbox(workspace: Workspace, load: dict[str, Any]) -> bool:
    """Whether a file of that name still lies below its source's folder."""
    name = str(load["file_name"])
    places = (workspace.home / name, workspace.inbox / name, workspace.inbox / str(load["source"]) / name)
    return any(place.is_file() for place in places)
