"""How a workspace stands: the published `ops` and `quarantine` tables, the nights' own records, the disk.

Never Dagster: its history is for its web UI, and reading it costs seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import SettingsError, TouchlineError
from models.personal import masked_name
from pipelines.night.disk import DiskUse, disk_use
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    from pipelines.night.history import PastNight
    from pipelines.night.outcome import NightOutcome

Rows = list[dict[str, Any]]
NIGHTS = 7


@dataclass(frozen=True)
class Build:
    """What a database of ours says of itself; the lists are rows as dictionaries, newest or largest first.

    `checks` has one row a severity, with how many passed and failed; `sources` say how old their newest event is.
    """

    publication: dict[str, Any] = field(default_factory=dict)
    sources: Rows = field(default_factory=list)
    accounting: Rows = field(default_factory=list)
    loads: Rows = field(default_factory=list)
    quarantine: Rows = field(default_factory=list)
    restated: Rows = field(default_factory=list)
    checks: Rows = field(default_factory=list)
    failed_checks: Rows = field(default_factory=list)
    refused: Rows = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """What is published, the nights, the build that a check stopped (if the last night's was), the disk."""

    published: Build
    last_night: NightOutcome | None
    nights: list[PastNight]
    failed_build: Build | None
    failed_folder: Path | None
    disk: DiskUse
    settings_problem: str | None

    def to_json(self) -> dict[str, Any]:
        """The same for programs; the sections of what is published stand at the top."""
        others = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "published"}
        return {**asdict(self.published), **{name: _plain(value) for name, value in others.items()}}


def _plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


_SUMS = ", ".join(
    f"sum(rows_{part})::bigint as rows_{part}"
    for part in ("read", "accepted", "duplicate", "superseded", "quarantined", "ignored", "erased")
)
_PUBLICATION = "select * from ops.publication"
_SOURCES = """
    select source.source, source.kind, source.newest_event_at, source.last_load_at,
        date_diff('minute', source.newest_event_at, publication.as_of) / 60 as newest_event_age_hours
    from ops.source as source cross join ops.publication as publication order by source.source
"""
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
_CHECKS = """
    select severity, count(*) filter (where passed) as passed, count(*) filter (where not passed) as failed
    from ops.check_result group by severity order by severity
"""
_RESTATED = """
    select r.generation, r.table_name, r.cause, r.load_id, l.file_name, count(*) as cells
    from ops.restatement as r left join ops.load as l on r.load_id = l.load_id
    group by all order by r.generation desc, cells desc, r.table_name, r.load_id limit 8
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
    """All of it; before the first publication only the nights and the disk."""
    from pipelines.night.history import read_nights
    from pipelines.night.outcome import read_outcome

    last_night = read_outcome(workspace.last_night)
    folder = failed_folder(workspace, last_night)
    limits, problem = _freshness_limits(workspace)
    return Standing(
        published=_read_build(workspace, workspace.published_file, limits),
        last_night=last_night,
        nights=read_nights(workspace, NIGHTS),
        failed_build=_read_build(workspace, folder / "crm.duckdb", limits) if folder else None,
        failed_folder=folder,
        disk=disk_use(workspace),
        settings_problem=problem,
    )


def failed_folder(workspace: Workspace, last_night: NightOutcome | None) -> Path | None:
    """The build that a check stopped, when it was the last night's: a later one makes it history."""
    if last_night is None or last_night.status != "blocked" or not workspace.failed.is_dir():
        return None
    return next((folder for folder in sorted(workspace.failed.iterdir()) if (folder / "crm.duckdb").is_file()), None)


def _freshness_limits(workspace: Workspace) -> tuple[dict[str, int], str | None]:
    """Hours by source, the strictest where several entries share a name; and why the settings cannot be read."""
    try:
        settings = workspace.settings()
    except SettingsError as error:
        return {}, str(error)
    limits: dict[str, int] = {}
    for source in settings.sources:
        hours = source.fresh_within_hours or settings.quality.fresh_within_hours
        limits[source.name] = min(hours, limits.get(source.name, hours))
    return limits, None


def _read_build(workspace: Workspace, file: Path, limits: dict[str, int]) -> Build:
    if not file.exists():
        return Build()
    from sql.warehouse import open_published

    connection = open_published(file.resolve())
    try:
        publication = _rows(connection, _PUBLICATION)
        return Build(
            publication=publication[0] if publication else {},
            sources=[_with_freshness(row, limits.get(row["source"])) for row in _rows(connection, _SOURCES)],
            accounting=_rows(connection, _ACCOUNTING),
            loads=_rows(connection, _LOADS),
            quarantine=_rows(connection, _QUARANTINE),
            checks=_rows(connection, _CHECKS),
            restated=_rows(connection, _RESTATED),
            failed_checks=_rows(connection, _FAILED_CHECKS),
            refused=[row for row in _rows(connection, _REFUSED) if _in_inbox(workspace, row)],
        )
    finally:
        connection.close()


def _with_freshness(source: dict[str, Any], limit: int | None) -> dict[str, Any]:
    age = source["newest_event_age_hours"]
    is_stale = None if limit is None or age is None else age > limit
    return {**source, "fresh_within_hours": limit, "is_stale": is_stale}


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    import duckdb

    try:
        result = connection.execute(sql)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise TouchlineError(
            f"The published file is not of this version: {str(error).splitlines()[0]}",
            "Publish it anew: touchline run --full-refresh",
        ) from None
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _in_inbox(workspace: Workspace, load: dict[str, Any]) -> bool:
    """Whether a file of that name still lies below its source's folder."""
    folders = (workspace.home, workspace.inbox, workspace.inbox / str(load["source"]))
    found = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
    return any(masked_name(path.name) == load["file_name"] and path.is_file() for path in found)
