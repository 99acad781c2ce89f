"""The newest rows of every source, in slices: what is filled in them, how large it is, and whether what they name is known.

A slice is one source, and one channel or currency where the records have them. Tonight's slices and those of the last
good night are each found by one statement; what is expected of them is in newest_expected.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from models.settings import Quality
from models.tables import Column, TableSpec
from sql.quoting import identifier, literal, qualified

BASELINE_TIMES = 20
"""The last good night is asked for this many times the newest rows: one odd delivery does not make the usual."""
_SLICES = ("channel", "currency", "metric", "category", "period_grain")
_UNITS = ("BIGINT", "DECIMAL(18,4)")
"""Types of durations and amounts."""
_REFERENCES = {
    "account_id": "core.latest_accounts",
    "contact_id": "core.latest_contacts",
    "lead_id": "core.latest_leads",
    "opportunity_id": "core.latest_opportunities",
    "rep_id": "core.rep_identity",
    "owner_rep_id": "core.rep_identity",
}
"""What a column names, by the table that knows it."""
_REFERRING = ("core.latest_activities", "core.latest_leads", "core.latest_opportunities", "core.latest_contacts")

ColumnsOfBoth = Mapping[str, set[str]]
"""The columns of each table, of those that tonight's build and the last good night have."""


@dataclass(frozen=True)
class Slice:
    """The newest rows of one source, and one channel or currency where the records have them.

    `filled` counts by column, `medians` are of those other than 0, `unknown` counts by column the filled cells that
    name nobody and nothing.
    """

    spec: TableSpec
    values: tuple[str | None, ...]
    rows: int
    filled: dict[str, int]
    medians: dict[str, float | None]
    unknown: dict[str, int]

    @property
    def source(self) -> str:
        """Who delivered it."""
        return str(self.values[0])

    @property
    def entity(self) -> str:
        """`activities` of core.latest_activities."""
        return entity_of(self.spec)

    @property
    def words(self) -> str:
        """`crm activities call`, as a message begins."""
        return " ".join([self.source, self.entity, *self.others])

    @property
    def others(self) -> list[str]:
        """Its channel or currency, where the records have them."""
        return [value for value in self.values[1:] if value]

    def filled_share(self, column: str) -> float:
        """The share of its rows in which the column is filled."""
        return self.filled[column] / self.rows

    def unknown_share(self, column: str) -> float:
        """The share of its filled cells that name nobody and nothing; 0 when none is filled."""
        return self.unknown[column] / self.filled[column] if self.filled[column] else 0.0


@dataclass(frozen=True)
class Compared:
    """A slice of tonight: `now` beside what is `usual`, many of the last good night's newest rows, and `last`, as few of
    them as tonight's. What the last ones were like already did not change tonight."""

    now: Slice
    usual: Slice
    last: Slice


def entity_of(spec: TableSpec) -> str:
    """`activities` of core.latest_activities."""
    return spec.name.removeprefix("latest_")


def slices_of_both(
    connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec, both: ColumnsOfBoth
) -> list[Compared]:
    """Each slice as it is and as it was, of those that are large enough in both; none when the last good night lacks
    the records, or a column that slices them."""
    known = both.get(spec.table, set())
    columns = [column for column in spec.columns if _is_judged(column) and column.name in known]
    if not columns or not known.issuperset(_slice_columns(spec)):
        return []
    names = {column.name for column in columns} if spec.table in _REFERRING else set()
    named = [(name, table) for name, table in _REFERENCES.items() if name in names and table in both]

    few, many = quality.newest_rows, quality.newest_rows * BASELINE_TIMES
    before = _slices(connection, spec, columns, named, "previous", (few, many))
    now = _slices(connection, spec, columns, named, "crm", (few,)) if before else {}
    return [
        Compared(each, before[many, values], before[few, values])
        for (_, values), each in now.items()
        if (few, values) in before and min(each.rows, before[few, values].rows) >= few
    ]


def _is_judged(column: Column) -> bool:
    return not (column.required or column.name.startswith("_") or column.name in (*_SLICES, "is_deleted"))


