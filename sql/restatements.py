"""ops.restatement: which published cells of past periods differ between the last generation and this one, and why.

Watched are the tables whose YAML declares a `period`; all their columns but the grain. What belongs here: the
comparison and the search for the load. What does not: when it is done (the night), and what a figure means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from models.tables import PERIOD_GRAINS, Column, TableSpec
from sql.quoting import identifier, literal, qualified

MOST_CELLS = 1_000_000
"""Cells of one table that a night lists; of more the newest periods are, and the rest is counted."""

MOST_CELLS_OF_SETTINGS = 10_000
"""The same for a night that rebuilds for other settings: a new definition moves a column of every row there is."""

_FOLDER = Path(__file__).with_name("restatement")
_LENGTHS = {"day": "1 day", "week": "7 days", "month": "1 month", "quarter": "3 months", "year": "1 year"}
_SUMS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL")
"""Types of counts and amounts: a row that is not there has 0 of them."""


@dataclass(frozen=True)
class Restated:
    """What a night restated: cells by the load that moved them (None: no load), and cells too many to list by table."""

    cells: dict[str | None, int]
    unlisted: dict[str, int]


def restate(
    connection: duckdb.DuckDBPyConnection,
    specs: Iterable[TableSpec],
    generation: int,
    *,
    windows: bool,
    other_settings: bool,
) -> Restated:
    """Compares every watched table with `previous` and adds what moved to ops.restatement.

    `windows`: only the days that staging lists can differ. `other_settings`: the tables were made by other rules, so
    no load can be named. A period is compared when it had ended before the day of both instants.
    """
    until, published = _last_day(connection), _published_columns(connection)
    _create_moved_cell(connection)
    most = MOST_CELLS_OF_SETTINGS if other_settings else MOST_CELLS
    unlisted = {}
    for spec in sorted(specs, key=lambda spec: spec.table):
        if spec.period is None or not set(spec.grain) <= published.get(spec.table, set()):
            continue
        columns = [column for column in _compared(spec) if column.name in published[spec.table]]
        unlisted[spec.table] = _find_moved(connection, spec, columns, until, windows, most)
    cells = _write(connection, generation, other_settings)
    return Restated(cells, {table: count for table, count in unlisted.items() if count})


def _last_day(connection: duckdb.DuckDBPyConnection) -> date:
    """Periods that end on or before it were over at the last as_of, and are at this one."""
    (day,) = connection.execute(
        "select least(n.as_of_date, o.as_of_date) from core.parameter as n cross join previous.core.parameter as o"
    ).fetchone() or (None,)
    assert isinstance(day, date)
    return day


def _published_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """The columns of the last generation by table; another version may have had fewer."""
    found = connection.execute(
        "select schema_name || '.' || table_name, list(column_name) from duckdb_columns()"
        " where database_name = 'previous' and not internal group by 1"
    ).fetchall()
    return {str(table): set(names) for table, names in found}


def _create_moved_cell(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create or replace table staging.moved_cell (
            table_name varchar, key varchar, column_name varchar, old_value varchar, new_value varchar,
            is_moved boolean, is_word boolean,
            period_start date, period_end date, rep_id varchar
        )
        """
    )


def _compared(spec: TableSpec) -> list[Column]:
    return [column for column in spec.columns if column.name not in spec.grain]


def _find_moved(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, columns: list[Column], until: date, windows: bool, most: int
) -> int:
    """Adds the table's moved cells to staging.moved_cell, at most `most`; returns how many more there are."""
    if windows and _window_is_all_new(connection, spec, until):
        return 0
    grain = ", ".join(f"coalesce(n.{name}, o.{name}) as {name}" for name in map(identifier, spec.grain))
    any_moved = " or ".join(f"({_moved(column)})" for column in columns)
    compared = _compared_rows(spec, columns, windows)
    connection.execute(
        f"create or replace table staging.moved_row as select {grain}, n, o from {compared} where {any_moved}",
        {"until": until},
    )
    moved = " + ".join(f"({_moved(column)})::integer" for column in columns)
    counted = connection.execute(f"select sum({moved})::bigint from staging.moved_row").fetchone()
    cells = int(counted[0] or 0) if counted else 0
    newest = f"order by period_start desc, key, cell.column_name limit {most}" if cells > most else ""
    connection.execute(f"insert into staging.moved_cell by name {_cells(spec, columns)} {newest}")
    return max(0, cells - most)


def _window_is_all_new(connection: duckdb.DuckDBPyConnection, spec: TableSpec, until: date) -> bool:
    """A quiet night touches the days of as_of only: then there is nothing to compare."""
    if spec.window is None or not _period_columns(spec) <= set(spec.window.by):
        return False
    past = f"select 1 from {qualified(spec.window.of)} where {_period_end(spec)} <= $until limit 1"
    return connection.execute(past, {"until": until}).fetchone() is None


def _period_columns(spec: TableSpec) -> set[str]:
    assert spec.period is not None
    return {spec.period.start, spec.period.grain} - set(PERIOD_GRAINS)


