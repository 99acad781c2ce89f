"""Loads that are read a second time: rows that somebody dismissed are held back, rows that now pass get their fate."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from data_quality.quarantine import Rejected
from data_quality.replay import Fate, Line
from models.contracts import CONTRACTS
from pipelines.night.ingest import FileResult
from pipelines.night.joins import is_join
from pipelines.night.stage_sql import ERASED, IGNORED, WITHHELD, staged_table
from sql.quoting import literal
from sql.records import record_key_column

if TYPE_CHECKING:
    from pipelines.night.load import Load

_WITHHELD = "somebody dismissed this row when it was rejected before; `quarantine replay --discarded` takes it back"


def hold_back(
    connection: duckdb.DuckDBPyConnection, load: Load, result: FileResult, dismissed: Collection[int]
) -> FileResult:
    """Takes the dismissed lines that would pass now out of the staged rows; they stay quarantined."""
    broken = {row.line_number for row in result.rejected}
    places = {line: place for line in dismissed if line not in broken and (place := result.place_of(line)) is not None}
    if not places:
        return result
    at = [result.first_row + place for place in places.values()]
    if is_join(load.file.entity):
        connection.execute(
            "delete from private.joined_row where source = ? and entity = ? and load_number = ?"
            " and place in (select unnest(?))",
            [load.file.source, load.file.entity, load.load_number, at],
        )
    else:
        connection.execute(
            f"update {staged_table(CONTRACTS[load.file.entity])} set _broken = {WITHHELD}, _extra = null"
            " where _load_number = ? and rowid in (select unnest(?))",
            [load.load_number, at],
        )
    return _with_withheld(load, result, sorted(places)) if load.is_new else result


def _with_withheld(load: Load, result: FileResult, lines: list[int]) -> FileResult:
    """A file that comes again after a rollback has the dismissed rows in its own quarantine."""
    file = load.file
    rejected = (
        Rejected(load.load_id, file.source, file.entity, file.name, line, None, None, "discarded", _WITHHELD, "", "")
        for line in lines
    )
    return replace(
        result,
        rows_valid=result.rows_valid - len(lines),
        rows_quarantined=result.rows_quarantined + len(lines),
        rejected=(*result.rejected, *rejected),
    )


def leave_out_forgotten(
    connection: duckdb.DuckDBPyConnection, load: Load, result: FileResult, forgotten: Mapping[str, int]
) -> FileResult:
    """Takes out rows of contacts who had been forgotten before the load came: nothing new of them is kept."""
    known = [f"{load.file.source}:{token}" for token, since in forgotten.items() if load.load_number > since]
    if load.file.entity != "contacts" or not known:
        return result
    (count,) = connection.execute(
        f"update {staged_table(CONTRACTS['contacts'])} set _broken = {ERASED}, _extra = null"
        " where _load_number = ? and _broken = 0 and _unmapped = 0 and contact_id in (select unnest(?))",
        [load.load_number, known],
    ).fetchone() or (0,)
    return replace(result, rows_valid=result.rows_valid - count, rows_erased=count)


def fates_of(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    passing: Mapping[int, tuple[Load, FileResult, Collection[int]]],
    is_contested: bool,
) -> dict[Line, Fate]:
    """What each passing line of an entity's loads (by load number) is, judged as if it arrived after all other rows."""
    fates: dict[Line, Fate] = {}
    places: dict[tuple[int, int], Line] = {}
    for number, (load, result, lines) in passing.items():
        for line in lines:
            place = result.place_of(line)
            fates[load.load_id, line] = "ignored" if place is None else "accepted"
            if place is not None:
                places[number, result.first_row + place] = (load.load_id, line)
    ignored = set() if is_join(entity) else _ignored_among(connection, entity, list(places))
    fates.update({places.pop(at): "ignored" for at in ignored})
    if places and is_contested:
        fates.update({places[at]: fate for at, fate in _contested_fates(connection, entity, list(places)).items()})
    return fates


def _ignored_among(
    connection: duckdb.DuckDBPyConnection, entity: str, places: list[tuple[int, int]]
) -> set[tuple[int, int]]:
    if not places:
        return set()
    found = connection.execute(
        f"select _load_number, rowid from {staged_table(CONTRACTS[entity])}"
        f" where _broken = {IGNORED} and rowid in (select unnest(?))",
        [[place for _, place in places]],
    ).fetchall()
    return set(found) & set(places)


def _contested_fates(
    connection: duckdb.DuckDBPyConnection, entity: str, places: list[tuple[int, int]]
) -> dict[tuple[int, int], Fate]:
    numbers, rows = (list(column) for column in zip(*places, strict=True))
    found = connection.execute(
        f"""
        with passing as (select unnest(?) as load_number, unnest(?) as place),
        judged as (
            select version.load_number, version.place, version.is_winner, passing.place is not null as is_passing,
                row_number() over (
                    partition by version.key, version.content
                    order by passing.place is not null, version.load_number, version.place
                ) as time
            from ({_versions(entity)}) as version left join passing using (load_number, place)
        )
        select load_number, place, case when time > 1 then 'duplicate' when is_winner then 'accepted' else 'superseded' end
        from judged where is_passing
        """,
        [numbers, rows],
    ).fetchall()
    return {(number, place): fate for number, place, fate in found}


def _versions(entity: str) -> str:
    """Every version of the ids with more than one; the content of a joined row is its cells, and each of them counts."""
    if is_join(entity):
        return (
            "select load_number, place, concat(source, chr(31), join_key) as key, cells as content, true as is_winner"
            f" from private.joined_row where entity = {literal(entity)}"
        )
    key = record_key_column(CONTRACTS[entity])
    return (
        f"select _load_number as load_number, _place as place, {key} as key, _row_hash as content,"
        " _row_hash = _winning_hash as is_winner from staging.ranked"
    )
