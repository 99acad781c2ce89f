"""Which strptime format a column's times are in, by trying every known one on all sampled values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from sql.quoting import literal

_DAYS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d", "%Y%m%d",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%y",
)  # fmt: skip
_CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %I:%M %p", ", %I:%M:%S %p", "T%H:%M:%S",
    " %H:%M:%S.%f", " %H:%M:%S %z", " at %I:%M %p",
)  # fmt: skip
FORMATS = tuple(day + clock for day, clock in itertools.product(_DAYS, _CLOCKS))
_MONTH_FIRST_TWINS = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y", "%d/%m/%y": "%m/%d/%y"}


@dataclass(frozen=True)
class TimeFormat:
    """The format of most values; `is_ambiguous` when day and month could be the other way round in every one."""

    name: str
    is_ambiguous: bool = False

    @property
    def has_clock(self) -> bool:
        """Whether it names a time of day."""
        return "%H" in self.name or "%I" in self.name


def find_format(connection: duckdb.DuckDBPyConnection, values: Sequence[str], month_first: bool) -> TimeFormat | None:
    """The format that fits most values, four in five at least; `month_first` decides only where nothing else does."""
    likely = [name for name in FORMATS if any(_shape(name).fullmatch(value) for value in values[:50])]
    if not likely:
        return None
    counts = _count_fits(connection, likely, values)
    best = max(counts, key=lambda name: counts[name])
    if counts[best] * 5 < len(values) * 4:
        return None
    twin = _twin(best)
    if twin is None or counts.get(twin) != counts[best]:
        return TimeFormat(best)
    return TimeFormat(max(best, twin, key=lambda name: (name.startswith("%m")) is month_first), is_ambiguous=True)


def _count_fits(connection: duckdb.DuckDBPyConnection, names: Sequence[str], values: Sequence[str]) -> dict[str, int]:
    """A two-digit year also fits %Y: only years of our time count."""
    moments = [f"try_strptime(value, {literal(name)})" for name in names]
    counts = ", ".join(f"count(*) filter (year({moment}) between 1950 and 2099)" for moment in moments)
    row = connection.execute(f"select {counts} from (select unnest(?::varchar[]) as value)", [list(values)]).fetchone()
    return dict(zip(names, row or (), strict=True))


@cache
def _shape(name: str) -> re.Pattern[str]:
    """What a text in the format looks like: spares the engine most formats."""
    widths = {
        "Y": "[0-9]{4}",
        "b": "[A-Za-z]{3,4}",
        "B": "[A-Za-z]+",
        "p": "[AaPp][Mm]",
        "f": "[0-9]{1,6}",
        "z": "[+-][0-9:]+",
    }
    parts = re.split("%(.)", name)
    texts = [re.escape(part) if place % 2 == 0 else widths.get(part, "[0-9]{1,2}") for place, part in enumerate(parts)]
    return re.compile("".join(texts))


def _twin(name: str) -> str | None:
    for day, month in (*_MONTH_FIRST_TWINS.items(), *((b, a) for a, b in _MONTH_FIRST_TWINS.items())):
        if name.startswith(day):
            return month + name.removeprefix(day)
    return None
