"""Vega-Lite specifications by altair, without data: report.js gives each the rows of its view, and tooltips of their columns.

Colours, fonts and locale are the page's, so a chart follows light and dark. Values on axes are shown by `shown`, which
report.js defines; days are days of the company's zone and drawn as UTC, so that no reader's zone shifts them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
from altair.utils.schemapi import disable_debug_mode

from pipelines.reporting.parts import LEVELS, MATURITY, UNKNOWN_LAST, Field, Kind, Measure, View

REP_TYPE_COLOURS = ("#3b6fb6", "#d9822b", "#3c9a7b", "#8a8f98")
"""Of inside, outside, hybrid, unknown; told apart by people who see red and green alike."""

MATURITY_COLOURS = ("#3b6fb6", "#b8a13c")
"""Of cohorts that are mature and that are not."""

_COLOURS = {
    "rep_type": dict(zip(UNKNOWN_LAST, REP_TYPE_COLOURS, strict=True)),
    "maturity": dict(zip(MATURITY, MATURITY_COLOURS, strict=True)),
}

_TIMES = (0, 600, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600, 180 * 24 * 3600)
"""Seconds that people have a name for, on an axis of times."""
LEVEL_COLOURS = dict(zip(LEVELS, ("#b3402a", "#e09b3d", "#a9b6c4", "#5b8fc7"), strict=True))
"""From warm to cold; what is usual stands back."""

ROWS = "rows"

disable_debug_mode()
"""Every part of every chart would be held against Vega-Lite's schema when it is made; a test holds whole charts against it."""


def lines(view: View, x: str, y: str, colour: str | None = None) -> dict[str, Any]:
    """A measure over time, a line for each value of `colour`."""
    chart = alt.Chart(alt.NamedData(ROWS)).mark_line(point=alt.OverlayMarkDef(size=16), strokeWidth=2)
    return _finished(chart.encode(x=_time(view, x), y=_measure(view, y), **_colour(view, colour)))


def bars(
    view: View, x: str, y: str, colour: str | None = None, *, beside: bool = False, lying: bool = False
) -> dict[str, Any]:
    """A measure by a word or a day; bars of `colour` on top of each other, or beside each other."""
    places: dict[str, Any] = _colour(view, colour)
    if beside and colour:
        offset = alt.YOffset if lying else alt.XOffset
        places["yOffset" if lying else "xOffset"] = offset(f"{colour}:N", sort=_sort(colour))
    along = _words(view, x, alt.Y if lying else alt.X)
    up = _measure(view, y, alt.X if lying else alt.Y)
    encoded = {"y" if lying else "x": along, "x" if lying else "y": up}
    return _finished(alt.Chart(alt.NamedData(ROWS)).mark_bar().encode(**encoded, **places), lying)


def points(view: View, x: str, y: str, colour: str, size: str) -> dict[str, Any]:
    """Rows as they are, which cannot be added up: a circle each, the larger the more stands behind it."""
    area = alt.Size(f"{size}:Q", legend=None, scale=alt.Scale(range=[20, 500], zero=True))
    places: dict[str, Any] = {
        "x": _words(view, x, alt.X),
        "y": _measure(view, y),
        "size": area,
        **_colour(view, colour),
    }
    chart = alt.Chart(alt.NamedData(ROWS)).mark_circle(opacity=0.75)
    spec = _finished(chart.encode(**places))
    if _column(view, y).kind is Kind.SECONDS:
        spec["encoding"]["y"] |= _times(spec["encoding"]["y"], view, y)
    return spec


def _times(place: Mapping[str, Any], view: View, name: str) -> dict[str, Any]:
    """An axis of times by their logarithm, so that minutes, hours and weeks are all to be seen."""
    longest = max((row[name] for row in view.rows if row[name] is not None), default=0)
    axis = place["axis"] | {"values": [time for time in _TIMES if time <= longest]}
    return {"scale": {"type": "symlog", "constant": 600, "domain": [0, max(longest, 1)]}, "axis": axis}


def trend(view: View, x: str, y: str) -> dict[str, Any]:
    """A small line without titles: the heading above it says what it is."""
    along, up = _time(view, x), _measure(view, y)
    chart = alt.Chart(alt.NamedData(ROWS)).mark_line(point=alt.OverlayMarkDef(size=12), strokeWidth=1.5)
    spec = _finished(chart.encode(x=along.title(None), y=up.title(None)), height=110)
    spec["encoding"]["y"]["axis"] |= {"tickCount": 3}
    return spec


