"""The tables that a test case stands on: given ones hold its rows, other models are built by their own SQL, only as far
as something asks for them; all else exists and is empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from models.errors import CatalogueError, nearest
from models.tables import TableSpec
from sql.build import write_table
from sql.case_rows import load_rows
from sql.catalog import Catalogue, Model
from sql.inputs import Parameters, create_parameter_table
from sql.quoting import identifier
from sql.reference import create_reference_table
from sql.rows import create_table
from sql.warehouse import PUBLISHED_SCHEMAS, attach

_DATABASES = ("crm", "staging", "previous")
_DIM_DATE = "core.dim_date"
_DIRTY_DAY = "staging.dirty_day"


@contextmanager
def fresh_databases(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """crm, staging and previous in memory, with their schemas; gone afterwards."""
    try:
        for database in _DATABASES:
            attach(connection, database, None)
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema crm.{schema}; create schema previous.{schema}")
        connection.execute("use crm")
        yield
    finally:
        connection.execute("use memory")
        for database in _DATABASES:
            connection.execute(f"detach database if exists {database}")


@dataclass
class World:
    """The databases of one case, filled on demand. `made` are the tables that were asked for."""

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    path: Path
    parameters: Parameters
    given: Mapping[str, list[dict[str, Any]]]
    made: set[str] = field(default_factory=set)

    def make_reads(self, model: Model) -> None:
        """Everything that a model reads."""
        of_window = {model.spec.window.of} if model.spec.window else set()
        for table in sorted(model.query.reads | of_window):
            self.make(table)
        for table in sorted(model.query.reads_previous):
            self._make_previous(table)

    def make(self, table: str) -> None:
        """A table of this build with all that it stands on, once."""
        if table in self.made:
            return
        self.made.add(table)
        if table in self.given:
            self.give(table)
        elif table == "core.parameter":
            create_parameter_table(self.connection, self.parameters)
        elif table in self.catalogue.references:
            create_reference_table(self.connection, self.catalogue.references[table])
        elif table == _DIRTY_DAY:
            self._make_every_day_dirty()
        elif table in self.catalogue.models:
            model = self.catalogue.models[table]
            self.make_reads(model)
            write_table(self.connection, model, model.spec.write, existing={})
        else:
            create_table(self.connection, self.catalogue.spec(table))

    def give(self, table: str) -> None:
        """The table with the case's rows."""
        self._load(self.catalogue.spec(table), self.given[table], f"given.{table}")

    def refuse_unread(self, what: str) -> None:
        """Raises CatalogueError for a given table that nothing asked for; `what` says who does not."""
        unread = sorted(set(self.given) - self.made)
        if unread:
            raise CatalogueError(
                f"{self.path} gives {unread[0]}, which {what} (or only through a table given as well)."
                f"{nearest(unread[0], self._known())}",
                "Take it out, or mend its name.",
            )

    def _make_previous(self, table: str) -> None:
        name = f"previous.{table}"
        if name not in self.made:
            self.made.add(name)
            self._load(self.catalogue.spec(table), self.given.get(name, []), f"given.{name}", "previous")

    def _make_every_day_dirty(self) -> None:
        name = create_table(self.connection, self.catalogue.spec(_DIRTY_DAY))
        if _DIM_DATE in self.catalogue.models:
            self.make(_DIM_DATE)
            day = identifier(self.catalogue.spec(_DIM_DATE).grain[0])
            self.connection.execute(f"insert into {name} select {day} from {_DIM_DATE}")

    def _load(self, spec: TableSpec, rows: list[dict[str, Any]], where: str, catalog: str | None = None) -> None:
        try:
            load_rows(self.connection, spec, rows, where, catalog)
        except (ValueError, duckdb.Error) as error:
            raise CatalogueError(f"{self.path}: {error}", "Mend the row.") from None

    def _known(self) -> set[str]:
        return {*self.catalogue.specs(), *(f"previous.{table}" for table in self.catalogue.specs())}
