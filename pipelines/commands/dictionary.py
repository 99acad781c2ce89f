"""`touchline dictionary`: what every published table and column holds, in the terminal; needs no workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import UsageError, nearest
from pipelines.commands.options import HomeOption, JsonOption
from pipelines.commands.pages import Page, print_json

if TYPE_CHECKING:
    from models.tables import TableSpec

_WRITTEN = {
    "rebuild": "whole, every night",
    "window": "the days that a night touched",
    "view": "a view, nothing is stored",
}


def dictionary(
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="One table, with or without its schema; default all.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what every published table holds; with TABLE its grain, columns, units, metrics and checks."""
    from pipelines.night.plan import shipped_catalogue

    catalogue = shipped_catalogue()
    specs = {name: spec for name, spec in sorted(catalogue.specs().items()) if spec.schema_name != "staging"}
    if table is not None:
        spec = specs[_name_of(table, specs)]
        written = _WRITTEN[spec.write] if spec.table in catalogue.models else "by the night itself"
        print_json(spec.model_dump(mode="json")) if as_json else _show_table(Page(), spec, written)
    elif as_json:
        print_json([spec.model_dump(mode="json") for spec in specs.values()])
    else:
        _show_all(Page(), specs)


def _name_of(table: str, specs: dict[str, TableSpec]) -> str:
    """`marts.rep_activity_daily` for itself and for `rep_activity_daily`; UsageError names the nearest tables."""
    wanted = table.strip().lower()
    found = [name for name in specs if wanted in (name, name.split(".")[1])]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"several tables are called '{table}': {', '.join(found)}", "Name it with its schema.")
    known = {name: name for name in specs} | {name.split(".")[1]: name for name in specs}
    raise UsageError(f"there is no table '{table}'.{nearest(wanted, known)}", "See them all: touchline dictionary")


def _show_all(out: Page, specs: dict[str, TableSpec]) -> None:
    for schema in dict.fromkeys(spec.schema_name for spec in specs.values()):
        rows = [(name, spec.description) for name, spec in specs.items() if spec.schema_name == schema]
        out.rows(schema, ("table", "what it holds"), rows)
    out.line("\nOne table with its columns: touchline dictionary TABLE")


def _show_table(out: Page, spec: TableSpec, written: str) -> None:
    out.head(spec.table)
    out.line(spec.description)
    out.line(f"One row per: {', '.join(spec.grain)}")
    out.line(f"Written: {written}")
    columns = [
        (column.name, column.type, column.unit or "", "never NULL" if column.required else "", " ".join(column.description.split()))
        for column in spec.columns
    ]  # fmt: skip
    out.rows("Columns", ("column", "type", "unit", "", "what it holds"), columns)
    if spec.metrics:
        metrics = [(one.name, one.unit, " ".join(one.formula.split()), one.null_means) for one in spec.metrics]
        out.rows("Metrics", ("metric", "unit", "how it is made", "NULL means"), metrics)
    if spec.checks:
        checks = [(one.name, str(one.severity), " ".join(one.reason.split())) for one in spec.checks]
        out.rows("Checks, beside unique grain and required columns", ("check", "severity", "why"), checks)
