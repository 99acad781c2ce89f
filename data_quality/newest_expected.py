"""What is expected of the newest rows: the units of the last good night, its columns, and that they name what is known.

The numbers are found once, by newest_rows.py, before the build is closed; Great Expectations judges them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import duckdb

from data_quality.expected import Expected, Fact, Suite
from data_quality.newest_rows import ColumnsOfBoth, Compared, Slice, entity_of, slices_of_both, words_of
from models.settings import Quality
from models.tables import Severity, TableSpec

USUALLY_FILLED = 0.5
"""Columns that were filled less often than this are too sparse to be missed."""
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
_NO_ROWS = "select 1 as found_before_the_build_was_closed"
_ABOUT = "What changed last in each source: its units, its columns, and whether it names what is known."
Sentence = Callable[[Compared], list[str]]


def newest_suite(
    connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec, both: ColumnsOfBoth
) -> Suite:
    """All slices of a kind of record; nothing is expected of one that the last good night did not know."""
    slices = slices_of_both(connection, quality, spec, both)
    expected = [one for each in slices for one in _of_slice(quality, each)]
    for source in dict.fromkeys(each.now.source for each in slices):
        expected += _of_source(quality, spec, source, [each for each in slices if each.now.source == source])
    return Suite(
        spec.table, f"{spec.table}: newest rows of each source", _NO_ROWS, tuple(expected), _ABOUT, of_history=True
    )


def _of_slice(quality: Quality, each: Compared) -> Iterator[Expected]:
    """What blocks is expected of each slice by itself."""
    now, usual, enough = each.now, each.usual, quality.newest_rows / 2
    for name, median in usual.medians.items():
        is_measured = min(now.filled[name], usual.filled[name]) >= enough
        if median and is_measured and quality.unit_change.severity != "off":
            low, high = _same_unit(quality, median)
            last = each.last.medians[name]
            if last is None or low <= last <= high:
                yield _unit_stays(quality, now, name, median)
    filled = _usually_filled(quality, now, usual)
    if filled and quality.lost_column.severity != "off":
        yield _still_filled(quality, each, filled)


def _of_source(quality: Quality, spec: TableSpec, source: str, slices: Sequence[Compared]) -> Iterator[Expected]:
    """What is only flagged is expected of a source's slices together: one sentence names those that changed."""
    sparse, unknown = quality.sparse_column, quality.unknown_reference
    if sparse.severity != "off" and any(_usually_filled(quality, each.now, each.usual) for each in slices):
        yield _gathered(
            _name("usual_nulls", spec, source),
            sparse.severity,
            f"{source} {entity_of(spec)}: no column filled less than {sparse.kept_share:.0%} as often as in the last good"
            f" night, among the newest {slices[0].now.rows} rows",
            "fewer records have what they used to have: {found}. Was a form changed, or a step of the export lost? Ask who"
            " runs the source; if it is meant, do nothing: it becomes what is usual",
            slices,
            lambda each: _sparser(quality, each),
        )
    if unknown.severity != "off" and any(each.now.unknown for each in slices):
        yield _gathered(
            _name("known_references", spec, source),
            unknown.severity,
            f"{source} {entity_of(spec)}: {', '.join(slices[0].now.unknown)} name what is known about as often as in the last"
            f" good night, at most {unknown.rise:.0%} of the cells less often",
            "more records name what nobody knows: {found}. Did the roster, the contacts or the accounts not arrive, or were"
            " ids changed? Deliver them, and the next run joins them; who is unknown stands in ops.unattributed",
            slices,
            lambda each: _less_known(quality, each),
        )


def _usually_filled(quality: Quality, now: Slice, usual: Slice) -> list[str]:
    may_be_empty = _FILLED_LATE.union(quality.lost_column.may_be_empty)
    return [
        name
        for name in usual.filled
        if usual.filled_share(name) >= USUALLY_FILLED and f"{now.entity}.{name}" not in may_be_empty
    ]


def _same_unit(quality: Quality, median: float) -> tuple[float, float]:
    """From where to where a median is of the unit of the usual one."""
    usual, factor = abs(median), quality.unit_change.factor
    return min(usual / factor, median * factor), max(usual * factor, median / factor)


