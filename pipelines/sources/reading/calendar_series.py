"""A series as its occurrences: rules, added and excluded days, and occurrences that were changed on their own.

Rules are followed on the wall clock of the series' zone, so that a meeting at 9:00 stays at 9:00 when the clocks change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.rrule import rrule, rruleset, rrulestr

from pipelines.sources.reading.calendar_events import Event
from pipelines.sources.reading.calendar_times import BrokenEventError, When, day_of, last_moment, on_clock

MAX_OCCURRENCES = 10_000
_FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Occurrence:
    """`key` tells occurrences of a series apart: when this one was to be; '' for what is no series."""

    event: Event
    key: str
    start: When
    lasts: timedelta | None
    is_excluded: bool = False


def occurrences_of(event: Event, horizon: datetime) -> Iterator[Occurrence]:
    """In the order of time, up to the horizon (naive UTC). Raises BrokenEventError for rules that cannot be followed."""
    if not event.repeats:
        key = "" if event.recurrence is None else event.recurrence.text()
        yield Occurrence(event, key, event.start, event.lasts)
        return
    lengths = {event.start.at(on_clock(when, event.start)).text(): lasts for when, lasts in event.added}
    excluded = {when.text() for when in event.excluded}
    for count, local in enumerate(_moments(event)):
        start = event.start.at(local)
        if start.utc() > horizon:
            return
        if count >= MAX_OCCURRENCES:
            raise BrokenEventError(
                "too_many_occurrences",
                f"the rule {' '.join(event.rules)[:80]!r} gives more than {MAX_OCCURRENCES:,} occurrences up to"
                f" {horizon:%Y-%m-%d}; give it an end in the calendar",
            )
        key = start.text()
        is_excluded = key in excluded or day_of(start).isoformat() in excluded
        yield Occurrence(event, key, start, lengths.get(key) or event.lasts, is_excluded)


def _moments(event: Event) -> Iterator[datetime]:
    """The wall-clock times; DTSTART is always one of them."""
    series = rruleset()
    series.rdate(event.start.local)
    for rule in event.rules:
        series.rrule(_rule_of(rule, event.start))
    for rule in event.excluded_rules:
        series.exrule(_rule_of(rule, event.start))
    for when, _ in event.added:
        series.rdate(on_clock(when, event.start))
    yield from series


def _rule_of(text: str, start: When) -> rrule:
    """Raises BrokenEventError for a rule that is none, or that would take hours to follow."""
    parts = dict(part.partition("=")[::2] for part in text.strip().upper().split(";") if part)
    until = parts.pop("UNTIL", None)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise BrokenEventError("bad_rule", f"the rule's FREQ is none of {', '.join(_FREQUENCIES)}: {text[:80]!r}")
    if not re.fullmatch(r"0*[1-9]\d{0,4}", parts.get("INTERVAL", "1")) or not _names_a_day(parts):
        raise BrokenEventError("bad_rule", f"the rule names no day that there is: {text[:80]!r}")
    if "COUNT" in parts and until is not None:
        raise BrokenEventError("bad_rule", f"the rule has both COUNT and UNTIL: {text[:80]!r}")
    last = None if until is None else last_moment(until, start)
    try:
        rule = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start.local)
    except Exception:  # dateutil raises whatever the text makes it raise
        raise BrokenEventError("bad_rule", f"the rule cannot be read: {text[:80]!r}") from None
    assert isinstance(rule, rrule)
    return rule if last is None else rule.replace(until=last)


def _names_a_day(parts: dict[str, str]) -> bool:
    """False for a 30 February, for which dateutil would search until the year 9999."""
    months, days = parts.get("BYMONTH"), parts.get("BYMONTHDAY")
    if months is None or days is None:
        return True
    try:
        longest = max(_LONGEST_MONTH[int(month) - 1] for month in months.split(","))
        return any(abs(int(day)) <= longest for day in days.split(","))
    except (ValueError, IndexError):
        return False
