"""What report.js needs of a page: its facts, views, specifications and words, as one JSON that no name can break out of.

A fact stands in as few characters as it can: reports of large companies are mostly these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

from pipelines.reporting.definitions import define
from pipelines.reporting.parts import UNKNOWN_LAST, Chart, Cube, Kind, Page, View
from pipelines.reporting.reader import Reader
from pipelines.reporting.words import Words

WORDS_OF_REPORT_JS = ("No row matches the filter.", "against %(before)s before", "Company")

_FIRST_CODE = 62
"""The character `>` stands for the first value of a column, the next one for the second: one character a cell, up to as many
values as there are before characters that stand for nothing alone."""

_MOST_CODES = 0xD800 - _FIRST_CODE


def facts_of(page: Page, reader: Reader) -> str:
    """The JSON. `<` is written so that no name ends the script."""
    words = reader.words
    known = {
        "language": words.language,
        "currency": words.currency,
        "timezone": words.timezone,
        "asOf": reader.as_of_day.isoformat(),
        "words": {english: words.word(english) for english in (*WORDS_OF_REPORT_JS, *UNKNOWN_LAST, *_said(page))},
        "rowsShown": words.forms("%(shown)s of %(all)s row", "%(shown)s of %(all)s rows"),
        "meanings": {
            one.defined: define(one.defined).text for view in page.views for one in view.columns if one.defined
        },
        "cubes": {cube.name: _cube(cube) for cube in page.cubes},
        "views": {view.name: _view(view, words) for view in page.views},
        "charts": {
            part.key: _translated(part.spec, words)
            for section in page.sections
            for part in section.parts
            if isinstance(part, Chart)
        },
    }
    return json.dumps(known, ensure_ascii=False, default=_plain, separators=(",", ":")).replace("<", "\\u003c")


def _view(view: View, words: Words) -> dict[str, Any]:
    by = [{"name": one.name, "label": words.text(one.label), "kind": one.kind, "link": one.link} for one in view.by]
    measures = [
        {
            "name": one.name, "label": words.text(one.label), "kind": one.kind,
            "numerator": one.numerator or one.name, "denominator": one.denominator,
        }
        for one in view.measures
    ]  # fmt: skip
    order = {"latestFirst": view.latest_first, "mostFirst": view.most_first}
    return {"cube": view.cube.name, "by": by, "measures": measures} | order


def _translated(spec: Any, words: Words) -> Any:
    """The specification with its titles in the report's language."""
    if isinstance(spec, Mapping):
        return {
            key: words.text(value) if key == "title" and isinstance(value, str) else _translated(value, words)
            for key, value in spec.items()
        }
    return [_translated(one, words) for one in spec] if isinstance(spec, list) else spec


def _said(page: Page) -> Iterable[str]:
    """Words of closed sets that the page shows, and the names of columns, which may be a legend's."""
    for view in page.views:
        yield from (column.label for column in view.columns)
        for one in view.by:
            if one.kind is Kind.WORD:
                yield from (value for value in view.cube.facts[one.name].unique().sort() if value)


def _cube(cube: Cube) -> dict[str, Any]:
    """By column; texts and days as characters that number a list of them, so that each stands once."""
    columns = {name: _column(cube.facts[name]) for name in cube.facts.columns}
    return {"columns": columns, "rows": cube.facts.height, "period": cube.period, "whole": cube.whole}


def _column(series: pl.Series) -> Any:
    if series.dtype.is_float():
        return [int(value) if value is not None and value.is_integer() else value for value in series.to_list()]
    if series.dtype not in (pl.String, pl.Date):
        return series.to_list()
    values = series.unique(maintain_order=True).to_list()
    if len(values) > _MOST_CODES:
        return series.to_list()
    place = {value: chr(_FIRST_CODE + number) for number, value in enumerate(values)}
    return {"values": values, "codes": "".join(place[value] for value in series.to_list())}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else float(value)
