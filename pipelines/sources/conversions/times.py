"""Times and days in the source's formats → ISO text.

A format that has no clock gives a day, which no zone may shift; `iso_day` takes the date of a time stamp as written
(Salesforce's ActivityDate is always midnight UTC). A text with an offset or an epoch gives UTC; a clock
time stays local, to be read in the source's zone, unless the column has a zone of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.fields import INSTANT, Kind, Shape
from pipelines.sources.conversions.conversion import Conversion, unless_null
from sql.quoting import literal

_EPOCHS = {"epoch_s": (11, 1_000_000), "epoch_ms": (14, 1_000)}
_SERIAL_STARTS = {"excel_serial": "1899-12-30", "excel_serial_1904": "1904-01-01"}


@dataclass(frozen=True)
class _Target:
    """What the times of one column are to become."""

    is_instant: bool
    zone: str | None
    source_zone: str


def convert_time(cell: str, kind: Kind, formats: tuple[str, ...], zone: str | None, source_zone: str) -> Conversion:
    """Text in the first format that fits. Without a format and a zone the text passes as it is."""
    as_it_is = formats == () or (formats == ("iso",) and kind.shape is not Shape.DAY)
    if as_it_is and zone is None:
        return Conversion(cell)
    target = _Target(kind.shape is Shape.INSTANT, zone, source_zone)
    tries = [_convert(cell, name, target) for name in formats or ("iso",)]
    text = tries[0] if len(tries) == 1 else f"coalesce({', '.join(tries)})"
    return unless_null(cell, text, "format", " or ".join(formats or ("iso",)))


def _convert(cell: str, name: str, target: _Target) -> str:
    if name == "iso":
        return _iso(cell, target)
    if name == "iso_day":
        return f"case when regexp_full_match({cell}, {literal(str(INSTANT.pattern))}) then substr({cell}, 1, 10) end"
    if name in _EPOCHS:
        return _epoch(cell, name, target)
    if name in _SERIAL_STARTS:
        return _serial(cell, name, target)
    return _strptime(cell, name, target)


def _iso(cell: str, target: _Target) -> str:
    """A day is taken as written, also from a clock time, unless the column has a zone and the text an offset."""
    has_offset = f"(ends_with({cell}, 'Z') or regexp_matches({cell}, '[+-][0-9:]{{2,5}}$')) and strlen({cell}) > 10"
    offset_time = _from_utc(f"timezone('UTC', try_cast({cell} as timestamptz))", target)
    local_time = _from_local(f"try_cast({cell} as timestamp)", target)
    as_written = cell if target.is_instant else f"substr({cell}, 1, 10)"
    shifted = offset_time if target.zone is not None and not target.is_instant else as_written
    return (
        f"case when not regexp_full_match({cell}, {literal(str(INSTANT.pattern))}) then null "
        f"when strlen({cell}) = 10 then {cell} when {has_offset} then {shifted} "
        f"else {local_time if target.is_instant else as_written} end"
    )


def _epoch(cell: str, name: str, target: _Target) -> str:
    digits, micros = _EPOCHS[name]
    number = f"try_cast(replace({cell}, ',', '.') as decimal(24, 6))"
    moment = f"make_timestamp(cast(round({number} * {micros}) as bigint))"
    pattern = f"-?[0-9]{{1,{digits}}}(?:[.,][0-9]{{1,6}})?"
    return f"case when regexp_full_match({cell}, '{pattern}') then {_from_utc(moment, target)} end"


def _serial(cell: str, name: str, target: _Target) -> str:
    """A serial without a fraction is a day; a fraction is rounded to the millisecond, as Excel shows it."""
    start = f"timestamp '{_SERIAL_STARTS[name]}'"
    number = f"try_cast(replace({cell}, ',', '.') as decimal(24, 15))"
    moment = f"({start} + to_milliseconds(cast(round({number} * 86400000::decimal(9, 0)) as bigint)))"
    day = _day(f"({start} + to_days(try_cast({cell} as integer)))")
    return (
        f"case when regexp_full_match({cell}, '[0-9]{{1,6}}') then {day} "
        f"when regexp_full_match({cell}, '[0-9]{{1,6}}[.,][0-9]{{1,20}}') then {_from_local(moment, target)} end"
    )


def _strptime(cell: str, name: str, target: _Target) -> str:
    moment = f"try_strptime({cell}, {literal(name)})"
    if "%z" in name and target.is_instant:
        return _from_utc(f"timezone('UTC', {moment})", target)
    if "%z" in name:
        return _day(f"timezone({literal(target.zone or target.source_zone)}, {moment})")
    if re.search("%-?[HI]", name) is None:
        return _day(moment)
    return _from_local(moment, target)


def _from_utc(moment: str, target: _Target) -> str:
    """`moment` is a TIMESTAMP in UTC; a day is that of the column's zone, else UTC's."""
    if target.is_instant:
        return f"(cast({moment} as varchar) || '+00')"
    return _day(moment if target.zone is None else f"timezone({literal(target.zone)}, timezone('UTC', {moment}))")


def _from_local(moment: str, target: _Target) -> str:
    """`moment` is a local TIMESTAMP; it becomes UTC only where the column has a zone of its own."""
    if not target.is_instant:
        return _day(moment)
    if target.zone is None:
        return f"cast({moment} as varchar)"
    return _from_utc(f"timezone('UTC', timezone({literal(target.zone)}, {moment}))", target)


def _day(moment: str) -> str:
    return f"cast(cast({moment} as date) as varchar)"
