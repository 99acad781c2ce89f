"""The models of core and marts on an engine behind Spark Connect, each stored as Parquet and read back from there.

Other tables go to the engine as they stand in DuckDB when a model first reads them. Windows are all days there: a night
on the engine makes its tables whole.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import duckdb

from models.errors import CatalogueError
from models.settings import SparkConnect
from models.tables import WriteMode
from sql.catalog import Catalogue, Model
from sql.engines.dialect import parse
from sql.engines.parquet import select_back, write_parquet
from sql.engines.rounds import run, stored
from sql.engines.session import open_session
from sql.engines.shape_rules import view_name
from sql.queries import parse_query

ENGINE_LAYERS = ("core", "marts")
"""Whose stored tables are made on the engine; ops and staging tell of the night itself."""

_EVERY_PERIOD = """
select period_grain, period_start from core.fct_scope_period
union select 'month' as period_grain, period_start from marts.team_turnover_monthly
"""
_GARBLED = "deserializing response"
"""In what gRPC says of an answer that it cannot read: seen once in some thousands of Sail's."""
_WHOLE = {
    "staging.dirty_day": "select date_day as activity_date from core.dim_date",
    "staging.dirty_scope_period": _EVERY_PERIOD,
}
"""Windows, with everything in them."""


@dataclass
class SparkEngine:
    """One build on the engine; `folder` is its own, and this machine and the engine reach it by the same path."""

    session: Any
    folder: Path
    catalogue: Catalogue
    _known: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def makes(self, model: Model) -> bool:
        """Whether the model's table is made here: DuckDB keeps what is a view or tells of the night."""
        return model.spec.schema_name in ENGINE_LAYERS and model.spec.write is not WriteMode.VIEW

    def make(self, connection: duckdb.DuckDBPyConnection, model: Model) -> Model:
        """Makes the table on the engine; returns the model whose query reads it back, every row of it."""
        with _told_of(model):
            self._need(connection, model)
            text = self.store(model)
        with self._lock:
            self._known.add(model.table)
        return replace(model, query=replace(model.query, text=text))

    def remake(self, connection: duckdb.DuckDBPyConnection, model: Model) -> Model:
        """As `make`, from the tables of DuckDB as they stand now, those of the last generation too."""
        for table in (*model.query.reads, *(f"previous.{table}" for table in model.query.reads_previous)):
            rmtree(self._path(table), ignore_errors=True)
            self.stage(connection, table)
        return replace(model, query=replace(model.query, text=self.store(model)))

    def store(self, model: Model) -> str:
        """Runs the model on views that stand already; returns the SELECT that reads its rows back."""
        self._store(model.table, model.query.text)
        return select_back(model.spec, self._path(model.table))

    def stage(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """A table of DuckDB as a view of the session."""
        write_parquet(connection, table, self._path(table))
        self._view(table, self.session.read.parquet(str(self._path(table))))

    def _need(self, connection: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Everything that the model reads, as views; once a build, though two lanes ask."""
        self._need_all(connection, model.query.reads)

    def _need_all(self, connection: duckdb.DuckDBPyConnection, tables: frozenset[str]) -> None:
        with self._lock:
            for table in sorted(tables - self._known):
                self._find(connection, table)
                self._known.add(table)

    def _find(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        model = self.catalogue.models.get(table)
        if table in _WHOLE:
            self._need_all(connection, parse_query(_WHOLE[table], table).reads)
            self._store(table, _WHOLE[table])
        elif model is None or model.spec.schema_name == "ops" or self.makes(model):
            self.stage(connection, table)
        else:
            self._need(connection, model)
            self.store(model)

    def _store(self, table: str, text: str) -> None:
        """Stores a table's rows as Parquet behind its view; an answer that came garbled is asked for once more."""
        try:
            self._write(table, text)
        except Exception as error:
            if not (_is_of_engine(error) and _GARBLED in str(error)):
                raise
            self._write(table, text)

    def _write(self, table: str, text: str) -> None:
        path = self._path(table)
        frame = run(self.session, parse(text), view_name(table), str(self.folder / "rounds" / table))
        frame.write.mode("overwrite").parquet(str(path))
        self._view(table, stored(self.session, frame, str(path)))

    def _view(self, table: str, frame: Any) -> None:
        frame.createOrReplaceTempView(view_name(table))

    def _path(self, table: str) -> Path:
        return self.folder / table


@contextmanager
def open_engine(settings: SparkConnect, folder: Path, catalogue: Catalogue) -> Iterator[SparkEngine]:
    """An engine for one build; what it stored in `folder` is gone afterwards, an earlier build's leavings before."""
    rmtree(folder, ignore_errors=True)
    with open_session(settings) as session:
        try:
            yield SparkEngine(session, folder, catalogue)
        finally:
            rmtree(folder, ignore_errors=True)


@contextmanager
def _told_of(model: Model) -> Iterator[None]:
    """What the engine or the way to it says, as an error that names the model."""
    try:
        yield
    except Exception as error:
        if not _is_of_engine(error):
            raise
        first = str(error).strip().splitlines()[0]
        raise CatalogueError(
            f"the engine cannot build {model.table} ({model.path}): {first}",
            "See whether the server still runs and reaches engine.spark_connect.storage; engine.kind: duckdb builds"
            " the table here.",
        ) from error


def _is_of_engine(error: Exception) -> bool:
    """Of pyspark or of the connection; their classes are known only where they are installed."""
    return type(error).__module__.split(".")[0] in ("pyspark", "grpc")
