"""What a column holds, guessed from its sampled values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from models.fields import BLANKS, FALSE_WORDS, INSTANT, TRUE_WORDS, ascii_lower
from pipelines.sources.inspecting.time_formats import find_format

_NUMBER = re.compile(r"\(?[-+−]?[^\w\s]{0,3}\s?[-−]?[0-9][0-9.,\u00a0\u202f '’]*\s?[KkMmBb%]?\s?(?:[A-Z]{2,3}|\W)?\)?")
_COMMA_DECIMAL = re.compile(r"[^0-9]*(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]+,(?:[0-9]{1,2}|[0-9]{4,}))[^0-9]*")
_POINT_DECIMAL = re.compile(r"[^0-9]*(?:[0-9]{1,3}(?:,[0-9]{3})*|[0-9]+)\.(?:[0-9]{1,2}|[0-9]{4,})[^0-9]*")
_DURATION = re.compile(r"[0-9]{1,4}:[0-5][0-9](:[0-5][0-9])?")
_ISO = re.compile(str(INSTANT.pattern))


@dataclass(frozen=True)
class ColumnGuess:
    """A column: `kind` is blank, flag, number, duration, time, day or text; `format` belongs to times and durations."""

    name: str
    kind: str
    samples: tuple[str, ...]
    format: str | None = None
    is_ambiguous: bool = False
    has_blanks: bool = False
    field: str | None = None


def guess_column(
    connection: duckdb.DuckDBPyConnection, name: str, cells: Sequence[str | None], month_first: bool
) -> ColumnGuess:
    """The guess; four in five of the values must agree, the rest will show up as rows to reject."""
    texts = [text for cell in cells if (text := (cell or "").strip(BLANKS))]
    values = list(dict.fromkeys(texts))
    kind, form, ambiguous = _kind(connection, values, month_first)
    return ColumnGuess(name, kind, tuple(values[:5]), form, ambiguous, has_blanks=len(texts) < len(cells))


def decimal_mark(columns: dict[str, list[str]]) -> str:
    """',' when some column has numbers with a decimal comma and none has them with a point."""
    comma, point = (
        any(_most(pattern, values) for values in columns.values()) for pattern in (_COMMA_DECIMAL, _POINT_DECIMAL)
    )
    return "," if comma and not point else "."


def is_number(value: str) -> bool:
    """Whether it looks like an amount, with or without a currency."""
    return _NUMBER.fullmatch(value) is not None


def _kind(connection: duckdb.DuckDBPyConnection, values: list[str], month_first: bool) -> tuple[str, str | None, bool]:
    if not values:
        return "blank", None, False
    if {ascii_lower(value) for value in values} <= {*TRUE_WORDS, *FALSE_WORDS}:
        return "flag", None, False
    if _most(_ISO, values):
        days = sum(len(value) == 10 or re.search("[T ]00:00(:00)?", value) is not None for value in values)
        return ("day" if days == len(values) else "time"), "iso", False
    if _most(_DURATION, values):
        return "duration", _clock_unit(values), False
    if (plain := _plain_time(values)) is not None:
        return "time", plain, False
    if _most(_NUMBER, values) and not _most(re.compile("[0-9]{8}"), values):
        return "number", None, False
    return _formatted(connection, values, month_first)


def _formatted(
    connection: duckdb.DuckDBPyConnection, values: list[str], month_first: bool
) -> tuple[str, str | None, bool]:
    if _most(re.compile(r"(?=.*[0-9]).{6,40}", re.DOTALL), values):
        found = find_format(connection, values[:2000], month_first)
        if found is not None:
            return ("time" if found.has_clock else "day"), found.name, found.is_ambiguous
    return ("number" if _most(_NUMBER, values) else "text"), None, False


def _plain_time(values: list[str]) -> str | None:
    """Epochs of 2001 to 2286, and Excel's serial numbers with a clock time, of 1982 to 2064."""
    if _most(re.compile("1[0-9]{12}"), values):
        return "epoch_ms"
    if _most(re.compile("1[0-9]{9}"), values):
        return "epoch_s"
    return "excel_serial" if _most(re.compile("[345][0-9]{4}[.,][0-9]{3,}"), values) else None


def _clock_unit(values: list[str]) -> str:
    if any(value.count(":") == 2 for value in values):
        return "HH:MM:SS" if all(value.count(":") == 2 for value in values) else "MM:SS"
    return "MM:SS"


def _most(pattern: re.Pattern[str], values: list[str]) -> bool:
    return bool(values) and sum(pattern.fullmatch(value) is not None for value in values) * 5 >= len(values) * 4
