"""What every page knows: the published file, when it is of, and the words of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb
import polars as pl

from models.settings import Settings
from pipelines.night.history import PastNight
from pipelines.reporting.words import Words

_Facts = TypeVar("_Facts")


@dataclass(frozen=True)
class Reader:
    """A locked-down connection to one generation. `as_of_day` is a company day; `nights` those before, newest first."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    words: Words
    generation: int
    as_of: datetime
    as_of_day: date
    nights: Sequence[PastNight] = ()
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, asked: Callable[[], _Facts]) -> _Facts:
        """Facts that several pages stand on, asked for by the first of them."""
        if name not in self.known:
            self.known[name] = asked()
        found: _Facts = self.known[name]
        return found

    def frame(self, sql: str, *parameters: object) -> pl.DataFrame:
        """The rows of a query; whole numbers and amounts as Polars has them."""
        found: pl.DataFrame = self.connection.sql(sql, params=list(parameters)).pl()
        return found

    def rows(self, sql: str, *parameters: object) -> Sequence[tuple[object, ...]]:
        """The rows of a small query."""
        return self.connection.execute(sql, list(parameters)).fetchall()

    def has(self, *tables: str) -> bool:
        """Whether these are built, under `metrics.subjects`, and hold a row."""
        built = {
            f"{schema}.{name}" for schema, name in self.rows("select schema_name, table_name from duckdb_tables()")
        }
        return all(table in built and bool(self.rows(f"select 1 from {table} limit 1")) for table in tables)


def reader_of(connection: duckdb.DuckDBPyConnection, settings: Settings, nights: Sequence[PastNight] = ()) -> Reader:
    """Of a generation whose books are closed."""
    ((generation, as_of),) = connection.execute("select generation, as_of from ops.publication").fetchall()
    return reader_of_build(connection, settings, generation, as_of, nights)


def reader_of_build(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    generation: int,
    as_of: datetime,
    nights: Sequence[PastNight] = (),
) -> Reader:
    """Of a build that is to become this generation: what its own books say of it is still of the night before."""
    # all of them: in DuckDB 2 a result that is not read to its end holds the connection
    ((as_of_day,),) = connection.execute("select as_of_date from core.parameter").fetchall()
    words = Words(settings.report.language, settings.company.currency, settings.company.timezone)
    return Reader(connection, settings, words, generation, as_of, as_of_day, nights)
