"""Rows of tables as HTML. Here, since a template would take ten times as long for thousands of them; end tags that HTML does
not ask for are left out, since cells are most of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from pipelines.reporting.parts import Field, Kind, Measure, View
from pipelines.reporting.words import Words

_LONG = 60
"""A text of more characters has a column of a certain width; report.js says the same."""


def table_rows(words: Words, view: View, most: int, root: str) -> Markup:
    """The first rows of a view, numbers set to the end of their column."""
    return _rows(view, most, lambda column, row: _cell(words, column, row, root))


def light_rows(words: Words, view: View, most: int, root: str) -> Markup:
    """Those of a light page, whose style sets all columns but the first to the end."""
    return _rows(view, most, lambda column, row: "<td>" + _text(words, column, row, root))


def _rows(view: View, most: int, cell: Any) -> Markup:
    lines: Iterable[str] = ("\n<tr>" + "".join(cell(one, row) for one in view.columns) for row in view.rows[:most])
    return Markup("".join(lines))


def _cell(words: Words, column: Field | Measure, row: Mapping[str, Any], root: str) -> str:
    text = _text(words, column, row, root)
    if column.kind.is_number:
        return "<td class=n>" + text
    is_long = len(words.show(row[column.name], column.kind)) > _LONG
    return ("<td class=long>" if is_long else "<td>") + text


def _text(words: Words, column: Field | Measure, row: Mapping[str, Any], root: str) -> str:
    place = row[column.link] if isinstance(column, Field) and column.link else None
    return _linked(words, row[column.name], column.kind, f"{root}{place}" if place else "")


@lru_cache(maxsize=100_000, typed=True)
def _linked(words: Words, value: Any, kind: Kind, link: str) -> str:
    """A text of a source may run the other way than the page: it is set apart."""
    shown = str(escape(words.show(value, kind)))
    text = f"<bdi>{shown}</bdi>" if kind is Kind.TEXT and value is not None else shown
    return f'<a href="{escape(link)}">{text}</a>' if link else text
