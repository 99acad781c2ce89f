"""From which stored columns each column of a model is made, read from its parsed SQL.

Costs some milliseconds a column: for pages that show it, never for a night.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from sql.catalog import Catalogue, Model

Columns = Mapping[str, frozenset[tuple[str, str]]]
"""By column, the (table, column) pairs that its value is computed from."""


def column_lineage(catalogue: Catalogue) -> dict[str, Columns]:
    """Of every model, its columns' origins among stored tables; scratch tables of `staging` are looked through.

    What only chooses rows (filters, join conditions) is not an origin, nor is the last generation.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table, spec in catalogue.specs().items():
        layer, name = table.split(".")
        schema.setdefault(layer, {})[name] = {column.name: column.type for column in spec.columns}
    direct = {table: _direct(model, schema) for table, model in catalogue.models.items()}

    @cache
    def through_staging(table: str, column: str) -> frozenset[tuple[str, str]]:
        origins = direct[table].get(column, frozenset())
        return frozenset(
            found
            for origin in origins
            for found in (
                through_staging(*origin) if _is_scratch(origin[0], direct) and origin[0] != table else {origin}
            )
        )

    return {
        table: {column.name: through_staging(table, column.name) for column in model.spec.columns}
        for table, model in catalogue.models.items()
    }


def _is_scratch(table: str, direct: Mapping[str, Columns]) -> bool:
    return table.startswith("staging.") and table in direct


def _direct(model: Model, schema: Mapping[str, Any]) -> Columns:
    tree = qualify(
        sqlglot.parse_one(model.query.text, read="duckdb"),
        dialect="duckdb",
        schema=dict(schema),
        validate_qualify_columns=False,
        identify=False,
    )
    scope = build_scope(tree)
    return {column.name: _origins(column.name, tree, scope) for column in model.spec.columns}


def _origins(column: str, tree: Any, scope: Any) -> frozenset[tuple[str, str]]:
    root = lineage(column, tree, schema=None, scope=scope, dialect="duckdb", copy=False, trim_selects=False)
    return frozenset(
        (f"{node.source.db}.{node.source.name}", node.name.rpartition(".")[2])
        for node in root.walk()
        if isinstance(node.source, exp.Table) and node.source.db and not node.source.catalog
    )
