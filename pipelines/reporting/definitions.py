"""What a figure means, by its dictionary entry: the metric's formula where one is declared, else the column's text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pipelines.night.shipped import shipped_catalogue
from sql.ledger import ledger_tables
from sql.metrics import declared_metrics

NEVER = "never NULL"
"""What the YAML says of a metric that always has a value: not worth a sentence."""


@dataclass(frozen=True)
class Definition:
    """A sentence and the place in the report's dictionary where the rest is said."""

    text: str
    place: str


@cache
def define(entry: str) -> Definition:
    """The definition of `schema.table.column`, or of `schema.table.metric` of a table that holds a row a metric."""
    table, _, name = entry.rpartition(".")
    metric = declared_metrics(shipped_catalogue()).get(name)
    spec = shipped_catalogue().specs().get(table) or next(one for one in ledger_tables() if one.table == table)
    column = next((one for one in spec.columns if one.name == name), None)
    if metric is not None and metric.spec.table == table:
        nothing = metric.metric.null_means
        text = (
            metric.metric.formula if nothing == NEVER else f"{metric.metric.formula} Nothing is shown when {nothing}."
        )
    elif column is not None:
        text = column.description
    else:
        raise KeyError(f"{entry} is in no dictionary")
    return Definition(" ".join(text.split()), f"dictionary.html#{entry}")


def entry_of(metric: str) -> str:
    """The entry of a metric, in the table that declares it: another may publish it too."""
    return f"{declared_metrics(shipped_catalogue())[metric].spec.table}.{metric}"


def nothing_means(metric: str) -> str:
    """When nothing can be said of a metric."""
    return " ".join(declared_metrics(shipped_catalogue())[metric].metric.null_means.split())
