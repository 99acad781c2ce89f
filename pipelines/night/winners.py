"""Which version of each id stands in core: staged rows against each other and against what is there.

The winner is the newest `updated_at`; rows without one go after those with one, the later landed first; then the
row hash, so that equal files in any order give the same winner. Only ids that occur twice are compared: the rows of
all others go straight in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb

from models.records import Record
from pipelines.night.stage_sql import staged_table
from sql.quoting import identifier
from sql.records import content_sql, record_key_column, stored_columns

ORDER = "_updated_at desc nulls last, _sequence desc, _row_hash desc"


@dataclass(frozen=True)
class Verdicts:
    """How many of each load's valid rows were duplicates or superseded, by load number; the rest were accepted."""

    duplicate: Counter[int]
    superseded: Counter[int]
    is_contested: bool


def settle(connection: duckdb.DuckDBPyConnection, contract: type[Record], changed_from: int | None) -> Verdicts:
    """Moves the winners of the staged rows into core.latest_<entity> and names the changed keys in staging.

    Only winners of loads from `changed_from` on are changes; None: nobody asks which changed.
    """
    key, staged, latest = record_key_column(contract), staged_table(contract), f"core.latest_{contract.ENTITY}"
    contested = _find_contested(connection, key, staged, latest)
    if contested:
        _rank(connection, contract, key, staged, latest)
    else:
        connection.execute("create or replace table staging.lost (_load_number integer, _place bigint)")
    alone = f"and not exists (select 1 from staging.contested as known where known.{key} = staged.{key})"
    columns = ", ".join(map(identifier, stored_columns(contract)))
    fresh = f"from {staged} as staged where _broken = 0 and _unmapped = 0 {alone if contested else ''}"
    values = ", ".join(_value(connection, name) for name in stored_columns(contract))
    _name_changed(connection, contract, f"{key}, _load_number, true {fresh}", changed_from)
    connection.execute(f"insert into {latest} ({columns}) select {values} {fresh}")
    if not contested:
        return Verdicts(Counter(), Counter(), False)
    won = f"{key}, _load_number, false from staging.ranked where _rank = 1 and _load_number <> 0"
    _name_changed(connection, contract, won, changed_from)
    _replace_contested(connection, key, latest, columns)
    _note_conflicts(connection, contract, key)
    return _count_verdicts(connection, key)


def _find_contested(connection: duckdb.DuckDBPyConnection, key: str, staged: str, latest: str) -> bool:
    """staging.contested: keys with more than one version to choose from."""
    connection.execute(
        f"""
        create or replace table staging.contested as
        with valid as (select {key} from {staged} where _broken = 0 and _unmapped = 0),
        repeated as (select hash({key}) as hashed from valid group by 1 having count(*) > 1)
        select {key} from valid where hash({key}) in (select hashed from repeated) group by {key} having count(*) > 1
        union
        select {key} from valid where {key} in (select {key} from {latest})
        """
    )
    (count,) = connection.execute("select count(*) from staging.contested").fetchone() or (0,)
    return bool(count)


def _value(connection: duckdb.DuckDBPyConnection, column: str) -> str:
    """A stored column of a staged row; `_sequence` is 0 for a row with updated_at.

    Else it is the load's number and the row's place in its own file, so that the same files in the same order give
    the same sequence in any batches.
    """
    if column != "_sequence":
        return identifier(column)
    firsts = dict(connection.execute("select load_number, first_row from staging.load_number").fetchall())
    lowest, highest = min(firsts), max(firsts)
    listed = ", ".join(str(firsts.get(number, 0)) for number in range(lowest, highest + 1))
    place = f"rowid - ([{listed}])[_load_number - {lowest - 1}]"
    return f"case when _updated_at is null then (_load_number::bigint << 32) + {place} else 0 end as _sequence"


