"""What a page is made of: facts, what is shown of them, figures, charts, tables.

A page holds facts once, as a cube; figures, charts and tables are views of it: grouped, added up and divided, by Polars
for what the file shows when it opens and by report.js when a reader filters. So a filter can only ever show sums of
the same facts, and rates of such sums. What belongs here: the words of that language. What does not: which pages there
are (pages/), how numbers look (words.py), and HTML (templates/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import polars as pl

UNKNOWN_LAST = ("inside", "outside", "hybrid", "unknown")
"""Rep types in the order of every list and legend."""

MATURITY = ("mature", "not yet mature")
"""Whether a cohort's counts can still rise, in the order of every list and legend."""

CHOICES = ("rep_type", "team", "source_type")
"""The columns by which readers may choose, wherever a cube has them."""

LEVELS = ("overload", "high", "normal", "under")
"""Levels of workload, the heaviest first."""


class Kind(StrEnum):
    """How a value looks."""

    TEXT = "text"
    WORD = "word"
    SCOPE = "scope"
    DATE = "date"
    MONTH = "month"
    INSTANT = "instant"
    WEEKDAY = "weekday"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    CHANGE = "change"
    MONEY = "money"
    SECONDS = "seconds"

    @property
    def is_number(self) -> bool:
        """Whether its column is set to the right."""
        return self in (Kind.COUNT, Kind.NUMBER, Kind.SHARE, Kind.CHANGE, Kind.MONEY, Kind.SECONDS)


@dataclass(frozen=True)
class Field:
    """A column of a cube by which views group, or which a listing shows. `defined` names its dictionary entry,
    `schema.table.column`; `link` the column that holds the page that a value leads to."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    defined: str = ""
    link: str = ""


@dataclass(frozen=True)
class Measure:
    """A sum of facts, or of one divided by another: nothing where that is 0. `says` explains it in large type where its
    dictionary entry is of the column that is counted."""

    name: str
    label: str
    kind: Kind
    defined: str
    numerator: str = ""
    denominator: str = ""
    says: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The facts that it adds up."""
        return tuple(part for part in (self.numerator or self.name, self.denominator) if part)


@dataclass(frozen=True)
class Cube:
    """Facts of one grain. Readers filter by those of CHOICES and `period` (a date) that it has.

    With a `whole`, rows of one `scope` (`company/all`, `team/North`) hold again what those of another hold: a reader sees
    one scope at a time, that one to begin with, so that they are never added up."""

    name: str
    facts: pl.DataFrame
    period: str = ""
    whole: str = ""

    @property
    def filters(self) -> tuple[str, ...]:
        """The columns by which readers may choose."""
        return tuple(name for name in CHOICES if name in self.facts.columns)

    @cached_property
    def shown(self) -> pl.DataFrame:
        """What a reader sees who has chosen nothing."""
        return self.facts.filter(pl.col("scope") == self.whole) if self.whole else self.facts


@dataclass(frozen=True)
class View:
    """Facts added up by `by`; without measures the cube's rows as they are. `latest_first` turns the order around;
    `most_first` names the measures whose largest value comes first."""

    name: str
    cube: Cube
    by: tuple[Field, ...]
    measures: tuple[Measure, ...] = ()
    latest_first: bool = False
    most_first: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Field | Measure, ...]:
        """What a table of it shows, from left to right."""
        return (*self.by, *self.measures)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """All of it, unfiltered."""
        frame = self.cube.shown
        if not self.measures:
            return frame.to_dicts()
        parts = dict.fromkeys(part for measure in self.measures for part in measure.parts)
        sums = [pl.col(part).sum() for part in parts]
        names = [*(one.name for one in self.by), *(one.link for one in self.by if one.link)]
        summed = frame.group_by(names).agg(sums) if names else frame.select(sums)
        summed = summed.sort([_in_order(one) for one in self.by], descending=self.latest_first) if names else summed
        rows = [{name: row[name] for name in names} | _values(self.measures, row) for row in summed.to_dicts()]
        return sorted(rows, key=self._least, reverse=True) if self.most_first else rows

    def _least(self, row: Mapping[str, Any]) -> tuple[float, ...]:
        """Sorted by it in reverse, equal rows stay as they were; what cannot be said comes last."""
        return tuple(float("-inf") if row[name] is None else row[name] for name in self.most_first)