def _unit_stays(quality: Quality, now: Slice, column: str, median: float) -> Expected:
    usual, found = abs(median), now.medians[column]
    low, high = _same_unit(quality, median)
    return Expected(
        _name("unit_" + column, now.spec, now.source, *now.others),
        Severity(quality.unit_change.severity),
        f"{now.words} {column}: median from {low:,.0f} to {high:,.0f}, in the last good night {usual:,.0f}",
        f"{now.words} {column}: median {usual:,.0f} → {{found}}: did the unit change? Have the export mended, or say the"
        " new unit in the source's mapping, and run again. If it is right, publish it once with:"
        " TOUCHLINE__QUALITY__UNIT_CHANGE__SEVERITY=warn touchline run",
        "null" if found is None else repr(found),
        Fact.NUMBER,
        low=low,
        high=high,
    )


def _still_filled(quality: Quality, each: Compared, columns: Sequence[str]) -> Expected:
    """One for all columns of a slice, since they are lost together: an export that breaks is told in one sentence.

    Machines write activities; other records are also imported in bulk by people, who leave columns out.
    """
    now, usual = each.now, each.usual
    is_written_by_machines = now.entity == "activities"
    lost = [name for name in columns if _is_lost(quality, each, name)]
    return Expected(
        _name("filled_columns", now.spec, now.source, *now.others),
        Severity(quality.lost_column.severity) if is_written_by_machines else Severity.WARN,
        f"{now.words}: no column lost among the newest {now.rows} rows, of {', '.join(columns)}",
        f"{now.words}: filled in the last good night's rows → in the newest {now.rows}: {{found}}: was a column renamed,"
        f" dropped, or a permission lost? Mend the export or its mapping and run again. If one may be empty, add it, such"
        f" as {now.entity}.{(lost or columns)[0]}, to quality.lost_column.may_be_empty",
        f"{len(lost)}",
        Fact.NUMBER,
        high=0,
        named=words_of(", ".join(_shares(now, usual, name) for name in lost)),
    )


def _fell(each: Compared, column: str, kept_share: float) -> bool:
    """Whether it is filled so much less often than usual, and was not yet among the last rows of the last good night."""
    least = each.usual.filled_share(column) * kept_share
    return each.now.filled_share(column) < least <= each.last.filled_share(column)


def _is_lost(quality: Quality, each: Compared, column: str) -> bool:
    return _fell(each, column, quality.lost_column.kept_share)


def _sparser(quality: Quality, each: Compared) -> list[str]:
    """Columns that are filled much less often, but for those that are told as lost."""
    tells_lost = quality.lost_column.severity != "off"
    return [
        _shares(each.now, each.usual, name)
        for name in _usually_filled(quality, each.now, each.usual)
        if _fell(each, name, quality.sparse_column.kept_share) and not (tells_lost and _is_lost(quality, each, name))
    ]


def _less_known(quality: Quality, each: Compared) -> list[str]:
    """Columns whose cells are unknown more often than usual, by more than the limit, and were not yet in the last rows."""
    enough, found = quality.newest_rows / 2, []
    for name in each.now.unknown:
        if min(each.now.filled[name], each.usual.filled[name]) >= enough:
            share, before = each.now.unknown_share(name), each.usual.unknown_share(name)
            most = before + quality.unknown_reference.rise
            if each.last.unknown_share(name) <= most < share:
                found.append(f"{name} unknown {before:.0%} → {share:.0%}")
    return found


def _gathered(
    name: str, severity: str, holds: str, told: str, slices: Sequence[Compared], sentences: Sentence
) -> Expected:
    """One expectation about several slices; it names those that break it."""
    broken = [(each.now.words, found) for each in slices if (found := sentences(each))]
    number = sum(len(found) for _, found in broken)
    named = words_of("; ".join(f"{words}: {', '.join(found)}" for words, found in broken))
    return Expected(name, Severity(severity), holds, told, f"{number}", Fact.NUMBER, high=0, named=named)


def _shares(now: Slice, usual: Slice, column: str) -> str:
    return f"{column} {usual.filled_share(column):.0%} → {now.filled_share(column):.0%}"


def _name(what: str, spec: TableSpec, *values: str) -> str:
    """Names are unique in a table, not beyond."""
    return "expect_" + re.sub(r"[^a-z0-9]+", "_", "_".join([what, *values]).lower())
