"""The joined side of a mapping: landed and accounted as an entity of its own, kept as JSON cells in private.duckdb.

When either side changes the night rebuilds from what was landed, so a join never depends on which file came first.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from data_quality.quarantine import Rejected
from models.errors import UnreadableFileError, nearest
from models.mapping import JoinSpec
from models.settings import Source
from pipelines.night.admission import admission_of, admit
from pipelines.night.ingest import FileResult, structural_rejects
from pipelines.night.landing import JOIN_PREFIX, join_entity
from pipelines.sources.join_sql import joined_columns
from pipelines.sources.reading import TextRows, read_rows, reconcile
from sql.quoting import identifier, literal


def is_join(entity: str) -> bool:
    """Whether a load's entity is the joined side of a mapping."""
    return entity.startswith(JOIN_PREFIX)


def join_spec(source: Source, entity: str) -> JoinSpec:
    """The spec behind `join:<entity>:<name>`."""
    return source.joins[entity.split(":")[2]]


def ingest_joined(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    entity: str,
    path: Path,
    name: str,
    load_id: str,
    load_number: int,
    scratch: Path,
) -> FileResult:
    """Keeps the rows of a joined file; a row with a blank key is quarantined."""
    spec = join_spec(source, entity)
    rows = _admitted(source, entity, read_rows(connection, path, spec.read, name, scratch))
    if not _stage(connection, rows, spec, name):
        rows = _admitted(source, entity, read_rows(connection, path, spec.read, name, scratch, force_slow=True))
        _stage(connection, rows, spec, name)
    rejected = (
        *structural_rejects(source.name, entity, rows, load_id, name),
        *_without_key(connection, source, entity, spec, rows, load_id, name),
    )
    connection.execute(
        f"insert into private.joined_row select {literal(source.name)}, {literal(entity)}, {load_number}, rowid, join_key, cells"
        " from staging.joined where join_key is not null"
    )
    return FileResult(
        rows_read=rows.rows + len(rows.rejects) + rows.ignored,
        rows_valid=rows.rows - (len(rejected) - len(rows.rejects)),
        rows_quarantined=len(rejected),
        rows_ignored=rows.ignored,
        rejected=rejected,
        unnamed=(),
        matched={column: column if column in rows.columns else None for column in columns_taken(source, entity)},
        line_of=rows.line_of,
        first_row=0,
        row_count=rows.rows,
    )


def _admitted(source: Source, entity: str, rows: TextRows) -> TextRows:
    """The key and the columns that the mapping takes are looked for."""
    return admit(rows, admission_of(source), [join_spec(source, entity).key, *columns_taken(source, entity)])


def columns_taken(source: Source, entity: str) -> dict[str, tuple[str, ...]]:
    """The columns of a joined side that the mapping takes → the fields that read them."""
    taken: dict[str, tuple[str, ...]] = {}
    for field, rule in source.fields.items():
        for part in rule.alternatives():
            if part.join == entity.split(":")[2] and part.column is not None:
                taken[part.column] = (*taken.get(part.column, ()), field)
    return taken


def _stage(connection: duckdb.DuckDBPyConnection, rows: TextRows, spec: JoinSpec, name: str) -> bool:
    if spec.key not in rows.columns:
        raise UnreadableFileError(
            "missing_column",
            f"{name}: the joined file has no column '{spec.key}'.{nearest(spec.key, rows.columns)}",
            "Name one of its columns as the join's `key`: " + ", ".join(rows.columns),
        )
    try:
        connection.execute(
            f"create or replace table staging.joined as select nullif(trim({identifier(spec.key)}), '') as join_key,"
            f" to_json(cells)::varchar as cells from (select cells, {identifier(spec.key)} from {rows.relation} as cells)"
        )
    except duckdb.Error:
        if rows.path_taken != "fast":
            raise
        return False
    (count,) = connection.execute("select count(*) from staging.joined").fetchone() or (0,)
    return reconcile(rows, count)


def _without_key(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    entity: str,
    spec: JoinSpec,
    rows: TextRows,
    load_id: str,
    name: str,
) -> list[Rejected]:
    blank = connection.execute(
        "select rowid, cells from staging.joined where join_key is null order by rowid"
    ).fetchall()
    return [
        Rejected(
            load_id,
            source.name,
            entity,
            name,
            rows.line_of(place),
            None,
            spec.key,
            "required",
            "the join's key is blank",
            "",
            cells,
        )
        for place, cells in blank
    ]


def count_repeats(connection: duckdb.DuckDBPyConnection, source: str, entity: str) -> dict[int, int]:
    """Rows of each load whose key and content an earlier row of the same joined side already had."""
    return dict(
        connection.execute(
            """
            select load_number, count(*) from (
                select load_number, row_number() over (partition by join_key, cells order by load_number, place) as time
                from private.joined_row where source = ? and entity = ?
            ) where time > 1 group by 1
            """,
            [source, entity],
        ).fetchall()
    )


def build_join_tables(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """For each join of the source, a staging table of its rows, latest first, with the columns its mapping takes."""
    tables = {}
    for name in source.joins:
        table = f"staging.{identifier(f'join_{source.name}_{source.entity}_{source.object}_{name}')}"
        taken = joined_columns(source.mapping(), name)
        cells = ", ".join(
            f"json_extract_string(cells, {literal('$.' + _json_key(column))}) as {identifier(column)}"
            for column in taken
        )
        connection.execute(
            f"""
            create or replace table {table} as
            select join_key, {cells} from private.joined_row
            where source = {literal(source.name)} and entity = {literal(join_entity(source, name))}
            order by load_number desc, place desc
            """
        )
        tables[name] = table
    return tables


def _json_key(column: str) -> str:
    return '"' + column.replace('"', '\\"') + '"'
