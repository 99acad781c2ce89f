"""A model's SELECT in Spark's SQL: sqlglot's translation, and before it the constructs that it does not carry over.

There is one copy of every model, in DuckDB's dialect. What belongs here: the order of the rules. What does not: running
anything.
"""

from __future__ import annotations

from typing import Any

import sqlglot

from sql.engines.shape_rules import SHAPE_RULES
from sql.engines.tree import Rule
from sql.engines.value_rules import VALUE_RULES
from sql.engines.window_rules import WINDOW_RULES

RULES: tuple[Rule, ...] = (*SHAPE_RULES, *VALUE_RULES, *WINDOW_RULES)
"""In this order: a later rule sees what the ones before it made."""


def parse(text: str) -> Any:
    """A model's SELECT as a tree."""
    return sqlglot.parse_one(text, read="duckdb")


def to_spark(tree: Any) -> str:
    """A parsed SELECT of DuckDB's dialect as one that Spark and Sail run, with the same rows."""
    changed = tree.copy()
    for rule in RULES:
        changed = rule(changed)
    return str(changed.sql(dialect="spark", comments=False))
