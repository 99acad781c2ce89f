"""Whether the last night took clearly longer than nights of as many rows usually do: a slow-down, seen by the user first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pipelines.night.history import PastNight

COMPARED = 20
_FEWEST = 5
_TIMES = 2
_SECONDS = 10


@dataclass(frozen=True)
class SlowNight:
    """The seconds of the last published night, and the median of the `nights` it was compared with."""

    seconds: float
    usual_seconds: float
    nights: int


def slow_night(nights: Sequence[PastNight]) -> SlowNight | None:
    """The last published night of `nights` (newest first), if it was slow; else None, also where nothing compares.

    Slow: more than twice the median of the published nights before it that read as many rows (half to twice as many,
    the newest 20 of them, at least five), and at least ten seconds more than it.
    """
    published = [night for night in nights if night.status == "published"]
    if not published:
        return None
    last, *before = published
    alike = [night.seconds for night in before if _reads_as_many(night, last)][:COMPARED]
    if len(alike) < _FEWEST:
        return None
    usual = median(alike)
    is_slow = last.seconds > _TIMES * usual and last.seconds >= usual + _SECONDS
    return SlowNight(last.seconds, round(usual, 3), len(alike)) if is_slow else None


def _reads_as_many(night: PastNight, last: PastNight) -> bool:
    return night.rows_read <= _TIMES * last.rows_read and last.rows_read <= _TIMES * night.rows_read