def listing(name: str, frame: pl.DataFrame, fields: tuple[Field, ...], period: str = "") -> View:
    """The rows as they are, with no more than what the fields show, what they lead to, and what readers filter by."""
    links = [one.link for one in fields if one.link]
    wanted = dict.fromkeys([*(one.name for one in fields), *links, "rep_type", "team"])
    return View(name, Cube(name, frame[[one for one in wanted if one in frame.columns]], period), fields)


def _in_order(one: Field) -> pl.Expr:
    if one.name != "rep_type":
        return pl.col(one.name)
    return pl.col(one.name).replace_strict(
        dict(zip(UNKNOWN_LAST, range(len(UNKNOWN_LAST)), strict=True)), default=len(UNKNOWN_LAST)
    )


def _values(measures: Sequence[Measure], row: Mapping[str, Any]) -> dict[str, Any]:
    return {measure.name: _value(measure, row) for measure in measures}


def _value(measure: Measure, row: Mapping[str, Any]) -> Any:
    value = row[measure.numerator or measure.name]
    if not measure.denominator:
        return value
    divisor = row[measure.denominator]
    return float(value) / float(divisor) if divisor and value is not None else None


@dataclass(frozen=True)
class Figures:
    """The measures of a view without groups, each in large type with its definition."""

    view: View


@dataclass(frozen=True)
class Card:
    """One figure that is read as it is: its value, how it changed, and where it leads; `says` as a measure's."""

    label: str
    value: Any
    kind: Kind
    defined: str
    was: Any = None
    note: str = ""
    link: str = ""
    says: str = ""


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification over a view's rows, with a sentence on how to read it; below it stand its table, of
    more than `most` rows the first of them, and a CSV of all."""

    title: str
    reads: str
    view: View
    spec: Mapping[str, Any]
    most: int = 52

    @property
    def key(self) -> str:
        """By what the page's script finds the specification: titles alone may repeat, some are names of pipelines."""
        return f"{self.view.name}: {self.title}"


@dataclass(frozen=True)
class Strip:
    """A small row of bars for a page without scripts: a value of each row, drawn into the page, the last row first: tables
    begin with the newest. The table says the same."""

    label: str
    view: View
    value: str

    @property
    def path(self) -> str:
        """Upright strokes as SVG: ten wide a row, up to forty high."""
        values = [float(row[self.value] or 0) for row in reversed(self.view.rows)]
        most = max(values, default=0) or 1
        return "".join(f"M{10 * place + 5} 40V{round(40 - 39 * value / most)}" for place, value in enumerate(values))


@dataclass(frozen=True)
class Trend(Chart):
    """A small chart of a column over time with its latest value in large type and how that changed. Its view lists rows,
    the latest first, one a month: the second is the month before. `reads` says the unit, `value` names the column."""

    value: str = "value"

    @property
    def shown(self) -> Field:
        """The column."""
        return next(one for one in self.view.by if one.name == self.value)

    @property
    def when(self) -> Field:
        """The column that says which month it is."""
        return next(one for one in self.view.by if one.kind is Kind.MONTH)


@dataclass(frozen=True)
class Table:
    """A view's rows as a table; of more than `most` the rest is in the CSV and comes up when filtered."""

    title: str
    reads: str
    view: View
    most: int = 200


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it. `empty` is said when there is nothing to show."""

    title: str
    parts: tuple[Figures | Chart | Strip | Table | tuple[Card, ...], ...]
    intro: str = ""
    empty: str = ""


@dataclass(frozen=True)
class Page:
    """One file of the report. `place` is its path below the report's folder. A `light` one is read as it is: without
    menu, filters, facts and scripts, a few kilobytes, since there may be thousands of its kind; of its charts it has the
    tables. One that is not `filtered` shows figures that no choice of a reader would change."""

    place: str
    title: str
    sections: tuple[Section, ...]
    intro: str = ""
    crumbs: tuple[tuple[str, str], ...] = field(default=())
    template: str = "page.html.j2"
    light: bool = False
    filtered: bool = True

    @property
    def views(self) -> tuple[View, ...]:
        """What its figures, charts and tables show, each once."""
        shown = [part for section in self.sections for part in section.parts if not isinstance(part, tuple)]
        return tuple({part.view.name: part.view for part in shown}.values())

    @property
    def cubes(self) -> tuple[Cube, ...]:
        """The facts that the page holds, each once."""
        return tuple({view.cube.name: view.cube for view in self.views}.values())
