"""Reading the quarantine for the command line: rejected rows by choice, refused files, rows as they came."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_quality.remedies import remedy_of
from models.errors import TouchlineError, UsageError, nearest
from pipelines.commands.fetching import Rows, fetch
from pipelines.night.operator import Target
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    from models.settings import Settings

_FILTERS = {"rule": "rule", "source": "source", "file": "file_name", "load": "load_id"}


@dataclass(frozen=True)
class Choice:
    """Which quarantined rows a command is about; a blank filter chooses any. `ids` are rejected ids or load:line."""

    rule: str | None = None
    source: str | None = None
    file: str | None = None
    load: str | None = None
    ids: tuple[str, ...] = ()
    everything: bool = False
    discarded: bool = False

    @property
    def words(self) -> str:
        """As on the command line."""
        parts = [f"--{name} {value}" for name in _FILTERS if (value := getattr(self, name))]
        parts += [f"--{name}" for name, given in (("all", self.everything), ("discarded", self.discarded)) if given]
        return " ".join([*self.ids, *parts])

    def condition(self) -> tuple[str, list[object]]:
        """SQL over quarantine.rejected, and its values; only rows that still stand in quarantine."""
        tests = ["replayed_at is null", f"discarded_at is {'not null' if self.discarded else 'null'}"]
        values: list[object] = []
        for name, column in _FILTERS.items():
            if value := getattr(self, name):
                tests.append(f"{column} = ?")
                values.append(value)
        if self.ids:
            tests.append("(list_contains(?, rejected_id) or list_contains(?, concat(load_id, ':', line_number)))")
            values += [list(self.ids), list(self.ids)]
        return " and ".join(tests), values


def counted(rows: int, files: int) -> str:
    """`2 rows and 1 refused file`; what there is none of is left out."""
    parts = [(rows, "row"), (files, "refused file")]
    said = [f"{number:,} {noun}{'' if number == 1 else 's'}" for number, noun in parts if number]
    return " and ".join(said) or "no row"


def open_quarantine(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A read-only connection to what is published."""
    from pipelines.commands.query import open_warehouse

    return open_warehouse(workspace)


def groups_of(connection: duckdb.DuckDBPyConnection, choice: Choice, only_generation: int | None = None) -> Rows:
    """Rejected rows by source, entity, field and rule, the most first, each with an example and a remedy."""
    where, values = choice.condition()
    if only_generation is not None:
        where, values = f"{where} and starts_with(load_id, ?)", [*values, f"{only_generation:06d}-"]
    groups = fetch(
        connection,
        f"""
        select source, entity, field, rule, count(distinct (load_id, line_number)) as rows,
            count(distinct load_id) as files, min_by(excerpt, rejected_id) as example,
            min_by(message, rejected_id) as message, min(rejected_id) as example_id
        from quarantine.rejected where {where}
        group by all order by rows desc, source, entity, field, rule
        """,
        values,
    )
    return [{**group, "remedy": remedy_of(group["rule"], group["source"], group["field"])} for group in groups]


def reasons_of(connection: duckdb.DuckDBPyConnection, choice: Choice, limit: int) -> Rows:
    """The chosen rows' reasons, for the first `limit` rows, in the order of file and line."""
    where, values = choice.condition()
    return fetch(
        connection,
        f"""
        select * from quarantine.rejected where {where}
        qualify dense_rank() over (order by load_id, line_number) <= ? order by load_id, line_number, rejected_id
        """,
        [*values, limit],
    )


def countfetch(connection: duckdb.DuckDBPyConnection, choice: Choice) -> int:
    """How many rows the choice is about."""
    where, values = choice.condition()
    sql = f"select count(distinct (load_id, line_number)) from quarantine.rejected where {where}"
    (count,) = connection.execute(sql, values).fetchone() or (0,)
    return int(count)


def refused_files(connection: duckdb.DuckDBPyConnection, choice: Choice) -> Rows:
    """Files refused whole, of whose name nothing came since: each with the reason and what to do."""
    from pipelines.night.orders import object_sql

    state = "not null" if choice.discarded else "null"
    found = fetch(
        connection,
        f"""
        select load_id, source, entity, file_name, file_sha256, reason, remedy, landed_at, discard_reason,
            {object_sql(connection)} as object
        from ops.load as load
        qualify status = 'refused' and discarded_at is {state}
            and row_number() over (partition by source, entity, file_name, object order by load_id desc) = 1
        order by source, file_name
        """,
    )
    rules = {row["load_id"]: str(row["reason"]).split(":")[0] for row in found}
    wanted = (("rule", rules.get), ("source", _of("source", found)), ("file", _of("file_name", found)))
    for name, value_of in wanted:
        if value := getattr(choice, name):
            found = [row for row in found if value_of(row["load_id"]) == value]
    ids = {*choice.ids, *([choice.load] if choice.load else [])}
    return [row for row in found if not ids or row["load_id"] in ids]


