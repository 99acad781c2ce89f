"""The little SOQL that is asked of the fake: columns, AND of comparisons, ORDER BY, LIMIT."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = dict[str, Any]

_QUERY = re.compile(
    r"SELECT\s+(?P<columns>.+?)\s+FROM\s+(?P<name>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_TEST = re.compile(r"^\s*(\w+)\s*(>=|<=|!=|=|<|>)\s*(.+?)\s*$")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


class SoqlError(Exception):
    """`code` and the text are what Salesforce would say."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Query:
    columns: list[str]
    name: str
    tests: list[tuple[str, str, Any]]
    order: list[str]
    limit: int | None

    def run(self, rows: list[Row]) -> list[Row]:
        found = [row for row in rows if all(_holds(row.get(name), how, value) for name, how, value in self.tests)]
        if self.order:
            found.sort(key=lambda row: tuple(row[name] for name in self.order))
        return found[: self.limit]

    @property
    def names(self) -> list[str]:
        return [*self.columns, *(name for name, _, _ in self.tests), *self.order]


def parsed(text: str) -> Query:
    found = _QUERY.match(text.strip())
    if found is None:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: {text[:40]}")
    tests = (
        [_test(part) for part in re.split(r"\s+AND\s+", found["where"], flags=re.IGNORECASE)] if found["where"] else []
    )
    return Query(
        _names(found["columns"]), found["name"], tests, _names(found["order"] or ""), int(found["limit"] or 0) or None
    )


def _names(text: str) -> list[str]:
    return [name.strip().split()[0] for name in text.split(",") if name.strip()]


def _test(part: str) -> tuple[str, str, Any]:
    found = _TEST.match(part)
    if found is None:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: {part[:40]}")
    return found[1], found[2], _literal(found[3])


def _literal(text: str) -> Any:
    if text.startswith("'"):
        return text.strip("'")
    words = {"true": True, "false": False, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return float(text)


def _holds(cell: Any, how: str, value: Any) -> bool:
    if cell is None or value is None:
        return (cell is value) == (how == "=") if how in ("=", "!=") else False
    return _COMPARE[how](cell, value)
