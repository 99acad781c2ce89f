"""Test cases of models: rows given → whole rows expected, in tests/tables/<schema>/<table>/<rule>.yaml.

A case needs nothing but the catalogue. Tables it gives hold its rows; other models are built by their own SQL,
only as far as the tested model reads them; all else exists and is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from models.errors import CatalogueError, SettingsError, nearest
from models.strict_yaml import read_yaml
from models.tables import WriteMode
from sql.build import write_table
from sql.case_rows import differences, expected_rows, fetch_rows
from sql.case_world import World, fresh_databases
from sql.catalog import Catalogue, Model
from sql.catalog_rules import explain
from sql.inputs import Parameters
from sql.quoting import qualified

Elsewhere = Callable[[duckdb.DuckDBPyConnection, Model], Model]
"""Makes a model's rows from the tables that stand; returns the model with a query that reads them."""

DEFAULT_AS_OF = "2026-03-31T23:59:59.999999Z"


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


def run_case(
    catalogue: Catalogue, case: Case, connection: duckdb.DuckDBPyConnection, elsewhere: Elsewhere | None = None
) -> list[str]:
    """Builds the table under test; returns a readable block for every row that is not as expected.

    `connection` is one of `warehouse.connect(threads=1)`; opening one costs more than a case, so cases share it,
    and nothing else: each has fresh databases. `elsewhere` makes the table under test on another engine. Raises CatalogueError when the case or a query is wrong in itself.
    """
    if case.table not in catalogue.models:
        raise CatalogueError(
            f"{case.path} is a case of {case.table}, which is no model.{nearest(case.table, catalogue.models)}",
            "Rename its folder.",
        )
    with fresh_databases(connection):
        world = World(connection, catalogue, case.path, case.parameters, case.given)
        _build_tested(world, case, elsewhere)
        world.refuse_unread(f"{case.table} does not read")
        spec = catalogue.spec(case.table)
        expected = expected_rows(connection, spec, case.expect, case.path)
        return differences(spec, expected, fetch_rows(connection, spec, qualified(spec.table), spec.grain))


def _build_tested(world: World, case: Case, elsewhere: Elsewhere | None) -> None:
    model = world.catalogue.models[case.table]
    if model.table in case.given:
        if model.spec.write is not WriteMode.WINDOW:
            raise CatalogueError(
                f"{case.path} gives the tested table {model.table} itself",
                "Only a window table has rows before a build.",
            )
        world.give(model.table)
    world.make_reads(model)
    world.made.add(model.table)
    stands = {model.table: "table"} if model.table in case.given else {}
    made = model if elsewhere is None else elsewhere(world.connection, model)
    write_table(world.connection, made, model.spec.write, stands)
