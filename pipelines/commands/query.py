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
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT on the published tables.")],
    form: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option(help="Write to this file instead.", dir_okay=False)] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="CSV: leave texts that a spreadsheet would run as formulas as they are.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the published tables, in SQL. Never writes to them, reads no other file, reaches no network."""
    from pipelines.commands.rows import write_rows

    wanted = Format.JSON if as_json else form
    if wanted is Format.PARQUET and output is None:
        raise UsageError("Parquet is no text for a terminal", "Name a file: --output FILE")
    connection = open_warehouse(workspace_at(home))
    try:
        with _sql_errors_explained():
            write_rows(connection.execute(sql), wanted, output, raw)
    finally:
        connection.close()


def open_warehouse(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A locked-down connection to what is published; TouchlineError when nothing is yet."""
    from sql.warehouse import open_published

    if not workspace.published_file.exists():
        workspace.settings()
        raise TouchlineError(
            f"Nothing is published in {workspace.home} yet", f"Run a night: touchline run --home {workspace.home}"
        )
    return open_published(workspace.published_file.resolve())


@contextmanager
def _sql_errors_explained() -> Iterator[None]:
    """Around asking and fetching, since rows are made while they are fetched."""
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
