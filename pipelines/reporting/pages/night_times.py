"""How long nights take: the steps of this one, and the nights before it, so that a slow-down is seen."""

from __future__ import annotations

import polars as pl

from pipelines.night.history import PastNight
from pipelines.reporting import charts
from pipelines.reporting.parts import Chart, Cube, Field, Kind, Section, View
from pipelines.reporting.reader import Reader

_STEPS = "ops.run_step"
_NIGHT = (
    Field("started_at", "Began", Kind.INSTANT),
    Field("status", "What came of it", Kind.WORD),
    Field("generation", "Generation", Kind.TEXT),
    Field("seconds", "Seconds", Kind.NUMBER),
    Field("files", "Files", Kind.COUNT),
    Field("rows_read", "Rows read", Kind.COUNT),
    Field("rows_quarantined", "Rows quarantined", Kind.COUNT),
    Field("failed_checks", "Checks that failed", Kind.COUNT),
)


def night_times(reader: Reader) -> Section:
    """Both, side by side."""
    parts = (*_steps(reader), *_nights(reader))
    return Section("Run times", parts, empty="No step was timed, and no night is remembered.")


def _steps(reader: Reader) -> list[Chart]:
    fields = (
        Field("step", "Step", Kind.TEXT, f"{_STEPS}.step"),
        Field("seconds", "Seconds", Kind.NUMBER, f"{_STEPS}.seconds"),
        Field("rows", "Rows", Kind.COUNT, f"{_STEPS}.rows"),
        Field("peak_mb", "Memory, MB", Kind.NUMBER, f"{_STEPS}.peak_mb"),
    )
    frame = reader.frame(f"select step, seconds, rows, peak_mb from {_STEPS}")
    if frame.is_empty():
        return []
    view = View("steps", Cube("steps", frame), fields)
    reads = "Each bar is a step of this night, in their order, up to this report. Memory is the most that was used until then."
    return [Chart("Seconds by step", reads, view, charts.bars(view, "step", "seconds", lying=True))]


def _nights(reader: Reader) -> list[Chart]:
    if not reader.nights:
        return []
    view = View("nights", Cube("nights", nights_frame(reader)), _NIGHT)
    reads = (
        "Each point is a night before this one, a line for each kind of end. A line that climbs while the rows read do not"
        " is a slow-down."
    )
    return [Chart("Seconds by night", reads, view, charts.lines(view, "started_at", "seconds", "status"))]


def nights_frame(reader: Reader) -> pl.DataFrame:
    """One night before this one, newest first, as var/nights.jsonl has it."""
    rows = [{field.name: _cell(night, field.name) for field in _NIGHT} for night in reader.nights]
    return pl.DataFrame(rows, infer_schema_length=None)


def _cell(night: PastNight, name: str) -> object:
    value = getattr(night, name)
    return str(value) if name == "generation" and value is not None else value
