"""Each kind of value as SQL: when a text breaks it, and the typed value of a text that does not.

The same rules as `models.fields.Kind.parse`, over a cleaned VARCHAR expression; no condition or value here may
ever raise, whatever the text. What does not belong here: fields and contracts (`data_quality.validate`).
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass

from models.fields import (
    BRACKETS,
    CONTROL,
    CONTROL_IN_ID,
    DAY_PATTERN,
    FALSE_WORDS,
    LIST_ITEM,
    LIST_PATTERN,
    MANGLED_ID,
    TRUE_WORDS,
    Kind,
    Shape,
)
from sql.quoting import literal

_SURE_DAY = (
    "(199[0-9]|20[0-9]{2})-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
BLANKS_SQL = "E' \\t\\r\\n'"


@dataclass(frozen=True)
class Zones:
    """The zones that times are read in: of the source for clock times, of the company for whole days."""

    source: str
    company: str


def clean(expression: str) -> str:
    """SQL for a cell as validation wants it: composed (NFC), trimmed of `models.fields.BLANKS`, '' → NULL.

    The first branch is what nearly every cell is and costs a quarter of the second. A text with a NUL is not
    composed: DuckDB would cut it there, and the NUL must stay to be refused.
    """
    x = expression
    composed = f"case when contains({x}, chr(0)) then {x} else nfc_normalize({x}) end"
    return (
        f"case when strlen({x}) = length({x}) and {x} >= '!' and ({x})[-1] >= '!' then {x} "
        f"else nullif(trim({composed}, {BLANKS_SQL}), '') end"
    )


def blank_to_null(expression: str) -> str:
    """SQL for a cell that is known to be clean: only '' is still NULL."""
    return f"nullif({expression}, '')"


def control_pattern(kind: Kind) -> str | None:
    """The characters that break a text of this kind; None when its pattern or its words already exclude them."""
    if kind.pattern is not None or kind.words:
        return None
    return CONTROL_IN_ID if kind.shape in (Shape.ID, Shape.ID_LIST) else CONTROL


def broken(kind: Kind, x: str) -> tuple[str, ...]:
    """Conditions, any of which is true when `x` breaks the kind (control characters aside); NULL for a NULL."""
    if kind.words:
        return (_not_one_of(kind.words, x),)
    if kind.shape is Shape.ID_LIST:
        return (_too_long(kind, x), f"starts_with({x}, '[') and not {_matches(x, LIST_PATTERN)}")
    if kind.pattern is None:
        return (_too_long(kind, x), *([_mangled(x)] if kind.is_id else []))
    return (f"not {_matches(x, kind.pattern)}", *_beyond(kind, x))


def suspect(kind: Kind, x: str) -> tuple[str, ...]:
    """Cheaper conditions, one of which is true at least wherever one of `broken` is.

    One search decides about every plain day of 1990–2099 (but 29 February) and every small whole number; the
    casts behind `broken` then run for the few others only.
    """
    if kind.shape in (Shape.INSTANT, Shape.DAY) and kind.pattern is not None and DAY_PATTERN in kind.pattern:
        return (f"not {_matches(x, kind.pattern.replace(DAY_PATTERN, _SURE_DAY))}",)
    if kind.shape is Shape.WHOLE and kind.low == 0 and kind.high is not None:
        digits = len(str(int(kind.high))) - 1
        return (f"not {_matches(x, f'[0-9]{{1,{digits}}}')}",)
    return broken(kind, x)


def value(kind: Kind, x: str, zones: Zones) -> str:
    """The typed value of an unbroken `x`; some value or NULL, but no error, for a broken one."""
    return _VALUES[kind.shape](kind, x, zones)


def start_of_day(x: str, company_zone: str) -> str:
    """The first instant of the day that `x` starts with, in the company's zone."""
    return f"timezone({literal(company_zone)}, try_cast(substr({x}, 1, 10) as timestamp))"


def within_years(kind: Kind, x: str) -> str:
    """Whether the text's first four digits lie within the kind's years."""
    return f"({x} >= '{kind.first_year}' and {x} < '{kind.last_year + 1}')"


def _matches(x: str, pattern: str) -> str:
    return f"regexp_full_match({x}, {literal(pattern)})"


def _too_long(kind: Kind, x: str) -> str:
    return f"(strlen({x}) > {kind.max_length} and length({x}) > {kind.max_length})"


