"""`touchline explain`: the activities, deals or spells behind one published row, and whether they add up to it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import TouchlineError, UsageError, nearest
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json

if TYPE_CHECKING:
    import duckdb

    from models.tables import TableSpec
    from pipelines.commands.explained import Explanation

_EXAMPLES = 3


def explain(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="A mart, with or without its schema.")],
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="COLUMN=VALUE", help="Which row: one for each column of the table's grain."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help="Only what stands behind this column, numerator and denominator too.")
    ] = None,
    limit: Annotated[int, typer.Option(help="List at most so many records of a kind; all are added up.", min=0)] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what stands behind one published row, and say whether it adds up to it; exit code 1 when it does not."""
    from pipelines.commands.explain_page import as_document, show_explanation
    from pipelines.commands.query import open_warehouse

    spec = _explained_table(table)
    key = _key_of(keys or (), spec)
    if metric is not None:
        _check_metric(metric, key, spec)
    connection = open_warehouse(workspace_at(home))
    try:
        found = _find(connection, spec, key, metric, limit)
    finally:
        connection.close()
    if as_json:
        print_json(as_document(found))
    else:
        show_explanation(Page(), found)
    if found.differing:
        raise _does_not_add_up(found)


def _explained_table(word: str) -> TableSpec:
    """The mart of this name; UsageError for what is no table, and for one that is not made of records elsewhere."""
    from pipelines.commands.table_names import table_named
    from pipelines.night.shipped import shipped_catalogue

    specs = {name: spec for name, spec in sorted(shipped_catalogue().specs().items()) if spec.schema_name != "staging"}
    explained = [name for name, spec in specs.items() if spec.evidence]
    name = table_named(word, specs)
    if name is None:
        near = nearest(word.strip().lower(), [*explained, *(name.split(".")[1] for name in explained)])
        raise UsageError(f"there is no table '{word}'.{near}", f"Explained are {', '.join(explained)}.")
    if name not in explained:
        raise UsageError(
            f"{name} has no evidence: its rows are records themselves, or none are named behind them",
            f'Look at its rows: touchline query "select * from {name} limit 5"; explained are {", ".join(explained)}.',
        )
    return specs[name]


def _key_of(words: Sequence[str], spec: TableSpec) -> dict[str, str]:
    """The values by column, in the order of the grain; which are missing is looked at later."""
    given: dict[str, str] = {}
    for word in words:
        column, equals, value = word.partition("=")
        name = column.strip().lower()
        if not equals:
            raise UsageError(f"--key {word} has no value", f"Write it so: --key {name or spec.grain[0]}=VALUE")
        if name not in spec.grain:
            raise UsageError(
                f"'{name}' is no column of the grain of {spec.table}.{nearest(name, spec.grain)}",
                f"One row is told by: {', '.join(spec.grain)}.",
            )
        if given.setdefault(name, value) != value:
            raise UsageError(f"--key {name} is given twice: {given[name]} and {value}", "Name one row at a time.")
    return {name: given[name] for name in spec.grain if name in given}


def _check_metric(metric: str, key: dict[str, str], spec: TableSpec) -> None:
    """A metric that a long table names in its grain is a part of the key; another must be a column."""
    from pipelines.commands.explained import columns_of
    from pipelines.night.shipped import shipped_catalogue
    from sql.metrics import declared_metrics, naming_column

    column = naming_column(metric, spec)
    if column is None:
        columns_of(metric, spec, declared_metrics(shipped_catalogue()))
    elif key.setdefault(column, metric) != metric:
        raise UsageError(f"--key {column}={key[column]} is another metric than --metric {metric}", "Name one of them.")


def _find(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, key: dict[str, str], metric: str | None, limit: int
) -> Explanation:
    from pipelines.commands.explained import explain_row, rows_like
    from pipelines.night.shipped import shipped_catalogue
    from sql.metrics import declared_metrics

    _check_is_built(connection, spec)
    _check_values(connection, spec, key)
    missing = [name for name in spec.grain if name not in key]
    if missing:
        raise UsageError(
            f"which row of {spec.table}? --key {', --key '.join(missing)} missing",
            _commands("Such as", spec, rows_like(connection, spec, key, _EXAMPLES)),
        )
    found = explain_row(connection, spec, key, metric, declared_metrics(shipped_catalogue()), limit)
    if found is None:
        raise UsageError(
            f"{spec.table} has no row with {', '.join(f'{name} = {value}' for name, value in key.items())}",
            _commands("The nearest rows", spec, rows_like(connection, spec, key, _EXAMPLES)),
        )
    return found


def _check_is_built(connection: duckdb.DuckDBPyConnection, spec: TableSpec) -> None:
    from pipelines.night.shipped import shipped_catalogue

    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [spec.schema_name, spec.name]
    ).fetchone()
    if found is None:
        subject = shipped_catalogue().models[spec.table].subject
        raise UsageError(
            f"{spec.table} is not in the published file: the subject {subject} was not built",
            f"Name {subject} in metrics.subjects of touchline.yaml; then, also when it stands there: touchline run.",
        )


def _check_values(connection: duckdb.DuckDBPyConnection, spec: TableSpec, key: Mapping[str, str]) -> None:
    types = {column.name: column.type for column in spec.columns}
    for name, value in key.items():
        read = connection.execute(f"select try_cast(? as {types[name]})", [value]).fetchone()
        if read == (None,):
            raise UsageError(
                f"--key {name}={value}: '{value}' is no {types[name]}",
                "Write a day as 2026-03-02." if types[name] == "DATE" else f"See: touchline dictionary {spec.name}",
            )


def _commands(before: str, spec: TableSpec, rows: Sequence[Mapping[str, Any]]) -> str:
    """The commands that explain these rows, a line each."""
    if not rows:
        return f"{spec.table} has no rows: touchline status says what was built."
    lines = [f"touchline explain {spec.table} {key_options(row)}" for row in rows]
    return "\n    ".join([f"{before}:", *lines])


def key_options(row: Mapping[str, Any]) -> str:
    """`--key rep_id=crm:R1 --key activity_date=2026-03-02`, as a shell reads it."""
    return " ".join(f"--key {shlex.quote(f'{name}={value}')}" for name, value in row.items())


def _does_not_add_up(found: Explanation) -> TouchlineError:
    figures = "; ".join(f"{one.column} is published as {one.published}, found {one.found}" for one in found.differing)
    return TouchlineError(
        f"the records do not add up to {found.spec.table}: {figures}",
        "Build it anew: touchline run --full-refresh; if it stays, the table's SQL or its evidence is wrong: report it.",
    )