def _compared_rows(spec: TableSpec, columns: list[Column], windows: bool) -> str:
    """The table's past rows beside those of the last generation: `n` and `o`, either of them may be missing."""
    on = " and ".join(f"n.{name} is not distinct from o.{name}" for name in map(identifier, spec.grain))
    now = ", ".join(identifier(name) for name in (*spec.grain, *(column.name for column in columns)))
    then = ", ".join(
        [identifier(name) for name in spec.grain]
        + [f"try_cast({identifier(column.name)} as {column.type}) as {identifier(column.name)}" for column in columns]
    )
    past = f"{_period_end(spec)} <= $until {_in_window(spec) if windows else ''}"
    return (
        f"(select {now}, true as is_there from {qualified(spec.table)} where {past}) as n"
        f" full join (select {then}, true as is_there from {qualified(f'previous.{spec.table}')} where {past}) as o on {on}"
    )


def _period_end(spec: TableSpec) -> str:
    assert spec.period is not None
    start, grain = identifier(spec.period.start), spec.period.grain
    if grain in _LENGTHS:
        return f"({start} + interval {_LENGTHS[grain]})::date"
    cases = " ".join(f"when {literal(word)} then interval {length}" for word, length in _LENGTHS.items())
    return f"({start} + case {identifier(grain)} {cases} end)::date"


def _in_window(spec: TableSpec) -> str:
    if spec.window is None:
        return ""
    by = ", ".join(identifier(name) for name in spec.window.by)
    row = f"({by})" if len(spec.window.by) > 1 else by
    return f"and {row} in (select {row} from {qualified(spec.window.of)})"


def _moved(column: Column) -> str:
    name = identifier(column.name)
    moved = f"n.{name} is distinct from o.{name}"
    if column.type.startswith(_SUMS) and not column.type.endswith("]"):
        moved += f" and not ((n.is_there is null or o.is_there is null) and coalesce(n.{name}, o.{name}) = 0)"
    return moved


def _cells(spec: TableSpec, columns: list[Column]) -> str:
    """One row per moved cell of staging.moved_row, as staging.moved_cell has it."""
    assert spec.period is not None
    key = ", ".join(f"{literal(name)}: {identifier(name)}" for name in spec.grain)
    cells = ", ".join(_cell(column) for column in columns)
    return f"""
        select {literal(spec.table)} as table_name, to_json({{{key}}})::varchar as key, cell.*,
            {identifier(spec.period.start)} as period_start, {_period_end(spec)} as period_end,
            {"rep_id" if "rep_id" in spec.grain else "null::varchar"} as rep_id
        from (select *, unnest([{cells}]) as cell from staging.moved_row)
        where cell.is_moved
    """


def _cell(column: Column) -> str:
    name = identifier(column.name)
    is_word = "n.is_there and o.is_there" if column.type == "VARCHAR" else "false"
    return (
        f"{{'column_name': {literal(column.name)}, 'old_value': o.{name}::varchar, 'new_value': n.{name}::varchar,"
        f" 'is_moved': {_moved(column)}, 'is_word': {is_word}}}"
    )


def _write(connection: duckdb.DuckDBPyConnection, generation: int, other_settings: bool) -> dict[str | None, int]:
    """Moves staging.moved_cell into ops.restatement, each cell with its cause; returns cells by load."""
    (cells,) = connection.execute("select count(*) from staging.moved_cell").fetchone() or (0,)
    if not cells:
        return {}
    if other_settings:
        connection.execute(
            "insert into ops.restatement by name select table_name, key, column_name, old_value, new_value,"
            " 'settings' as cause, $generation as generation from staging.moved_cell",
            {"generation": generation},
        )
    else:
        _write_with_loads(connection, generation)
    by_load = "select load_id, count(*) from ops.restatement where generation = ? group by 1 order by 2 desc, 1"
    return dict(connection.execute(by_load, [generation]).fetchall())


def _write_with_loads(connection: duckdb.DuckDBPyConnection, generation: int) -> None:
    for table, query in (("restatement_reach", "reach"), ("restatement_mover", "mover")):
        text = (_FOLDER / f"{query}.sql").read_text(encoding="utf-8")
        connection.execute(f"create or replace table staging.{table} as\n{text}")
    connection.execute(
        """
        insert into ops.restatement by name
        with explained as (
            select c.*,
                coalesce(if(c.is_word, m.rep_load, null), m.dated_load, m.rep_load, m.any_load) as load_number
            from staging.moved_cell as c
            inner join staging.restatement_mover as m
                on c.period_start = m.period_start and c.period_end = m.period_end
                and c.rep_id is not distinct from m.rep_id
        )
        select e.table_name, e.key, e.column_name, e.old_value, e.new_value, l.load_id, $generation as generation,
            case when e.load_number is null then 'other' when e.load_number = 0 then 'as_of' else 'load' end as cause
        from explained as e
        left join ops.load as l on e.load_number = l.load_number
        """,
        {"generation": generation},
    )