def _mangled(x: str) -> str:
    """The first question is what nearly every id answers, at a fraction of the price of the second."""
    return f"(contains({x}, '+') and {_matches(x, MANGLED_ID)})"


def _not_one_of(words: tuple[str, ...], x: str) -> str:
    """Lengths in bytes agree only when lower() changed nothing but A–Z: it also folds 'K' (Kelvin) and 'İ'."""
    known = ", ".join(literal(word) for word in words)
    return f"not (lower({x}) in ({known}) and strlen({x}) = strlen(lower({x})))"


def _beyond(kind: Kind, x: str) -> tuple[str, ...]:
    """What is well formed and still no value: no day of the calendar, or outside the range."""
    if kind.shape in (Shape.INSTANT, Shape.DAY, Shape.MONTH):
        return (f"not {within_years(kind, x)}", f"{x} is not null and {_day(kind, x)} is null")
    number = f"try_cast({x} as {kind.sql_type})"
    low = () if kind.low is None else (f"{number} < {kind.low:f}",)
    high = () if kind.high is None else (f"{number} > {kind.high:f}",)
    return low + high


def _day(kind: Kind, x: str) -> str:
    whole = f"concat({x}, '-01')" if kind.shape is Shape.MONTH else x
    return f"try_cast(substr({whole}, 1, 10) as date)"


def _text(kind: Kind, x: str, zones: Zones) -> str:
    if not kind.is_shared:
        return x
    upper, lower = string.ascii_uppercase, string.ascii_lowercase
    return f"translate(coalesce(nullif(trim({x}, {literal(BRACKETS)}), ''), {x}), '{upper}', '{lower}')"


def _word(kind: Kind, x: str, zones: Zones) -> str:
    return f"lower({x})"


def _flag(kind: Kind, x: str, zones: Zones) -> str:
    yes, no = (", ".join(literal(word) for word in words) for words in (TRUE_WORDS, FALSE_WORDS))
    return f"case when lower({x}) in ({yes}) then true when lower({x}) in ({no}) then false end"


def _number(kind: Kind, x: str, zones: Zones) -> str:
    return f"try_cast({x} as {kind.sql_type})"


def _calendar_day(kind: Kind, x: str, zones: Zones) -> str:
    return _day(kind, x) if kind.shape is Shape.DAY else f"try_cast(concat(substr({x}, 1, 7), '-01') as date)"


def _instant(kind: Kind, x: str, zones: Zones) -> str:
    """Outside the years nothing is computed: a zone's arithmetic raises at the ends of DuckDB's calendar."""
    return (
        f"case when not {within_years(kind, x)} then null "
        f"when strlen({x}) = 10 then {start_of_day(x, zones.company)} "
        f"when ends_with({x}, 'Z') or regexp_matches({x}, '[+-][0-9:]{{2,5}}$') then try_cast({x} as timestamptz) "
        f"else {_clock_time(x, zones.source)} end"
    )


def _clock_time(x: str, zone: str) -> str:
    """The instant of a clock time without an offset; UTC, the commonest zone, needs no calendar arithmetic."""
    if zone == "UTC":
        return f"try_cast(concat({x}, 'Z') as timestamptz)"
    return f"timezone({literal(zone)}, try_cast({x} as timestamp))"


def _id_list(kind: Kind, x: str, zones: Zones) -> str:
    quoted = f"list_transform(regexp_extract_all({x}, {literal(LIST_ITEM)}), lambda item: trim(item, '\"'))"
    items = f"case when starts_with({x}, '[') then {quoted} else string_split({x}, ';') end"
    trimmed = f"list_transform({items}, lambda item: trim(item, {BLANKS_SQL}))"
    filled = f"list_filter({trimmed}, lambda item: item <> '')"
    once = "list_filter(ids, lambda id, place: list_position(ids, id) = place)"
    several = f"list_transform([{filled}], lambda ids: {once})[1]"
    return f"case when {x} is null then null when regexp_matches({x}, '^\\[|;') then {several} else [{x}] end"


_VALUES: dict[Shape, Callable[[Kind, str, Zones], str]] = {
    Shape.ID: _text,
    Shape.TEXT: _text,
    Shape.WORD: _word,
    Shape.INSTANT: _instant,
    Shape.DAY: _calendar_day,
    Shape.MONTH: _calendar_day,
    Shape.WHOLE: _number,
    Shape.NUMBER: _number,
    Shape.FLAG: _flag,
    Shape.ID_LIST: _id_list,
}
