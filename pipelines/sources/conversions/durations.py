"""Lengths of time in the source's unit → whole seconds."""

from __future__ import annotations

from pipelines.sources.conversions.conversion import Conversion, unless_null
from pipelines.sources.conversions.numbers import plain_number

_SECONDS_OF = {"s": "1", "ms": "0.001", "min": "60", "h": "3600"}
_SECOND = "[0-5][0-9](?:[.,][0-9]{1,6})?"
_CLOCKS = {
    "HH:MM": f"[0-9]{{1,4}}:[0-5][0-9](?::{_SECOND})?",
    "HH:MM:SS": f"[0-9]{{1,4}}:[0-5][0-9]:{_SECOND}",
    "MM:SS": f"(?:[0-9]{{1,5}}|[0-9]{{1,4}}:[0-5][0-9]):{_SECOND}",
}


def convert_duration(cell: str, unit: str, decimal_mark: str) -> Conversion:
    """Whole seconds as text, rounded half up. `HH:MM` may carry seconds and `MM:SS` hours: three parts are clear."""
    if unit in _CLOCKS:
        seconds = f"case when regexp_full_match({cell}, '{_CLOCKS[unit]}') then {_clock(cell, unit)} end"
        return unless_null(cell, _whole(seconds), "unit", f"a duration as {unit}")
    number = plain_number(cell, decimal_mark)
    seconds = f"{number} * {_SECONDS_OF[unit]}::decimal(10, 3)"
    return unless_null(cell, _whole(seconds), "unit", f"a number of {unit}")


def _whole(seconds: str) -> str:
    return f"cast(try_cast(round({seconds}) as bigint) as varchar)"


def _clock(cell: str, unit: str) -> str:
    places = (1, 2, 3) if unit != "MM:SS" else (-3, -2, -1)
    hours, minutes, seconds = (_part(cell, place) for place in places)
    return f"{hours} * 3600 + {minutes} * 60 + {seconds}"


def _part(cell: str, place: int) -> str:
    return f"coalesce(try_cast(replace(split_part({cell}, ':', {place}), ',', '.') as decimal(12, 6)), 0)"