def _of(column: str, rows: Rows) -> Callable[[str], Any]:
    return {row["load_id"]: row[column] for row in rows}.get


def still_in_inbox(workspace: Workspace, settings: Settings, files: Rows) -> Rows:
    """Those of the files whose name a source still finds (API pages: whose window waits); one that went needs nobody."""
    from pipelines.night.landing import find_files
    from pipelines.night.objects import objects_seen
    from pipelines.sources.extraction.shelf import waiting_files

    there = {
        (file.source, file.name) for source in settings.sources for file in find_files(workspace.home, source, settings)
    }
    there |= {(file.source, file.name) for file in objects_seen(workspace, settings)}
    there |= {
        (source.name, name)
        for source in settings.sources
        if source.api is not None
        for name in waiting_files(workspace.fetched / source.name)
    }
    return [row for row in files if (row["source"], row["file_name"]) in there]


def targets_of(connection: duckdb.DuckDBPyConnection, choice: Choice, refused: Rows) -> list[Target]:
    """What an order about the choice names: rows by file and line, and refused files."""
    from pipelines.night.orders import object_sql

    where, values = choice.condition()
    rows = connection.execute(
        f"""
        select source, entity, file_sha256, any_value(rejected.file_name), list(distinct line_number order by line_number),
            object
        from quarantine.rejected as rejected
        join (select load_id, file_sha256, {object_sql(connection)} as object from ops.load as load) using (load_id)
        where {where} group by source, entity, file_sha256, object order by all
        """,
        values,
    ).fetchall()
    lines = [Target(source, entity, sha, name, tuple(found), of) for source, entity, sha, name, found, of in rows]
    whole = [
        Target(row["source"], row["entity"], row["file_sha256"], row["file_name"], None, row["object"])
        for row in refused
    ]
    return lines + whole


def refuse_unknown(connection: duckdb.DuckDBPyConnection, choice: Choice) -> None:
    """UsageError when a filter names what the quarantine has never seen: a typing error must not pass for `nothing`."""
    for name, column in _FILTERS.items():
        value = getattr(choice, name)
        if not value:
            continue
        known = {
            str(row[0]) for row in connection.execute(f"select distinct {column} from quarantine.rejected").fetchall()
        }
        loaded = {"rule": "split_part(reason, ':', 1)"}.get(name, column)
        known |= {str(row[0]) for row in connection.execute(f"select distinct {loaded} from ops.load").fetchall()}
        if value not in known:
            raise UsageError(
                f"nothing was ever rejected or refused with --{name} {value}.{nearest(value, known)}",
                "See what there is: touchline quarantine list",
            )


def rows_as_they_came(workspace: Workspace, lines: set[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """The records behind rejected lines, as objects of cells or as text. Raises TouchlineError when they are closed to us."""
    import duckdb

    from sql.warehouse import open_published

    private = workspace.published.resolve() / "private.duckdb"
    try:
        connection = open_published(private)
    except (duckdb.Error, OSError) as error:
        raise TouchlineError(
            f"the rows as they came stand in {private}, which cannot be opened: {str(error).splitlines()[0]}",
            "It may be read by its owner only: run the command as the user who runs the nights.",
        ) from None
    try:
        found = connection.execute(
            "select load_id, line_number, raw from quarantined_row where list_contains(?, concat(load_id, ':', line_number))",
            [[f"{load_id}:{line}" for load_id, line in lines]],
        ).fetchall()
    finally:
        connection.close()
    return {(load_id, line): _cells(raw) for load_id, line, raw in found}


def _cells(raw: str) -> Any:
    try:
        cells = json.loads(raw)
    except ValueError:
        return raw
    return cells if isinstance(cells, dict) else raw


def failed_groups(database: Path, choice: Choice) -> Rows:
    """What the night rejected whose build a check stopped."""
    from sql.warehouse import open_published

    connection = open_published(database.resolve())
    try:
        return groups_of(connection, choice, only_generation=int(database.parent.name))
    finally:
        connection.close()
