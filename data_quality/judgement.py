"""What the last good night says about tonight: the gates of volume, units, empty columns and silent sources.

Only what is new is judged: the newest rows of a source against the newest rows that were published, and the days since
then against the same weekdays before. Rebuilt history is therefore never judged, nor is a first night, a young source
or a small slice. Thresholds are in `quality:` of the settings; docs/quality.md has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_quality.contract_suites import judged_specs
from data_quality.expected import Expected, Question, Suite
from models.settings import Quality, Settings
from models.tables import Column, Severity, TableSpec
from sql.quoting import identifier, literal, qualified

BASELINE_TIMES = 20
"""The last good night is asked for this many times the newest rows: one odd delivery does not make the usual."""
USUALLY_FILLED = 0.5
"""Columns that were filled less often than this are too sparse to be missed."""
_USUAL_DAYS = Path(__file__).with_name("usual_days.sql")
_SLICES = ("channel", "currency", "metric", "category", "period_grain")
_FILLED_LATE = frozenset(
    {
        "activities.ended_at",
        "contracts.cancelled_date",
        "contracts.end_date",
        "contracts.renewed_by_contract_id",
        "leads.account_id",
        "leads.contact_id",
        "leads.converted_at",
        "leads.opportunity_id",
        "opportunities.closed_at",
        "opportunities.is_won",
        "reps.termination_date",
        "reps.termination_kind",
        "time_off.end_date",
    }
)
"""Filled when something ends: that the newest records lack them says nothing."""
_UNITS = ("BIGINT", "DECIMAL(18,4)")
"""Types of durations and amounts."""


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
    suites = [suite for spec in specs if _is_record(spec) for suite in _newest_suites(connection, quality, spec)]
    if quality.low_volume.severity != "off":
        suites += _volume_suites(connection, quality)
    if quality.stale_source.severity != "off":
        suites += _freshness_suites(connection, settings)
    return suites


def _is_record(spec: TableSpec) -> bool:
    return spec.table.startswith("core.latest_")


@dataclass(frozen=True)
class _Slice:
    """The newest rows of one source, and one channel or currency where the records have them."""

    spec: TableSpec
    values: tuple[str | None, ...]
    rows: int
    filled: dict[str, int]
    medians: dict[str, float]

    @property
    def source(self) -> str:
        """Who delivered it."""
        return str(self.values[0])

    @property
    def entity(self) -> str:
        """`activities` of core.latest_activities."""
        return self.spec.name.removeprefix("latest_")

    @property
    def words(self) -> str:
        """`crm activities call`, as a message begins."""
        return " ".join([self.source, self.entity, *(value for value in self.values[1:] if value)])


def _newest_suites(connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec) -> Iterator[Suite]:
    known = _columns_of_previous(connection, spec)
    columns = [column for column in spec.columns if _is_judged(column) and column.name in known]
    if not columns or not known.issuperset(_slice_columns(spec)):
        return
    before = {each.values: each for each in _slices(connection, quality, spec, columns, "previous", BASELINE_TIMES)}
    for now in _slices(connection, quality, spec, columns, "crm", 1):
        usual = before.get(now.values)
        if usual is None or min(now.rows, usual.rows) < quality.newest_rows:
            continue
        expected = tuple(_newest_expected(quality, columns, now, usual))
        if expected:
            rows = _newest_rows(spec, columns, "crm", quality.newest_rows, now.values)
            yield Suite(spec.table, f"{spec.table}: newest {now.words}", rows, expected, keep=True)


def _is_judged(column: Column) -> bool:
    return not (column.required or column.name.startswith("_") or column.name in (*_SLICES, "is_deleted"))


def _columns_of_previous(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> set[str]:
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'previous' and schema_name = ? and table_name = ?",
        [spec.schema_name, spec.name],
    ).fetchall()
    return {str(name) for (name,) in found}


def _slice_columns(spec: TableSpec) -> list[str]:
    return ["source", *(column.name for column in spec.columns if column.name in _SLICES)]


def _newest_rows(
    spec: TableSpec, columns: Sequence[Column], database: str, count: int, values: Sequence[str | None] | None = None
) -> str:
    """The rows that changed last, `count` a slice (of one slice when its values are given): by the instant that the
    source says, else by when they landed; equal ones in an order that does not depend on where they lie."""
    slices, key = _slice_columns(spec), f"hash({identifier(spec.grain[0])})"
    table = f"{identifier(database)}.{qualified(spec.table)}"
    living = "is_deleted is not true"
    for name, value in zip(slices, values or (), strict=bool(values)):
        living += f" and {identifier(name)} is not distinct from {'null' if value is None else literal(value)}"
    order = "coalesce(epoch_us(_updated_at)::hugeint, _sequence::hugeint - 4611686018427387904)"
    newest = f"arg_max({key}, {order} * 18446744073709551616 + {key}, {count:d})"
    names = ", ".join(identifier(name) for name in [*slices, *(column.name for column in columns)])
    for column in columns:
        if column.type in _UNITS:
            names += f", nullif({identifier(column.name)}, 0)::double as {identifier(_not_zero(column.name))}"
    group = ", ".join(identifier(name) for name in slices)
    picked = f"select unnest({newest}) from {table} where {living} group by {group}"
    return f"select {names} from {table} where {living} and {key} in ({picked})"


def _not_zero(column: str) -> str:
    """The column without its zeros: unanswered calls and blank amounts have no unit."""
    return f"{column} other than 0"


def _slices(
    connection: duckdb.DuckDBPyConnection,
    quality: Quality,
    spec: TableSpec,
    columns: Sequence[Column],
    database: str,
    times: int,
) -> Iterator[_Slice]:
    slices = ", ".join(identifier(name) for name in _slice_columns(spec))
    measured = [column.name for column in columns if column.type in _UNITS]
    asked = [f"count({identifier(column.name)})" for column in columns]
    asked += [f"median({identifier(_not_zero(name))})" for name in measured]
    rows = _newest_rows(spec, columns, database, quality.newest_rows * times)
    found = connection.execute(
        f"select {slices}, count(*), {', '.join(asked)} from ({rows}) group by {slices}"
    ).fetchall()
    width = len(_slice_columns(spec))
    for row in sorted(found, key=str):
        counts, medians = row[width + 1 : width + 1 + len(columns)], row[width + 1 + len(columns) :]
        yield _Slice(
            spec,
            tuple(row[:width]),
            int(row[width]),
            {column.name: int(count) for column, count in zip(columns, counts, strict=True)},
            {name: float(median) for name, median in zip(measured, medians, strict=True) if median},
        )


def _newest_expected(quality: Quality, columns: Sequence[Column], now: _Slice, usual: _Slice) -> Iterator[Expected]:
    for column in columns:
        name, enough = column.name, quality.newest_rows / 2
        is_measured = name in usual.medians and min(now.filled[name], usual.filled[name]) >= enough
        if is_measured and quality.unit_change.severity != "off":
            yield _same_unit(quality, now, name, usual.medians[name])
        entity_column = f"{now.spec.name.removeprefix('latest_')}.{name}"
        is_filled = usual.filled[name] >= usual.rows * USUALLY_FILLED
        if (
            is_filled
            and quality.lost_column.severity != "off"
            and entity_column not in quality.lost_column.may_be_empty
        ):
            yield _still_filled(quality, now, name, usual.filled[name] / usual.rows)


def _same_unit(quality: Quality, now: _Slice, column: str, median: float) -> Expected:
    usual, factor = abs(median), quality.unit_change.factor
    return Expected(
        _name("unit", now, column),
        Question.MEDIAN,
        Severity(quality.unit_change.severity),
        f"{now.words} {column}: median {usual:,.0f} → {{found}}: did the unit change? Have the export mended, or say the"
        " new unit in the source's mapping, and run again. If it is right, publish it once with:"
        " TOUCHLINE__QUALITY__UNIT_CHANGE__SEVERITY=warn touchline run",
        _not_zero(column),
        low=min(usual / factor, median * factor),
        high=max(usual * factor, median / factor),
    )


def _still_filled(quality: Quality, now: _Slice, column: str, share: float) -> Expected:
    """Machines write activities; other records are also imported in bulk by people, who leave columns out."""
    entity = now.entity
    severity = Severity(quality.lost_column.severity) if entity == "activities" else Severity.WARN
    return Expected(
        _name("filled", now, column),
        Question.FILLED,
        severity,
        f"{now.words} {column}: filled in {share:.0%} of the last good night's rows → {{found}} of the newest {now.rows}:"
        " was the column renamed, dropped, or a permission lost? Mend the export or its mapping and run again. If it may"
        f" be empty, add {entity}.{column} to quality.lost_column.may_be_empty",
        column,
        low=share * quality.lost_column.kept_share,
    )


def _name(what: str, now: _Slice, column: str) -> str:
    words = "_".join([what, column, *(value for value in now.values if value)])
    return "expect_" + re.sub(r"[^a-z0-9]+", "_", words.lower())


def _volume_suites(connection: duckdb.DuckDBPyConnection, quality: Quality) -> Iterator[Suite]:
    """Working days since the last good night, each source's against the median of the same weekdays before."""
    found = connection.execute(_USUAL_DAYS.read_text(encoding="utf-8")).fetchall()
    for source, day, usual in found:
        if usual < quality.low_volume.min_rows:
            continue
        rows = (
            f"select a.activity_id from crm.core.latest_activities as a cross join crm.core.parameter as p"
            f" where a.source = {literal(source)} and a.activity_date = date {literal(day.isoformat())}"
            " and a.is_deleted is not true and a.occurred_at <= p.as_of"
        )
        expected = Expected(
            f"expect_volume_{source}_{day:%Y_%m_%d}",
            Question.ROWS,
            Severity(quality.low_volume.severity),
            f"{source}, {day:%A} {day}: {{found}} activities, usually {usual:,.0f}: is an export incomplete? Deliver what is"
            " missing, and the next run restates the day. If it was a quiet day, do nothing",
            low=usual * quality.low_volume.share,
        )
        yield Suite(
            "core.latest_activities", f"core.latest_activities: {source} on {day}", rows, (expected,), keep=True
        )


def _freshness_suites(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Suite]:
    """How many hours before as_of the newest activity of each source lies."""
    quality = settings.quality
    own = {source.name: source.fresh_within_hours for source in settings.sources if source.fresh_within_hours}
    found = connection.execute("select distinct source from core.latest_activities order by source").fetchall()
    for (source,) in found:
        limit = own.get(source) or quality.fresh_within_hours
        rows = (
            "select date_diff('hour', max(a.occurred_at), p.as_of) as hours_since_newest"
            " from crm.core.latest_activities as a cross join crm.core.parameter as p"
            f" where a.source = {literal(source)} and a.is_deleted is not true and a.occurred_at <= p.as_of group by p.as_of"
        )
        expected = Expected(
            f"expect_fresh_{source}",
            Question.MINIMUM,
            Severity(quality.stale_source.severity),
            f"{source} is silent: its newest activity is {{found}} hours old, at most {limit} are expected: did its export"
            " stop? Look at the job that delivers it. If it is slower by nature, raise fresh_within_hours of the source",
            "hours_since_newest",
            high=limit,
        )
        yield Suite(
            "core.latest_activities", f"core.latest_activities: freshness of {source}", rows, (expected,), keep=True
        )
