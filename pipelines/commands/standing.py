"""How a workspace stands: the published `ops` and `quarantine` tables, the nights' own records, the disk.

Never Dagster: its history is for its web UI, and reading it costs seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import SettingsError
from pipelines.commands.failed_build import last_failed_night
from pipelines.commands.fetching import Rows, fetch
from pipelines.commands.quarantined import Choice, refused_files, still_in_inbox
from pipelines.night.disk import DiskUse, disk_use
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    from models.settings import Settings
    from pipelines.night.copying import CopyStanding
    from pipelines.night.history import PastNight
    from pipelines.night.outcome import NightOutcome
    from pipelines.night.pace import SlowNight

NIGHTS = 7


@dataclass(frozen=True)
class Build:
    """What a database of ours says of itself; the lists are rows as dictionaries, newest or largest first.

    `night` is the accounting of the generation's own loads, without an entity; `columns` are those that files no longer have, and those that nothing reads and that look like a field.

    `checks` has one row a severity, with how many passed and failed; `sources` say how old their newest event is.
    """

    publication: dict[str, Any] = field(default_factory=dict)
    sources: Rows = field(default_factory=list)
    accounting: Rows = field(default_factory=list)
    night: dict[str, Any] = field(default_factory=dict)
    loads: Rows = field(default_factory=list)
    quarantine: Rows = field(default_factory=list)
    restated: Rows = field(default_factory=list)
    checks: Rows = field(default_factory=list)
    failed_checks: Rows = field(default_factory=list)
    refused: Rows = field(default_factory=list)
    columns: Rows = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """What is published, the nights, the build that a check stopped (if the last night's was), the disk.

    `slow` is there when the last published night took clearly longer than usual, `copied` when the settings ask for a copy
    elsewhere and a night tried it.
    """

    published: Build
    last_night: NightOutcome | None
    nights: list[PastNight]
    slow: SlowNight | None
    failed_build: Build | None
    failed_folder: Path | None
    disk: DiskUse
    settings_problem: str | None
    report: Path | None = None
    copied: CopyStanding | None = None

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
_NIGHT = f"""
    select {_SUMS} from ops.load_accounting
    where load_id like (select format('{{:06d}}-%', generation) from ops.publication) having count(*) > 0
"""
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
_COLUMNS = """
    select source, entity, object, column_name, state, feeds, looks_like, proposal, rows_not_supplied
    from ops.source_column
    where (state = 'missing' and missing_load_id is not null) or (state = 'kept' and proposal is not null)
    order by source, entity, object, state desc, column_name limit 12
"""
_FAILED_CHECKS = """
    select * from ops.check_result where not passed order by severity, table_name, check_name
"""


def read_standing(workspace: Workspace) -> Standing:
    """All of it; before the first publication only the nights and the disk."""
    from pipelines.night.copying import read_copy_standing
    from pipelines.night.history import KEPT, read_nights
    from pipelines.night.outcome import read_outcome
    from pipelines.night.pace import slow_night

    failed = last_failed_night(workspace)
    database = failed.database if failed else None
    settings, problem = _settings(workspace)
    nights, report = read_nights(workspace, KEPT), workspace.published_file.parent / "report" / "index.html"
    return Standing(
        published=_read_build(workspace, workspace.published_file, settings),
        last_night=read_outcome(workspace.last_night),
        nights=nights[:NIGHTS],
        slow=slow_night(nights),
        failed_build=_read_build(workspace, database, settings) if database else None,
        failed_folder=database.parent if database else None,
        disk=disk_use(workspace),
        settings_problem=problem,
        report=report if report.exists() else None,
        copied=read_copy_standing(workspace, settings) if settings else None,
    )


def _settings(workspace: Workspace) -> tuple[Settings | None, str | None]:
    """The settings, or why they cannot be read: what is published stands all the same."""
    try:
        return workspace.settings(), None
    except SettingsError as error:
        return None, str(error)


def _freshness_limits(settings: Settings | None) -> dict[str, int]:
    """Hours by source, the strictest where several entries share a name."""
    limits: dict[str, int] = {}
    if settings is None:
        return limits
    for source in settings.sources:
        hours = source.fresh_within_hours or settings.quality.fresh_within_hours
        limits[source.name] = min(hours, limits.get(source.name, hours))
    return limits


def _read_build(workspace: Workspace, file: Path, settings: Settings | None) -> Build:
    if not file.exists():
        return Build()
    from sql.warehouse import open_published

    limits = _freshness_limits(settings)
    connection = open_published(file.resolve())
    try:
        publication, refused = fetch(connection, _PUBLICATION), refused_files(connection, Choice())
        night = fetch(connection, _NIGHT)
        return Build(
            publication=publication[0] if publication else {},
            sources=[_with_freshness(row, limits.get(row["source"])) for row in fetch(connection, _SOURCES)],
            accounting=fetch(connection, _ACCOUNTING),
            night=night[0] if night else {},
            loads=fetch(connection, _LOADS),
            quarantine=fetch(connection, _QUARANTINE),
            checks=fetch(connection, _CHECKS),
            restated=fetch(connection, _RESTATED),
            failed_checks=fetch(connection, _FAILED_CHECKS),
            columns=fetch(connection, _COLUMNS) if _knows_columns(connection) else [],
            refused=still_in_inbox(workspace, settings, refused) if settings else refused,
        )
    finally:
        connection.close()


def _knows_columns(connection: duckdb.DuckDBPyConnection) -> bool:
    """False for a generation of an earlier version."""
    found = "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'source_column'"
    return connection.execute(found).fetchone() is not None


def _with_freshness(source: dict[str, Any], limit: int | None) -> dict[str, Any]:
    age = source["newest_event_age_hours"]
    is_stale = None if limit is None or age is None else age > limit
    return {**source, "fresh_within_hours": limit, "is_stale": is_stale}
