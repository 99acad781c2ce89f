"""Small tools of the rules: walking a parsed query, making calls and casts, filling a template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlglot
from sqlglot import exp

Rule = Callable[[Any], Any]
"""Takes a parsed query and returns it changed."""


def call(name: str, *arguments: Any) -> Any:
    """A call that every dialect writes as it stands."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(value: Any, to: str) -> Any:
    """A cast to a type in Spark's words."""
    return exp.Cast(this=value, to=exp.DataType.build(to, dialect="spark"))


def each(kind: type[Any], change: Callable[[Any], Any]) -> Rule:
    """A rule that puts `change(node)` in the place of every node of a kind, innermost first; None leaves it."""

    def rule(tree: Any) -> Any:
        for node in reversed(list(tree.find_all(kind))):
            changed = change(node)
            if changed is None:
                continue
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
        return tree

    return rule


def fill(template: str, values: dict[str, Any]) -> Any:
    """A Spark expression with trees in the place of its names."""
    tree = sqlglot.parse_one(template, read="spark")
    for column in list(tree.find_all(exp.Column)):
        column.replace(values[column.name].copy())
    return tree