def parts(view: View, x: str, names: Mapping[str, str], title: str, *, beside: bool = False) -> dict[str, Any]:
    """Several columns by a day as one bar, a part for each, or beside each other; `names` are the columns' colours."""
    labels = {name: _column(view, name).label for name in names}
    legend = alt.Legend(labelExpr=f"shown({json.dumps(labels)}[datum.value], 'word')", orient="top", title=None)
    scale = alt.Scale(domain=list(names), range=list(names.values()))
    offset = {"xOffset": alt.XOffset("part:N", sort=list(names))} if beside else {}
    kind = _column(view, next(iter(names))).kind
    chart = alt.Chart(alt.NamedData(ROWS)).transform_fold(list(names), as_=["part", "amount"]).mark_bar().encode(
        x=_words(view, x, alt.X),
        y=alt.Y("amount:Q", title=title, axis=alt.Axis(labelExpr=_label(kind))),
        color=alt.Color("part:N", scale=scale, legend=legend, sort=list(names)),
        **offset,
    )  # fmt: skip
    return _finished(chart)


def heat(view: View, x: str, y: str, value: str, *, middle: float | None = None) -> dict[str, Any]:
    """A measure as colour over two groups; with a `middle` that is neither much nor little, and twice of which is as much
    as colours tell: one wild value would make all others look alike."""
    diverging = alt.Scale(scheme="blueorange", domain=[0, middle, 2 * (middle or 0)], clamp=True)
    scale = alt.Scale(scheme="blues") if middle is None else diverging
    column = _column(view, value)
    colour = alt.Color(f"{value}:Q", scale=scale, title=column.label, legend=alt.Legend(labelExpr=_label(column.kind)))
    across = _words(view, x, alt.X)
    chart = alt.Chart(alt.NamedData(ROWS)).mark_rect().encode(x=across, y=_words(view, y, alt.Y), color=colour)
    return _finished(chart, tall=True)


def of_a_whole(spec: dict[str, Any]) -> dict[str, Any]:
    """Bars of shares that add up to 1: the axis ends there, not at a round number behind it."""
    spec["encoding"]["x"]["scale"] = {"domain": [0, 1]}
    return spec


def with_lines_at(spec: dict[str, Any], levels: dict[str, float], kind: Kind) -> dict[str, Any]:
    """The chart with dashed rules at published or agreed levels, each with its name."""
    rows = [{"level": level, "name": name} for name, level in levels.items()]
    rules = [
        {"data": {"values": rows}, "mark": {"type": "rule", "strokeDash": [5, 4], "opacity": 0.8},
         "encoding": {"y": {"field": "level", "type": "quantitative"}}},
        {"data": {"values": rows}, "mark": {"type": "text", "align": "right", "baseline": "bottom", "dx": -4, "dy": -2},
         "encoding": {"y": {"field": "level", "type": "quantitative"}, "x": {"value": "width"}, "text": {"field": "name"}}},
    ]  # fmt: skip
    inner = {key: spec.pop(key) for key in ("mark", "encoding")}
    return spec | {"layer": [inner, *rules]}


def _finished(chart: Any, tall: bool = False, height: Any = 260) -> dict[str, Any]:
    height = alt.Step(18) if tall else height
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    sized = chart.properties(width="container", height=height, autosize=fit)
    found: dict[str, Any] = sized.to_dict(validate=False)
    found.pop("config", None)
    found.pop("$schema", None)
    return found


def _column(view: View, name: str) -> Field | Measure:
    return next(column for column in view.columns if column.name == name)


def _label(kind: Kind) -> str:
    return f"shown(datum.value, '{kind}')"


def _time(view: View, name: str, place: Any = alt.X) -> Any:
    column = _column(view, name)
    each: dict[str, Any] = {"tickCount": {"interval": "month", "step": 1}} if column.kind is Kind.MONTH else {}
    return place(
        f"{name}:T", scale=alt.Scale(type="utc"), title=column.label,
        axis=alt.Axis(labelExpr=_label(column.kind), labelOverlap=True, grid=False, **each),
    )  # fmt: skip


def _words(view: View, name: str, place: Any) -> Any:
    column = _column(view, name)
    return place(
        f"{name}:O",
        title=column.label,
        sort="ascending" if column.kind in (Kind.DATE, Kind.MONTH) else _sort(name),
        axis=alt.Axis(labelExpr=_label(column.kind), labelAngle=0, labelOverlap=place is alt.X),
    )


def _measure(view: View, name: str, place: Any = alt.Y) -> Any:
    column = _column(view, name)
    return place(f"{name}:Q", title=column.label, axis=alt.Axis(labelExpr=_label(column.kind)))


def _colour(view: View, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    column = _column(view, name)
    known = _COLOURS.get(name, {})
    scale = alt.Scale(domain=list(known), range=list(known.values())) if known else alt.Scale()
    legend = alt.Legend(labelExpr=_label(Kind.WORD), orient="top", title=None)
    return {"color": alt.Color(f"{name}:N", scale=scale, title=column.label, legend=legend, sort=_sort(name))}


def _sort(name: str) -> Any:
    return list(_COLOURS[name]) if name in _COLOURS else None
