"""`touchline dictionary`: what every published table, column and metric means, in the terminal; needs no workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import UsageError, nearest
from pipelines.commands.options import HomeOption, JsonOption
from pipelines.commands.pages import Page, print_json
from pipelines.commands.table_names import table_named

if TYPE_CHECKING:
    from models.tables import TableSpec
    from sql.metrics import DeclaredMetric

_WRITTEN = {
    "rebuild": "whole, every night",
    "window": "the days that a night touched",
    "view": "a view, nothing is stored",
}


def dictionary(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[TABLE|METRIC]", help="One table, with or without its schema, or one metric; default all."
        ),
    ] = None,
    metrics: Annotated[bool, typer.Option("--metrics", help="List the metrics instead of the tables.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what every published table or metric means; with a name its columns and checks, or its formula and parts."""
    from pipelines.night.shipped import shipped_catalogue
    from sql.metrics import declared_metrics

    catalogue = shipped_catalogue()
    specs = {name: spec for name, spec in sorted(catalogue.specs().items()) if spec.schema_name != "staging"}
    declared = declared_metrics(catalogue)
    if name is None:
        _show_all_metrics(declared, as_json) if metrics else _show_all_tables(specs, as_json)
        return
    table = None if metrics else table_named(name, specs)
    metric = declared.get(name.strip().lower())
    if table is not None:
        spec = specs[table]
        written = _WRITTEN[spec.write] if spec.table in catalogue.models else "by the night itself"
        print_json(spec.model_dump(mode="json")) if as_json else _show_table(Page(), spec, written)
    elif metric is not None:
        print_json(_metric_document(metric)) if as_json else _show_metric(Page(), metric, specs)
    else:
        raise _nothing_called(name, () if metrics else specs, declared)


def _nothing_called(name: str, tables: Iterable[str], metrics: Iterable[str]) -> UsageError:
    short = {table.split(".")[1] for table in tables}
    return UsageError(
        f"there is no table or metric '{name}'.{nearest(name.strip().lower(), [*tables, *sorted(short), *metrics])}",
        "See them all: touchline dictionary, touchline dictionary --metrics",
    )


def _show_all_tables(specs: Mapping[str, TableSpec], as_json: bool) -> None:
    if as_json:
        print_json([spec.model_dump(mode="json") for spec in specs.values()])
    else:
        _show_all(Page(), specs)


def _show_all_metrics(declared: Mapping[str, DeclaredMetric], as_json: bool) -> None:
    if as_json:
        print_json([_metric_document(one) for one in declared.values()])
        return
    out = Page()
    for subject in dict.fromkeys(one.subject for one in declared.values()):
        rows = [
            (one.metric.name, one.spec.table, one.metric.unit, " ".join(one.metric.formula.split()))
            for one in declared.values()
            if one.subject == subject
        ]
        out.rows(subject, ("metric", "table", "unit", "how it is made"), rows)
    out.line("\nOne metric with its parts: touchline dictionary METRIC")


def _metric_document(one: DeclaredMetric) -> dict[str, object]:
    return {**one.metric.model_dump(mode="json"), "table": one.spec.table, "subject": one.subject}


def _show_metric(out: Page, one: DeclaredMetric, specs: Mapping[str, TableSpec]) -> None:
    from sql.metrics import explaining_command

    metric = one.metric
    out.head(metric.name)
    out.line(" ".join(metric.formula.split()))
    out.line(f"Table: {one.spec.table}, one row per {', '.join(one.spec.grain)}")
    out.line(f"Unit: {metric.unit}")
    for part, words in (("Numerator", metric.numerator), ("Denominator", metric.denominator)):
        if words:
            out.line(f"{part}: {words}")
    out.line(f"NULL means: {metric.null_means}")
    also = [
        table
        for table, spec in specs.items()
        if table != one.spec.table and metric.name in {column.name for column in spec.columns}
    ]
    if also:
        out.line(f"Also a column of: {', '.join(also)}")
    command = explaining_command(one)
    if command is not None:
        out.line(f"Explain one: {command}")


def _show_all(out: Page, specs: Mapping[str, TableSpec]) -> None:
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
    if spec.evidence:
        evidence = [(one.name, ", ".join(one.explains), " ".join(one.description.split())) for one in spec.evidence]
        out.rows("Evidence: touchline explain lists it", ("records", "stand behind", "what one is"), evidence)
    if spec.checks:
        checks = [(one.name, str(one.severity), " ".join(one.reason.split())) for one in spec.checks]
        out.rows("Checks, beside unique grain and required columns", ("check", "severity", "why"), checks)
