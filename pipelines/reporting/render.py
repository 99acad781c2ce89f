"""Pages to HTML files: templates by jinja2, everything escaped, facts as JSON that no name can break out of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pipelines.reporting.definitions import define
from pipelines.reporting.dictionary import dictionary_groups
from pipelines.reporting.parts import (
    CHOICES,
    UNKNOWN_LAST,
    Chart,
    Cube,
    Field,
    Figures,
    Kind,
    Measure,
    Page,
    Strip,
    Table,
    Trend,
    View,
)
from pipelines.reporting.reader import Reader
from pipelines.reporting.words import Words

_HERE = Path(__file__).parent
_WORDS_OF_REPORT_JS = (
    "No row matches the filter.",
    "%(shown)s of %(all)s rows",
    "against %(before)s before",
    "Company",
)


@dataclass(frozen=True)
class Renderer:
    """Writes pages into a folder. `menu` are the places and titles of the pages that every page links to; `vega` is the
    name of the charts' script."""

    reader: Reader
    folder: Path
    menu: tuple[tuple[str, str], ...]
    vega: str

    def write(self, page: Page) -> None:
        """One page as one file."""
        path = self.folder / page.place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._html(page), encoding="utf-8")

    def _html(self, page: Page) -> str:
        words = self.reader.words
        return self._templates.get_template(page.template).render(
            page=page,
            root="../" * page.place.count("/"),
            menu=self.menu,
            reader=self.reader,
            words=words,
            has_charts=any(isinstance(part, Chart) for section in page.sections for part in section.parts),
            choices={} if page.light else choices_of(page),
            data="" if page.light else self._data(page),
            vega=self.vega,
            kind_of_part=_kind_of_part,
            show=words.show,
            change=change,
            light_rows=self._light_rows,
            define=define,
            dictionary=dictionary_groups,
            Kind=Kind,
        )

    @cached_property
    def _templates(self) -> Environment:
        """Each is compiled once: there may be thousands of pages."""
        environment = _environment()
        environment.globals["_"] = self.reader.words.text
        return environment

    def _light_rows(self, view: View, most: int, root: str) -> Markup:
        """The rows of a light page's table; here, since a template would take ten times as long for thousands of them."""
        words, columns = self.reader.words, view.columns
        lines = (
            "\n<tr>"
            + "".join("<td>" + _light_cell(words, row[one.name], one.kind, _link(one, row, root)) for one in columns)
            for row in view.rows[:most]
        )
        return Markup("".join(lines))

    def _data(self, page: Page) -> str:
        """What report.js needs. `<` is written so that no name ends the script."""
        words = self.reader.words
        known = {
            "language": words.language,
            "currency": words.currency,
            "timezone": words.timezone,
            "asOf": self.reader.as_of_day.isoformat(),
            "words": {english: words.text(english) for english in (*_WORDS_OF_REPORT_JS, *UNKNOWN_LAST, *_said(page))},
            "cubes": {cube.name: _cube(cube) for cube in page.cubes},
            "views": {view.name: self._view(view) for view in page.views},
            "charts": {
                part.key: self._translated(part.spec)
                for section in page.sections
                for part in section.parts
                if isinstance(part, Chart)
            },
        }
        return json.dumps(known, ensure_ascii=False, default=_plain, separators=(",", ":")).replace("<", "\\u003c")

    def _view(self, view: View) -> dict[str, Any]:
        by = [
            {"name": one.name, "label": self.reader.words.text(one.label), "kind": one.kind, "link": one.link}
            for one in view.by
        ]
        measures = [
            {
                "name": one.name, "label": self.reader.words.text(one.label), "kind": one.kind,
                "numerator": one.numerator or one.name, "denominator": one.denominator,
            }
            for one in view.measures
        ]  # fmt: skip
        order = {"latestFirst": view.latest_first, "mostFirst": view.most_first}
        return {"cube": view.cube.name, "by": by, "measures": measures} | order

    def _translated(self, spec: Any) -> Any:
        """The specification with its titles in the report's language."""
        if isinstance(spec, Mapping):
            return {
                key: self.reader.words.text(value)
                if key == "title" and isinstance(value, str)
                else self._translated(value)
                for key, value in spec.items()
            }
        return [self._translated(one) for one in spec] if isinstance(spec, list) else spec


@lru_cache(maxsize=100_000, typed=True)
def _light_cell(words: Words, value: Any, kind: Kind, link: str) -> str:
    shown = str(escape(words.show(value, kind)))
    text = f"<bdi>{shown}</bdi>" if kind is Kind.TEXT and value is not None else shown
    return f'<a href="{escape(link)}">{text}</a>' if link else text


def _link(column: Field | Measure, row: Mapping[str, Any], root: str) -> str:
    place = row[column.link] if isinstance(column, Field) and column.link else None
    return f"{root}{place}" if place else ""


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def choices_of(page: Page) -> dict[str, list[str]]:
    """What a reader may choose on the page, by filter; a filter with one value is none."""
    found: dict[str, list[str]] = {}
    for name in CHOICES:
        values = {value for cube in page.cubes if name in cube.filters for value in cube.facts[name].unique() if value}
        if len(values) > 1:
            found[name] = sorted(values, key=lambda value: (_place(value), value))
    scopes = {
        scope for cube in page.cubes if cube.whole for scope in cube.facts["scope"].unique() if scope != cube.whole
    }
    if scopes:
        found["scope"] = sorted(scopes, key=lambda scope: (_place(scope.partition("/")[2]), scope))
    if any(cube.period for cube in page.cubes):
        found["period"] = ["28", "91", "182", "365"]
    return found


def _place(value: str) -> int:
    return UNKNOWN_LAST.index(value) if value in UNKNOWN_LAST else 0


def change(now: Any, was: Any) -> float | None:
    """now / was − 1; None where it cannot be said, as of an amount below 0."""
    return None if now is None or was is None or was <= 0 else float(now) / float(was) - 1


def _said(page: Page) -> Iterable[str]:
    """Words of closed sets that the page shows, and the names of columns, which may be a legend's."""
    for view in page.views:
        yield from (column.label for column in view.columns)
        for one in view.by:
            if one.kind is Kind.WORD:
                yield from (value for value in view.cube.facts[one.name].unique() if value)


def _cube(cube: Cube) -> dict[str, Any]:
    """By column; texts and days as numbers into a list of them, so that each stands once."""
    columns: dict[str, Any] = {}
    for name in cube.facts.columns:
        series = cube.facts[name]
        if series.dtype in (pl.String, pl.Date):
            values = series.unique(maintain_order=True).to_list()
            place = {value: number for number, value in enumerate(values)}
            columns[name] = {"values": values, "codes": [place[value] for value in series.to_list()]}
        else:
            columns[name] = series.to_list()
    return {"columns": columns, "rows": cube.facts.height, "period": cube.period, "whole": cube.whole}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else float(value)


def _kind_of_part(part: Any) -> str:
    names = {
        Figures: "figures", Chart: "chart", Trend: "trend", Strip: "strip", Table: "table", tuple: "cards",
    }  # fmt: skip
    return names[type(part)]
