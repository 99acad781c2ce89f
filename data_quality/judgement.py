"""What the last good night says about tonight: the gates of volume, units, empty columns and silent sources.

Only what is new is judged: the newest rows of a source against the newest rows that were published, and the days since
then against the same weekdays before. Rebuilt history is therefore never judged, nor is a first night, a young source
or a small slice. Thresholds are in `quality:` of the settings; docs/quality.md has the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from data_quality.contract_suites import judged_specs
from data_quality.expected import Expected, Fact, Suite
from data_quality.new_words import new_words_suite
from data_quality.newest_expected import newest_suite
from data_quality.newest_rows import columns_of_both
from models.settings import Quality, Settings
from models.tables import Severity, TableSpec
from sql.quoting import literal

_USUAL_DAYS = Path(__file__).with_name("usual_days.sql")
_ACTIVITIES = "core.latest_activities"


def has_history(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a last good night is attached as `previous`, and tonight does not speak of an earlier instant."""
    attached = connection.execute("select count(*) from duckdb_databases() where database_name = 'previous'").fetchone()
    if attached != (1,):
        return False
    later = connection.execute(
        "select now.as_of >= before.as_of from core.parameter as now cross join previous.core.parameter as before"
    ).fetchone()
    return later == (True,)


def fewest_rows(connection: duckdb.DuckDBPyConnection, quality: Quality, specs: Iterable[TableSpec]) -> dict[str, int]:
    """Rows that each table must keep of those of the last good night; small tables may do what they like."""
    if quality.low_volume.severity == "off":
        return {}
    judged = {spec.table for spec in judged_specs(specs)}
    found = connection.execute(
        "select schema_name || '.' || table_name, estimated_size from duckdb_tables() where database_name = 'previous'"
    ).fetchall()
    share = quality.low_volume.share
    return {
        table: round(rows * share) for table, rows in found if table in judged and rows * share >= quality.newest_rows
    }


def judgement_suites(
    connection: duckdb.DuckDBPyConnection, settings: Settings, specs: Iterable[TableSpec]
) -> list[Suite]:
    """All gates of tonight; `connection` stands in the build and has the last good night attached as `previous`."""
    quality = settings.quality
    records = [spec for spec in specs if _is_record(spec)]
    both = columns_of_both(connection)
    suites = [newest_suite(connection, quality, spec, both) for spec in records]
    if quality.new_words.severity != "off":
        suites += [new_words_suite(connection, quality, spec, both) for spec in records]
    if quality.low_volume.severity != "off":
        suites.append(_volume_suite(connection, quality))
    if quality.stale_source.severity != "off":
        suites.append(_freshness_suite(connection, settings))
    return [suite for suite in suites if suite.expected]


def _is_record(spec: TableSpec) -> bool:
    return spec.table.startswith("core.latest_")


def _volume_suite(connection: duckdb.DuckDBPyConnection, quality: Quality) -> Suite:
    """Working days since the last good night, each source's against the median of the same weekdays before."""
    found = connection.execute(_USUAL_DAYS.read_text(encoding="utf-8")).fetchall()
    expected = tuple(
        _usual_volume(quality, source, day, usual)
        for source, day, usual in found
        if usual >= quality.low_volume.min_rows
    )
    days = ", ".join(f"date {literal(day)}" for day in sorted({day.isoformat() for _, day, _ in found}))
    rows = (
        "select a.source, a.activity_date from crm.core.latest_activities as a cross join crm.core.parameter as p"
        f" where a.activity_date in ({days}) and a.is_deleted is not true and a.occurred_at <= p.as_of"
    )
    about = "Each source's working days since the last good night, against the same weekday of the eight weeks before."
    title = f"{_ACTIVITIES}: working days since the last good night"
    return Suite(_ACTIVITIES, title, rows, expected, about, of_history=True)


def _usual_volume(quality: Quality, source: str, day: date, usual: float) -> Expected:
    low = usual * quality.low_volume.share
    return Expected(
        f"expect_volume_{source}_{day:%Y_%m_%d}",
        Severity(quality.low_volume.severity),
        f"{source}, {day:%A} {day}: at least {low:,.0f} activities, usually {usual:,.0f}",
        f"{source}, {day:%A} {day}: {{found}} activities, usually {usual:,.0f}: is an export incomplete? Deliver what is"
        " missing, and the next run restates the day. If it was a quiet day, do nothing",
        f"count(*) filter (where source = {literal(source)} and activity_date = date {literal(day.isoformat())})",
        Fact.NUMBER,
        low=math.ceil(low),
    )


def _freshness_suite(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Suite:
    """How many hours before as_of the newest activity of each source lies."""
    own = {source.name: source.fresh_within_hours for source in settings.sources if source.fresh_within_hours}
    found = connection.execute(f"select distinct source from {_ACTIVITIES} order by source").fetchall()
    expected = tuple(
        _fresh(settings.quality, source, own.get(source) or settings.quality.fresh_within_hours) for (source,) in found
    )
    rows = (
        "select a.source, date_diff('hour', max(a.occurred_at), p.as_of) as hours_since_newest"
        " from crm.core.latest_activities as a cross join crm.core.parameter as p"
        " where a.is_deleted is not true and a.occurred_at <= p.as_of group by a.source, p.as_of"
    )
    about = "How old the newest activity of each source is, against fresh_within_hours of the settings."
    return Suite(_ACTIVITIES, f"{_ACTIVITIES}: sources that deliver", rows, expected, about, of_history=True)


def _fresh(quality: Quality, source: str, limit: int) -> Expected:
    return Expected(
        f"expect_fresh_{source}",
        Severity(quality.stale_source.severity),
        f"{source}: the newest activity is at most {limit:,} hours old",
        f"{source} is silent: its newest activity is {{found}} hours old, at most {limit} are expected: did its export"
        " stop? Look at the job that delivers it. If it is slower by nature, raise fresh_within_hours of the source",
        f"min(hours_since_newest) filter (where source = {literal(source)})",
        Fact.NUMBER,
        high=limit,
    )
