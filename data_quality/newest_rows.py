"""The newest rows of every source against the newest rows of the last good night: units that changed, columns lost.

A slice is one source, and one channel or currency where the records have them; small slices are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from data_quality.expected import Expected, Fact, Suite
from models.settings import Quality
from models.tables import Column, Severity, TableSpec
from sql.quoting import identifier, literal, qualified

BASELINE_TIMES = 20
"""The last good night is asked for this many times the newest rows: one odd delivery does not make the usual."""
USUALLY_FILLED = 0.5
"""Columns that were filled less often than this are too sparse to be missed."""
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


def newest_suite(connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec) -> Suite:
    """All slices of a kind of record; nothing is expected of one that the last good night did not know."""
    known = _columns_of_previous(connection, spec)
    columns = [column for column in spec.columns if _is_judged(column) and column.name in known]
    expected: list[Expected] = []
    if columns and known.issuperset(_slice_columns(spec)):
        for now, usual in _slices_of_both(connection, quality, spec, columns):
            expected += _newest_expected(quality, columns, now, usual)
    rows = _newest_rows(spec, columns, "crm", quality.newest_rows)
    return Suite(spec.table, f"{spec.table}: newest of each source", rows, tuple(expected))


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

    @property
    def condition(self) -> str:
        """Which of the newest rows are of this slice."""
        named = zip(_slice_columns(self.spec), self.values, strict=True)
        return " and ".join(
            f"{identifier(name)} is not distinct from {'null' if value is None else literal(value)}"
            for name, value in named
        )


def _slices_of_both(
    connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec, columns: Sequence[Column]
) -> Iterator[tuple[_Slice, _Slice]]:
    """Each slice as it is and as it was, of those that are large enough in both."""
    before = {each.values: each for each in _slices(connection, quality, spec, columns, "previous", BASELINE_TIMES)}
    for now in _slices(connection, quality, spec, columns, "crm", 1):
        usual = before.get(now.values)
        if usual is not None and min(now.rows, usual.rows) >= quality.newest_rows:
            yield now, usual


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


def _newest_rows(spec: TableSpec, columns: Sequence[Column], database: str, count: int) -> str:
    """The rows that changed last, `count` a slice: by the instant that the source says, else by when they landed;
    equal ones in an order that does not depend on where they lie."""
    slices, key = _slice_columns(spec), f"hash({identifier(spec.grain[0])})"
    table = f"{identifier(database)}.{qualified(spec.table)}"
    living = "is_deleted is not true"
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
    enough = quality.newest_rows / 2
    for name, median in usual.medians.items():
        is_measured = min(now.filled[name], usual.filled[name]) >= enough
        if is_measured and quality.unit_change.severity != "off":
            yield _same_unit(quality, now, name, median)
    may_be_empty = _FILLED_LATE.union(quality.lost_column.may_be_empty)
    filled = {
        column.name: usual.filled[column.name] / usual.rows
        for column in columns
        if usual.filled[column.name] >= usual.rows * USUALLY_FILLED
        and f"{now.entity}.{column.name}" not in may_be_empty
    }
    if filled and quality.lost_column.severity != "off":
        yield _still_filled(quality, now, filled)


def _same_unit(quality: Quality, now: _Slice, column: str, median: float) -> Expected:
    usual, factor = abs(median), quality.unit_change.factor
    low, high = min(usual / factor, median * factor), max(usual * factor, median / factor)
    return Expected(
        _name("unit", now, column),
        Severity(quality.unit_change.severity),
        f"{now.words} {column}: median from {low:,.0f} to {high:,.0f}",
        f"{now.words} {column}: median {usual:,.0f} → {{found}}: did the unit change? Have the export mended, or say the"
        " new unit in the source's mapping, and run again. If it is right, publish it once with:"
        " TOUCHLINE__QUALITY__UNIT_CHANGE__SEVERITY=warn touchline run",
        f"median({identifier(_not_zero(column))}) filter (where {now.condition})",
        Fact.NUMBER,
        low=low,
        high=high,
    )


def _still_filled(quality: Quality, now: _Slice, usual: Mapping[str, float]) -> Expected:
    """One for all columns of a slice, since they are lost together: an export that breaks is told in one sentence.

    Machines write activities; other records are also imported in bulk by people, who leave columns out.
    """
    is_written_by_machines = now.entity == "activities"
    lost = {name: _is_lost(quality, now, name, share) for name, share in usual.items()}
    sentences = ", ".join(_lost_sentence(now, name, share, lost[name]) for name, share in usual.items())
    return Expected(
        _name("filled", now, "columns"),
        Severity(quality.lost_column.severity) if is_written_by_machines else Severity.WARN,
        f"{now.words}: no column lost among the newest {now.rows} rows, of {', '.join(usual)}",
        f"{now.words}: filled in the last good night's rows → in the newest {now.rows}: {{found}}: was a column renamed,"
        f" dropped, or a permission lost? Mend the export or its mapping and run again. If one may be empty, add it, such"
        f" as {now.entity}.{next(iter(usual))}, to quality.lost_column.may_be_empty",
        " + ".join(f"({condition})::integer" for condition in lost.values()),
        Fact.NUMBER,
        high=0,
        named=f"select array_to_string([{sentences}], ', ') from {{rows}}",
    )


def _lost_sentence(now: _Slice, column: str, usual_share: float, is_lost: str) -> str:
    before, now_filled = (
        literal(f"{column} {usual_share:.0%} → "),
        f"round({_filled_share(now, column)} * 100)::integer",
    )
    return f"case when {is_lost} then {before} || {now_filled} || '%' end"


def _is_lost(quality: Quality, now: _Slice, column: str, usual_share: float) -> str:
    return f"{_filled_share(now, column)} < {usual_share * quality.lost_column.kept_share!r}"


def _filled_share(now: _Slice, column: str) -> str:
    return f"count({identifier(column)}) filter (where {now.condition}) / count(*) filter (where {now.condition})"


def _name(what: str, now: _Slice, column: str) -> str:
    words = "_".join([what, column, *(value for value in now.values if value)])
    return "expect_" + re.sub(r"[^a-z0-9]+", "_", words.lower())
