"""Rows of a database of ours as dictionaries, for the commands that read more than one table of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.errors import TouchlineError

if TYPE_CHECKING:
    import duckdb

Rows = list[dict[str, Any]]


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()) -> Rows:
    """The rows, by column; TouchlineError when the file was made by a version with other tables."""
    import duckdb

    try:
        result = connection.execute(sql, list(values))
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise TouchlineError(
            f"The published file is not of this version: {str(error).splitlines()[0]}",
            "Publish it anew: touchline run --full-refresh",
        ) from None
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
