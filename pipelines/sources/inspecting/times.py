"""Which formats a column of times has: every candidate is tried on all sampled values by DuckDB itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from models.fields import INSTANT
from sql.quoting import literal

_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
         "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
         "%d-%b-%y")  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S",
           ", %I:%M %p", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", "T%H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M:%S %z",
           " %H:%M %z", " %H.%M")  # fmt: skip
_NUMBERS = {
    "epoch_ms": re.compile("[0-9]{12,13}([.][0-9]+)?"),
    "epoch_s": re.compile("[0-9]{9,10}([.][0-9]+)?"),
    "excel_serial": re.compile("[2-7][0-9]{4}([.,][0-9]+)?"),
}
_PARTS = {
    **dict.fromkeys("dmHI", "[0-9]{1,2}"), **dict.fromkeys("yMS", "[0-9]{2}"), "Y": "[0-9]{4}", "f": "[0-9]{1,9}",
    "b": "[A-Za-z]{3}", "B": "[A-Za-z]{3,9}", "p": "[AaPp][Mm]", "z": "(?:Z|[+-][0-9:]{2,6})",
}  # fmt: skip
_MOST, _ENOUGH = 3, 0.8


@dataclass(frozen=True)
class TimeGuess:
    """Formats, best first (empty: plain ISO), the share of values they read, and the twin that fits as well."""

    formats: tuple[str, ...]
    share: float
    twin: str | None = None


def guess_times(connection: duckdb.DuckDBPyConnection, values: Sequence[str]) -> TimeGuess | None:
    """The formats of a column; None when most of its values are no times. Without values it is ISO."""
    if not values:
        return TimeGuess((), 1.0)
    fits = {name: found for name, found in _fits(connection, values).items() if found}
    chosen: list[str] = []
    left = set(values)
    while left and fits and len(chosen) < _MOST:
        best = max(fits, key=lambda name: len(fits[name] & left))  # the first of equals: the order of the candidates
        if not fits[best] & left:
            break
        chosen.append(best)
        left -= fits[best]
    share = 1 - len(left) / len(values)
    if share < _ENOUGH:
        return None
    twins = [twin for name in chosen if (twin := swapped(name)) in fits and fits[twin] == fits[name]]
    return TimeGuess(tuple(chosen), share, twins[0] if twins else None)


def swapped(name: str) -> str:
    """The same format with day and month exchanged; '' where their order is clear."""
    if not re.match("%[dm].%[dm]", name):
        return ""
    return f"%{name[4]}{name[2]}%{name[1]}{name[5:]}"


def is_day_first(name: str) -> bool:
    """Whether a format has the day before the month, both as numbers."""
    return bool(swapped(name)) and name.startswith("%d")


def _fits(connection: duckdb.DuckDBPyConnection, values: Sequence[str]) -> Mapping[str, set[str]]:
    """Each candidate → the values it reads, ISO first. A year outside 1900–2099 is no fit."""
    iso = {value for value in values if re.fullmatch(str(INSTANT.pattern), value)}
    numbers = {name: {v for v in values if pattern.fullmatch(v)} for name, pattern in _NUMBERS.items()}
    if len(iso) == len(values):
        return {"iso": iso}
    names = [name for name in _candidates() if any(_shape(name).fullmatch(value) for value in values)]
    found = _read_by(connection, names, values) if names else {}
    return {"iso": iso, **numbers, **found}


def _candidates() -> list[str]:
    return [day + clock for day in _DAYS for clock in _CLOCKS]


@cache
def _shape(name: str) -> re.Pattern[str]:
    """What a text in this format looks like: spares DuckDB the formats that cannot fit."""
    return re.compile(re.sub("%([a-zA-Z])", lambda match: _PARTS[match[1]], name.replace(".", "[.]")))


def _read_by(connection: duckdb.DuckDBPyConnection, names: Sequence[str], values: Sequence[str]) -> dict[str, set[str]]:
    tests = ", ".join(
        f"list(value) filter (where year(try_strptime(value, {literal(name)})) between 1900 and 2099)" for name in names
    )
    row = connection.execute(f"select {tests} from (select unnest(?::varchar[]) as value)", [list(values)]).fetchone()
    assert row is not None
    return {name: set(fitting or ()) for name, fitting in zip(names, row, strict=True)}
