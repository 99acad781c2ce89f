"""Test cases of models: rows given → whole rows expected, in tests/tables/<schema>/<table>/<rule>.yaml.

A case needs nothing but the catalogue. Tables it gives hold its rows; other models are built by their own SQL,
only as far as the tested model reads them; all else exists and is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from models.errors import CatalogueError, SettingsError, nearest
from models.strict_yaml import read_yaml
from models.tables import TableSpec, WriteMode
from sql.build import write_table
from sql.case_rows import Row, differences, fetch_rows, load_rows
from sql.catalog import Catalogue, Model
from sql.catalog_rules import explain
from sql.inputs import Parameters, create_parameter_table
from sql.quoting import identifier, qualified
from sql.reference import create_reference_table
from sql.rows import create_table
from sql.warehouse import PUBLISHED_SCHEMAS, attach

DEFAULT_AS_OF = "2026-03-31T23:59:59.999999Z"
_DATABASES = ("crm", "staging", "previous")
_DIM_DATE = "core.dim_date"
_DIRTY_DAY = "staging.dirty_day"
_EXPECTED = "ops.expected"


class Case(BaseModel):
    """One rule of one table, shown by example. Columns that `expect` leaves out must be NULL or, for
    numbers that are required, 0: where NULL is possible, 0 says something else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(exclude=True)
    why: str = Field(min_length=1)
    parameters: Parameters = Parameters.model_validate({"as_of": DEFAULT_AS_OF})
    given: dict[str, list[dict[str, Any]]] = {}
    expect: list[dict[str, Any]]

    @field_validator("parameters", mode="before")
    @classmethod
    def _with_as_of(cls, value: Any) -> Any:
        return {"as_of": DEFAULT_AS_OF, **value} if isinstance(value, dict) else value

    @property
    def table(self) -> str:
        """The table under test, named by the two folders above the case."""
        return f"{self.path.parts[-3]}.{self.path.parts[-2]}"


def find_cases(folder: Path) -> list[Path]:
    """All cases below tests/tables, by name."""
    return sorted(folder.glob("*/*/*.yaml"))


def load_case(path: Path) -> Case:
    """Reads a case; raises CatalogueError naming file and key."""
    try:
        content = read_yaml(path)
        return Case.model_validate({**content, "path": path} if isinstance(content, dict) else content)
    except SettingsError as error:
        raise CatalogueError(error.what, error.remedy) from None
    except ValidationError as error:
        raise CatalogueError(
            f"{path} is wrong:\n{explain(error, Case)}", "A case has why, parameters, given and expect."
        ) from None


def run_case(catalogue: Catalogue, case: Case, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Builds the table under test; returns a readable block for every row that is not as expected.

    `connection` is one of `warehouse.connect(threads=1)`; opening one costs more than a case, so cases share it,
    and nothing else: each has fresh databases. Raises CatalogueError when the case or a query is wrong in itself.
    """
    if case.table not in catalogue.models:
        raise CatalogueError(
            f"{case.path} is a case of {case.table}, which is no model.{nearest(case.table, catalogue.models)}",
            "Rename its folder.",
        )
    with fresh_databases(connection):
        world = _World(connection, catalogue, case)
        world.build_tested()
        world.refuse_unread()
        return world.differences()


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
class _World:
    """The databases of one case, filled on demand."""

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    case: Case
    made: set[str] = field(default_factory=set)

    def build_tested(self) -> None:
        model = self.catalogue.models[self.case.table]
        if model.table in self.case.given:
            self._give_tested(model.spec)
        self._make_reads(model)
        self.made.add(model.table)
        write_table(self.connection, model, model.spec.write)

    def refuse_unread(self) -> None:
        unread = sorted(set(self.case.given) - self.made)
        if unread:
            self._refuse(
                f"gives {unread[0]}, which {self.case.table} does not read (or only through a table given as well)."
                f"{nearest(unread[0], self._known())}",
                "Take it out, or mend its name.",
            )

    def differences(self) -> list[str]:
        spec = self.catalogue.spec(self.case.table)
        return differences(
            spec, self._expected(spec), fetch_rows(self.connection, spec, qualified(spec.table), spec.grain)
        )

    def _expected(self, spec: TableSpec) -> list[Row]:
        """The expected rows as DuckDB writes their values, without the columns that the case leaves out."""
        expected = spec.model_copy(update={"table": _EXPECTED})
        name = self._load(expected, self.case.expect, "expect")
        fetched = fetch_rows(self.connection, expected, name, order=None)
        return [
            {key: value for key, value in typed.items() if key in written}
            for typed, written in zip(fetched, self.case.expect, strict=True)
        ]

    def _give_tested(self, spec: TableSpec) -> None:
        if spec.write is not WriteMode.WINDOW:
            self._refuse(f"gives the tested table {spec.table} itself", "Only a window table has rows before a build.")
        self._load(spec, self.case.given[spec.table], f"given.{spec.table}")

    def _make_reads(self, model: Model) -> None:
        of_window = {model.spec.window.of} if model.spec.window else set()
        for table in sorted(model.query.reads | of_window):
            self._make(table)
        for table in sorted(model.query.reads_previous):
            self._make_previous(table)

    def _make(self, table: str) -> None:
        if table in self.made:
            return
        self.made.add(table)
        if table in self.case.given:
            self._load(self.catalogue.spec(table), self.case.given[table], f"given.{table}")
        elif table == "core.parameter":
            create_parameter_table(self.connection, self.case.parameters)
        elif table in self.catalogue.references:
            create_reference_table(self.connection, self.catalogue.references[table])
        elif table == _DIRTY_DAY:
            self._make_every_day_dirty()
        elif table in self.catalogue.models:
            model = self.catalogue.models[table]
            self._make_reads(model)
            write_table(self.connection, model, model.spec.write)
        else:
            create_table(self.connection, self.catalogue.spec(table))

    def _make_previous(self, table: str) -> None:
        name = f"previous.{table}"
        if name not in self.made:
            self.made.add(name)
            self._load(self.catalogue.spec(table), self.case.given.get(name, []), f"given.{name}", "previous")

    def _make_every_day_dirty(self) -> None:
        name = create_table(self.connection, self.catalogue.spec(_DIRTY_DAY))
        if _DIM_DATE in self.catalogue.models:
            self._make(_DIM_DATE)
            day = identifier(self.catalogue.spec(_DIM_DATE).grain[0])
            self.connection.execute(f"insert into {name} select {day} from {_DIM_DATE}")

    def _load(self, spec: TableSpec, rows: list[dict[str, Any]], where: str, catalog: str | None = None) -> str:
        try:
            return load_rows(self.connection, spec, rows, where, catalog)
        except (ValueError, duckdb.Error) as error:
            raise CatalogueError(f"{self.case.path}: {error}", "Mend the row.") from None

    def _known(self) -> set[str]:
        return {*self.catalogue.specs(), *(f"previous.{table}" for table in self.catalogue.specs())}

    def _refuse(self, what: str, remedy: str) -> None:
        raise CatalogueError(f"{self.case.path} {what}", remedy)