def columns_of_both(connection: duckdb.DuckDBPyConnection) -> ColumnsOfBoth:
    """What tonight's build and the last good night both have: an earlier version lacked tables and columns."""
    found = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where database_name in (current_database(), 'previous') and schema_name in ('core', 'marts')"
        " group by all having count(*) = 2"
    ).fetchall()
    columns: dict[str, set[str]] = {}
    for table, column in found:
        columns.setdefault(table, set()).add(column)
    return columns


def _slice_columns(spec: TableSpec) -> list[str]:
    return ["source", *(column.name for column in spec.columns if column.name in _SLICES)]


def _newest_rows(
    spec: TableSpec, columns: Sequence[Column], named: Sequence[tuple[str, str]], database: str, count: int
) -> str:
    """The rows that changed last, `count` a slice, numbered by `turn` from the last one on: by the instant that the source
    says, else by when they landed; equal ones in an order that does not depend on where they lie. They are fetched by
    their place: by a key, all columns of all rows would be read to find them."""
    slices, key = _slice_columns(spec), f"hash({identifier(spec.grain[0])})"
    table = f"{identifier(database)}.{qualified(spec.table)}"
    living = "is_deleted is not true"
    order = "coalesce(epoch_us(_updated_at)::hugeint, _sequence::hugeint - 4611686018427387904)"
    newest = f"arg_max(rowid, {order} * 18446744073709551616 + {key}, {count:d})"
    names = ", ".join(identifier(name) for name in [*slices, *(column.name for column in columns)])
    for column in columns:
        if column.type in _UNITS:
            names += f", nullif({identifier(column.name)}, 0)::double as {identifier(_not_zero(column.name))}"
    names += "".join(f", {_unknown(name, known, database)} as {identifier(f'{name} unknown')}" for name, known in named)
    group = ", ".join(identifier(name) for name in slices)
    picked = f"select {newest} as places from {table} where {living} group by {group}"
    placed = f"select unnest(places) as place, generate_subscripts(places, 1) as turn from ({picked})"
    return f"select {names}, turn from {table} as newest inner join ({placed}) on newest.rowid = place"


def _unknown(column: str, table: str, database: str) -> str:
    """Whether the filled cell of a row names nothing that this night knows."""
    known, name = f"{identifier(database)}.{qualified(table)}", f"newest.{identifier(column)}"
    if table == "core.rep_identity":
        there = f"(newest.source, {name}) in (select (source, source_rep_id) from {known})"
    else:
        there = f"{name} in (select {identifier(column)} from {known})"
    return f"({name} is not null and not coalesce({there}, false))"


def _not_zero(column: str) -> str:
    """The column without its zeros: unanswered calls and blank amounts have no unit."""
    return f"{column} other than 0"


def _slices(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    columns: Sequence[Column],
    named: Sequence[tuple[str, str]],
    database: str,
    counts: tuple[int, ...],
) -> dict[tuple[int, tuple[str | None, ...]], Slice]:
    """The newest rows of each slice, so many of them, by how many and by the slice's values."""
    width, slices = len(_slice_columns(spec)), ", ".join(map(identifier, _slice_columns(spec)))
    measured = [column.name for column in columns if column.type in _UNITS]
    asked = [f"count({identifier(column.name)})" for column in columns]
    asked += [f"median({identifier(_not_zero(name))})" for name in measured]
    asked += [f"count(*) filter (where {identifier(f'{name} unknown')})" for name, _ in named]
    rows, most = (
        _newest_rows(spec, columns, named, database, max(counts)),
        ", ".join(f"({count:d})" for count in counts),
    )
    rows_of = (
        f"select most, {slices}, count(*), {', '.join(asked)} from ({rows}) cross join (values {most}) as asked (most)"
    )
    found = connection.execute(f"{rows_of} where turn <= most group by most, {slices}").fetchall()
    by_slice = {}
    for count, *row in sorted(found, key=str):
        numbers, values = iter(row[width + 1 :]), tuple(row[:width])
        by_slice[int(count), values] = Slice(
            spec,
            values,
            int(row[width]),
            filled={column.name: int(next(numbers)) for column in columns},
            medians={name: None if (median := next(numbers)) is None else float(median) for name in measured},
            unknown={name: int(next(numbers)) for name, _ in named},
        )
    return by_slice


def words_of(text: str) -> str:
    """A text as a literal of SQL, for an expectation that already knows what it found."""
    return f"select {literal(text)}"