def _rank(connection: duckdb.DuckDBPyConnection, contract: type[Record], key: str, staged: str, latest: str) -> None:
    """staging.ranked: every version of the contested keys, best first; `_load_number` 0 is the one in core.

    staging.lost: the places of tonight's versions that did not win.
    """
    names = stored_columns(contract)
    row_hash = "" if "_row_hash" in names else f", {content_sql(contract)} as _row_hash"
    columns, values = ", ".join(map(identifier, names)), ", ".join(_value(connection, name) for name in names)
    contested = f"{key} in (select {key} from staging.contested)"
    # By their places: asked for by key, all columns of all rows would be read to find these.
    connection.execute(
        f"""
        create or replace table staging.contested_place as
        select rowid as _place from {staged} where _broken = 0 and _unmapped = 0 and {contested}
        """
    )
    connection.execute(
        f"""
        create or replace table staging.ranked as
        with versions as (
            select {values} {row_hash}, _load_number, rowid as _place
            from {staged} where rowid in (select _place from staging.contested_place)
            union all by name
            select {columns} {row_hash}, 0 as _load_number, -1 as _place
            from {latest} where {contested}
        )
        select *,
            row_number() over (partition by {key} order by {ORDER}, _load_number, _place) as _rank,
            row_number() over (partition by {key}, _row_hash order by _load_number, _place) as _time,
            first_value(_row_hash) over (partition by {key} order by {ORDER}, _load_number, _place) as _winning_hash
        from versions
        """
    )
    connection.execute(
        "create or replace table staging.lost as"
        " select _load_number, _place from staging.ranked where _rank > 1 and _load_number <> 0"
    )


def _name_changed(
    connection: duckdb.DuckDBPyConnection, contract: type[Record], winners: str, changed_from: int | None
) -> None:
    """staging.changed_<entity>: the winners that tonight's loads delivered."""
    if changed_from is not None:
        tonight = f"select {winners} and _load_number >= {changed_from}"
        connection.execute(f"insert into staging.changed_{contract.ENTITY} {tonight}")


def _replace_contested(connection: duckdb.DuckDBPyConnection, key: str, latest: str, columns: str) -> None:
    won = "from staging.ranked where _rank = 1 and _load_number <> 0"
    connection.execute(f"delete from {latest} where {key} in (select {key} {won})")
    connection.execute(f"insert into {latest} ({columns}) select {columns} {won}")


def _note_conflicts(connection: duckdb.DuckDBPyConnection, contract: type[Record], key: str) -> None:
    """ops.conflict: contents of one id between which no updated_at decides."""
    load_of = "coalesce((select load_id from staging.load_number where load_number = {0}), '')"
    kept = load_of.format("if(kept._load_number = 0, kept._sequence >> 32, kept._load_number)")
    other = load_of.format("if(other._load_number = 0, other._sequence >> 32, other._load_number)")
    connection.execute(
        f"""
        insert into ops.conflict
        select distinct kept.source, '{contract.ENTITY}', kept.{key}, {kept}, {other},
            if(kept._updated_at is null, 'no_updated_at', 'same_updated_at')
        from staging.ranked as kept join staging.ranked as other using ({key})
        where kept._rank = 1 and other._rank > 1 and other._row_hash <> kept._row_hash
            and kept._updated_at is not distinct from other._updated_at
            and not exists (
                select 1 from ops.conflict as known
                where known.entity = '{contract.ENTITY}' and known.record_id = kept.{key}
                    and known.kept_load_id = {kept} and known.other_load_id = {other}
            )
        """
    )


def _count_verdicts(connection: duckdb.DuckDBPyConnection, key: str) -> Verdicts:
    counted = connection.execute(
        """
        select _load_number, count(*) filter (where _time > 1),
            count(*) filter (where _time = 1 and _row_hash <> _winning_hash)
        from staging.ranked where _load_number <> 0 group by 1
        """
    ).fetchall()
    return Verdicts(
        Counter({load: same for load, same, _ in counted}), Counter({load: old for load, _, old in counted}), True
    )
