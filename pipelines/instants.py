"""What a person writes as a time becomes an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from models.errors import UsageError

FIRST_YEAR, LAST_YEAR = "1990", "2099"


def parse_as_of(text: str, timezone: str) -> datetime:
    """The UTC instant that `text` names; without an offset it is local time of `timezone`, a date is its last moment.

    A local time that occurs twice, or never, at a change of the clocks is the later of its two readings, as in SQL.
    """
    zone = ZoneInfo(timezone)
    if not FIRST_YEAR <= text[:4] <= LAST_YEAR and text[:4].isdigit():
        raise UsageError(f"'{text}' lies outside the years {FIRST_YEAR} to {LAST_YEAR}", "Write a date among them.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _instant(text, zone)
    return _later_reading(datetime.combine(day, time.max), zone, text)


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"'{text}' is no instant and no date", "Write 2026-03-31, 2026-03-31T18:00 or 2026-03-31T18:00:00+02:00."
        ) from None
    return _later_reading(moment, zone, text) if moment.tzinfo is None else moment.astimezone(UTC)


def _later_reading(local: datetime, zone: ZoneInfo, text: str) -> datetime:
    try:
        return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    except OverflowError:
        raise UsageError(f"'{text}' lies outside the calendar", "Write a date of this century.") from None
