"""What a replay would bring, without a night: the files concerned are read from what was landed and judged by the
present settings, in memory. Nothing is written, and a night may run meanwhile.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.settings import Settings, Source
from pipelines.night.generation import Generation
from pipelines.night.identity import create_key_macros, create_private_tables, workspace_key
from pipelines.night.ingest import FileResult, create_staged_table, ingest_file, plan_entity
from pipelines.night.joins import build_join_tables, ingest_joined, is_join
from pipelines.night.operator import Target
from pipelines.night.plan import source_of
from pipelines.night.workspace import Workspace
from sql.quoting import literal
from sql.warehouse import Warehouse


@dataclass(frozen=True)
class Preview:
    """One file of a replay: how many of its named rows pass now, why others do not, or why none can be read."""

    target: Target
    rows_named: int
    rows_passing: int
    still: dict[str, int]
    refused: str | None = None


def preview_replay(
    workspace: Workspace, settings: Settings, published: Generation, targets: Sequence[Target]
) -> list[Preview]:
    """Judges each target's file again, in the targets' order."""
    with judging(workspace, settings, published) as (connection, scratch):
        return [_preview(connection, workspace, settings, target, scratch) for target in targets]


@contextmanager
def judging(
    workspace: Workspace, settings: Settings, published: Generation
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection in which landed files can be judged outside of a night, and a folder for what is unpacked."""
    engine = settings.engine
    with (
        tempfile.TemporaryDirectory() as scratch,
        Warehouse(memory_limit=engine.memory_limit, threads=engine.threads) as warehouse,
    ):
        connection = warehouse.connection
        connection.execute("attach ':memory:' as private")
        create_private_tables(connection)
        create_key_macros(connection, workspace_key(workspace.secret_key, os.environ))
        connection.execute(f"attach {literal(str(published.private))} as kept (read_only)")
        yield connection, Path(scratch)


def _preview(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    settings: Settings,
    target: Target,
    scratch: Path,
) -> Preview:
    source = source_of(settings, workspace.home, target.source, target.entity, target.object or "")
    named = len(target.lines or ())
    if source is None:
        return Preview(target, named, 0, {}, f"the settings name no source {target.source} for {target.entity}")
    try:
        result = judge_file(connection, workspace, settings, source, target, scratch)
    except UnreadableFileError as error:
        return Preview(target, named, 0, {}, error.what)
    lines = set(target.lines) if target.lines is not None else None
    broken = [row for row in result.rejected if lines is None or row.line_number in lines]
    passing = (result.rows_read if lines is None else named) - len({row.line_number for row in broken})
    still = Counter(f"{row.field or 'record'}: {row.rule}" for row in broken)
    return Preview(target, result.rows_read if lines is None else named, passing, dict(still.most_common()))


def judge_file(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    settings: Settings,
    source: Source,
    target: Target,
    scratch: Path,
    load_number: int = 1,
) -> FileResult:
    """Stages a target's whole file, and says what of it breaks a rule. Raises UnreadableFileError."""
    path = workspace.landed / target.file_sha256
    if not path.exists():
        raise UnreadableFileError(
            "file_gone",
            f"{target.file_name} is older than privacy.keep_landed_days and no longer there",
            "Put the file into the inbox again before the next night.",
        )
    where = (path, target.file_name, "", load_number, scratch)
    if is_join(target.entity):
        return ingest_joined(connection, source, target.entity, *where)
    create_staged_table(connection, CONTRACTS[target.entity])
    plan = plan_entity(settings, source, target.entity)
    if source.joins:
        connection.execute("delete from private.joined_row")
        connection.execute(
            "insert into private.joined_row select * from kept.joined_row where source = ?", [source.name]
        )
        plan = replace(plan, join_tables=build_join_tables(connection, source))
    return ingest_file(connection, plan, *where)
