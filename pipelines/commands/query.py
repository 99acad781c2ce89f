"""`touchline query`: SQL on what is published; read-only, with no way to files or the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import TouchlineError, UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def query(
    sql: Annotated[
        str | None,
        typer.Argument(metavar="[SQL]", help="One SELECT on the published tables; in a terminal, none opens a prompt."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option(help="Write to this file instead.", dir_okay=False)] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="CSV: leave texts that a spreadsheet would run as formulas as they are.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the published tables, in SQL. Never writes to them, reads no other file, reaches no network.

    Without SQL a prompt opens in a terminal: it completes tables and columns, and knows .tables, .columns TABLE, .quit.
    """
    wanted = Format.JSON if as_json else form
    workspace = workspace_at(home)
    if sql is None:
        _converse(workspace, wanted, output, raw)
        return
    if wanted is Format.PARQUET and output is None:
        raise UsageError("Parquet is no text for a terminal", "Name a file: --output FILE")
    if output is not None:
        _refuse_workspace_files(output, workspace)
    connection = open_warehouse(workspace)
    try:
        answer(connection, sql, wanted, output, raw)
    finally:
        connection.close()


def _converse(workspace: Workspace, wanted: Format, output: Path | None, raw: bool) -> None:
    """Question after question, where somebody sits who asks them."""
    from pipelines.commands.questions import is_somebody_there

    if output is not None or wanted is Format.PARQUET or not is_somebody_there():
        raise UsageError(
            "No SQL is given, and only a terminal can be asked for it",
            'Give one SELECT: touchline query "select * from marts.rep_activity_daily limit 5"',
        )
    from pipelines.commands.prompt import converse

    converse(workspace, wanted, raw)


def answer(connection: duckdb.DuckDBPyConnection, sql: str, wanted: Format, output: Path | None, raw: bool) -> None:
    """Writes what one SELECT finds; UsageError for any other statement, and for SQL that is wrong."""
    from pipelines.commands.rows import write_rows

    _refuse_all_but_one_select(connection, sql)
    with sql_errors_explained():
        write_rows(connection, sql, wanted, output, raw)


def _refuse_workspace_files(output: Path, workspace: Workspace) -> None:
    """Nothing that a person writes may take the place of what the workspace keeps."""
    home, target = workspace.home.resolve(), output.resolve()
    kept = (workspace.var.resolve(), home / "inbox", workspace.settings_file.resolve())
    if any(target.is_relative_to(place) for place in kept):
        raise UsageError(f"{output} lies in the workspace, where nights keep their files", "Name another --output.")


def _refuse_all_but_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    import duckdb

    with sql_errors_explained():
        found = [statement.type for statement in connection.extract_statements(sql)]
    reading = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(found) != 1 or found[0] not in reading:
        raise UsageError(
            f"query is read-only: expected one SELECT, found {len(found)} statements of other kinds or number",
            'Ask one question at a time: touchline query "select * from marts.rep_activity_daily limit 5"',
        )


def open_warehouse(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A locked-down connection to what is published; TouchlineError when nothing is yet."""
    from sql.warehouse import open_published

    if not workspace.published_file.exists():
        workspace.must_exist()
        raise TouchlineError(
            f"Nothing is published in {workspace.home} yet", f"Run a night: touchline run --home {workspace.home}"
        )
    return open_published(workspace.published_file.resolve())


@contextmanager
def sql_errors_explained() -> Iterator[None]:
    """Errors of DuckDB as ours. Around asking and fetching, since rows are made while they are fetched."""
    import duckdb

    try:
        yield
    except (duckdb.OperationalError, duckdb.InternalError) as error:
        raise TouchlineError(_first_lines(error), "Ask for less at once, or see engine.memory_limit.") from None
    except duckdb.Error as error:
        raise UsageError(
            _first_lines(error), "Mend the SQL; `select table_name from duckdb_tables()` lists the tables."
        ) from None


def _first_lines(error: Exception) -> str:
    """What DuckDB found, without the excerpt of the query that it draws below."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hint = next((line for line in lines[1:] if line.startswith(("Did you mean", "Candidate"))), "")
    return f"{lines[0]} {hint}".strip() if lines else type(error).__name__
