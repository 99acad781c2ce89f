"""The models of core and marts on an engine behind Spark Connect, each stored as Parquet and read back from there.

Other tables go to the engine as they stand in DuckDB when a model first reads them; of those, what an earlier night sent is
not sent again. A window is the one that DuckDB has: what is asked for is its rows alone, and who reads that table
afterwards gets it from DuckDB, where they were put among the others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from models.engine_settings import SparkConnect
from models.errors import CatalogueError
from models.tables import WriteMode
from sql.catalog import Catalogue, Model
from sql.engines.dialect import parse
from sql.engines.kept import KeptTables
from sql.engines.parquet import select_back
from sql.engines.rounds import run, stored
from sql.engines.session import open_session
from sql.engines.shape_rules import view_name
from sql.engines.storage import BUILD, Storage

ENGINE_LAYERS = ("core", "marts")
"""Whose stored tables are made on the engine; ops and staging tell of the night itself."""

_GARBLED = "deserializing response"
"""In what gRPC says of an answer that it cannot read: seen once in some thousands of Sail's."""


@dataclass
class SparkEngine:
    """One build on the engine."""

    session: Any
    storage: Storage
    catalogue: Catalogue
    _known: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.kept = KeptTables(self.storage)

    def makes(self, model: Model) -> bool:
        """Whether the model's table is made here: DuckDB keeps what is a view or tells of the night."""
        return model.spec.schema_name in ENGINE_LAYERS and model.spec.write is not WriteMode.VIEW

    def make(self, connection: duckdb.DuckDBPyConnection, model: Model, is_window: bool = False) -> Model:
        """Makes the table on the engine; returns the model whose query reads back what was made.

        That is every row or, when `is_window`, those of the window as staging has it: the others stand in DuckDB.
        """
        with _told_of(model):
            self._need(connection, model)
            text = self.store(model)
        if not is_window:
            with self._lock:
                self._known.add(model.table)
        return replace(model, query=replace(model.query, text=text))

    def remake(self, connection: duckdb.DuckDBPyConnection, model: Model) -> Model:
        """As `make`, from the tables of DuckDB as they stand now, those of the last generation too."""
        for table in (*model.query.reads, *(f"previous.{table}" for table in model.query.reads_previous)):
            self.stage(connection, table)
        return replace(model, query=replace(model.query, text=self.store(model)))

    def store(self, model: Model) -> str:
        """Runs the model on views that stand already; returns the SELECT that reads its rows back."""
        self._store(model.table, model.query.text)
        return select_back(model.spec, self.storage.bring(_name(model.table)))

    def stage(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """A table of DuckDB as a view of the session."""
        names = self.kept.send(connection, table, self.catalogue.specs().get(table))
        self._view(table, self.session.read.parquet(*(self.storage.address(name) for name in names)))

    def _need(self, connection: duckdb.DuckDBPyConnection, model: Model) -> None:
        """Everything that the model reads, as views; once a build, though two lanes ask."""
        with self._lock:
            for table in sorted(model.query.reads - self._known):
                self._find(connection, table)
                self._known.add(table)

    def _find(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        model = self.catalogue.models.get(table)
        if model is None or model.spec.schema_name == "ops" or self.makes(model) or _is_scratch_of(connection, table):
            self.stage(connection, table)
        else:
            self._need(connection, model)
            if model.spec.write is WriteMode.VIEW:
                self._view(table, self._frame(table, model.query.text))
            else:
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
        frame = self._frame(table, text)
        frame.write.mode("overwrite").parquet(self.storage.address(_name(table)))
        self._view(table, stored(self.session, frame, self.storage, _name(table)))

    def _frame(self, table: str, text: str) -> Any:
        return run(self.session, parse(text), view_name(table), self.storage, f"{BUILD}/rounds/{table}")

    def _view(self, table: str, frame: Any) -> None:
        frame.createOrReplaceTempView(view_name(table))


def _name(table: str) -> str:
    """Where in the storage a made table lies."""
    return f"{BUILD}/{table}"


def _is_scratch_of(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether DuckDB made this table of staging tonight."""
    schema, name = table.split(".")
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and table_name = ?", [schema, name]
    ).fetchone()
    return schema == "staging" and found is not None


@contextmanager
def open_engine(
    settings: SparkConnect, storage: Storage, catalogue: Catalogue, is_fresh: bool = False, is_whole: bool = True
) -> Iterator[SparkEngine]:
    """An engine for one build; what the build stored is gone afterwards, an earlier build's leavings before.

    `is_fresh` sends everything anew; `is_whole`, a build of every table, forgets what it did not ask for.
    """
    storage.remove([BUILD])
    with open_session(settings) as session:
        try:
            engine = SparkEngine(session, storage, catalogue)
            if is_fresh:
                engine.kept.remove_all()
            yield engine
            if is_whole:
                engine.kept.remove_unused()
        finally:
            storage.remove([BUILD])


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
