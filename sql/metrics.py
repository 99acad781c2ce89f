"""The metrics of the catalogue: each declared once, in the YAML of the table that makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.tables import Metric, TableSpec
from sql.catalog import Catalogue


@dataclass(frozen=True)
class DeclaredMetric:
    """A metric and where it is made; `subject` is that of its table, else the schema."""

    metric: Metric
    spec: TableSpec
    subject: str


def declared_metrics(catalogue: Catalogue) -> dict[str, DeclaredMetric]:
    """Every metric by its name, by subject, table and the order of its YAML."""
    models = sorted(catalogue.models.values(), key=lambda model: (model.subject or model.spec.schema_name, model.table))
    return {
        metric.name: DeclaredMetric(metric, model.spec, model.subject or model.spec.schema_name)
        for model in models
        for metric in model.spec.metrics
    }


def parts_of(metric: Metric, spec: TableSpec) -> tuple[str, ...]:
    """The columns of the table that the numerator and the denominator name, in their words' order."""
    words = re.findall(r"[a-z][a-z0-9_]*", f"{metric.numerator or ''} {metric.denominator or ''}")
    columns = {column.name for column in spec.columns}
    return tuple(dict.fromkeys(word for word in words if word in columns))


def naming_column(name: str, spec: TableSpec) -> str | None:
    """The grain column of a long table that names this metric: `kpi` of `win_rate`; told by its evidence."""
    return next((column for one in spec.evidence for column, words in one.rows.items() if name in words), None)


def explaining_command(one: DeclaredMetric) -> str | None:
    """The command that lists what stands behind it, its key left open; None when no records are named behind it."""
    name, spec = one.metric.name, one.spec
    naming = naming_column(name, spec)
    columns = {name, *parts_of(one.metric, spec)}
    if naming is None and not any(columns.intersection(evidence.explains) for evidence in spec.evidence):
        return None
    keys = " ".join(f"--key {column}=…" for column in spec.grain if column != naming)
    return f"touchline explain {spec.table} {keys} --metric {name}"
