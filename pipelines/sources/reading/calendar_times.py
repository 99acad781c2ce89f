"""iCalendar's times: days, clock times in a zone, in UTC or in none, and the zones' names.

A zone is looked up in the time-zone database, by its own name or by Microsoft's; only one that the database does not
know is taken from the file's VTIMEZONE.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Timezone
from icalendar.prop import vDuration
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from pipelines.sources.reading.calendar_lines import Property
from pipelines.sources.reading.records import Fault

_TIME = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_DAY = timedelta(days=1)


class BrokenEventError(Exception):
    """Why a VEVENT is no event."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(rule, message)


@dataclass(frozen=True)
class When:
    """A wall-clock time (midnight for a day), and the zone of the clock; no zone is a floating time."""

    local: datetime
    zone: tzinfo | None = None
    is_day: bool = False

    def utc(self) -> datetime:
        """The instant, naive in UTC; of a day or a floating time the wall clock."""
        return self.local if self.zone is None else to_utc(self.local, self.zone)

    def text(self) -> str:
        """ISO: a day, UTC with Z, or a clock time without an offset."""
        if self.is_day:
            return self.local.date().isoformat()
        return self.utc().isoformat() + ("" if self.zone is None else "Z")

    def at(self, local: datetime) -> When:
        """Another time of the same clock."""
        return When(local, self.zone, self.is_day)


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """The instant of a wall clock, naive in UTC.

    Of a time that exists twice the first. A time that the clocks jump over is read with the offset before the jump, as
    RFC 5545 (3.3.5) says. Raises BrokenEventError outside the years 1 to 9999.
    """
    try:
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            return instant.replace(tzinfo=None)
        return local - ((local - _DAY).replace(tzinfo=zone).utcoffset() or timedelta())
    except OverflowError:
        raise BrokenEventError("bad_time", f"{local.isoformat()} is outside the years 1 to 9999") from None


class Zones:
    """The zones by the names that a file gives them; `definitions` are its VTIMEZONEs."""

    def __init__(self, definitions: Sequence[str]) -> None:
        self._definitions = definitions
        self._defined: dict[str, tzinfo] | None = None
        self._found: dict[str, tzinfo | None] = {}

    def named(self, name: str) -> tzinfo | None:
        """The zone, or None when nobody knows it."""
        if name not in self._found:
            self._found[name] = _in_database(name) or self._in_file(name)
        return self._found[name]

    def _in_file(self, name: str) -> tzinfo | None:
        if self._defined is None:
            self._defined = {}
            for text in self._definitions:
                if (found := _defined_zone(text)) is not None:
                    self._defined.setdefault(*found)
        return self._defined.get(name)


def _in_database(name: str) -> tzinfo | None:
    """By its own name, Microsoft's, or the last parts of a path such as /freeassociation.sourceforge.net/Europe/Rome."""
    parts = name.strip("/ ").split("/")
    for known in (WINDOWS_TO_OLSON.get(name, name), "/".join(parts[-2:]), "/".join(parts[-3:])):
        try:
            return ZoneInfo(known)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _defined_zone(text: str) -> tuple[str, tzinfo] | None:
    """A VTIMEZONE's name and rules. Its clocks may change yearly only: other rules would take hours to follow."""
    if any(rule.upper() != "YEARLY" for rule in re.findall(r"(?im)^RRULE:.*?FREQ=(\w+)", text)):
        return None
    try:
        zone = Timezone.from_ical(text)
        if not isinstance(zone, Timezone):
            return None
        found: tzinfo = zone.to_tz(lookup_tzid=False)
        datetime(2026, 1, 1, tzinfo=found).utcoffset()
        return str(zone["TZID"]), found
    except Exception:  # icalendar and dateutil raise whatever a broken definition makes them raise
        return None


def when_of(found: Property, zones: Zones, floating: tzinfo | None) -> When:
    """One time. `floating` is the calendar's zone for clock times without one. Raises BrokenEventError."""
    return _when(found.value.strip(), found, zones, floating)


def whens_of(found: Property, zones: Zones, floating: tzinfo | None) -> list[tuple[When, timedelta | None]]:
    """A list of times or of periods, each with how long it lasts where the file says so."""
    listed: list[tuple[When, timedelta | None]] = []
    for text in filter(None, map(str.strip, found.value.split(","))):
        start, _, until = text.partition("/")
        begin = _when(start, found, zones, floating)
        if until[:1].upper() == "P":
            listed.append((begin, duration_of(until)))
        else:
            listed.append((begin, _when(until, found, zones, floating).utc() - begin.utc() if until else None))
    return listed


def _when(text: str, found: Property, zones: Zones, floating: tzinfo | None) -> When:
    match = _TIME.fullmatch(text)
    if match is None:
        raise BrokenEventError("bad_time", f"{found.name} is no date or time: {text[:40]!r}")
    try:
        local = datetime.strptime(match[1] + (match[2] or "000000"), "%Y%m%d%H%M%S")
    except ValueError:
        raise BrokenEventError("bad_time", f"{found.name} is no day of the calendar: {text[:40]!r}") from None
    if match[2] is None:
        return When(local, is_day=True)
    return _checked(When(local, UTC if match[3] else _zone_of(found, zones, floating)))


def _checked(when: When) -> When:
    """The time, if it is an instant at all: whoever takes it relies on that. Raises BrokenEventError."""
    when.utc()
    return when


def _zone_of(found: Property, zones: Zones, floating: tzinfo | None) -> tzinfo | None:
    name = found.parameters.get("TZID")
    if name is None:
        return floating
    zone = zones.named(name)
    if zone is None:
        raise BrokenEventError(
            "unknown_zone",
            f"{found.name} is in the zone {name[:60]!r}, which neither the time-zone database nor a VTIMEZONE of the"
            " file describes; export the calendar with its time zones",
        )
    return zone


def duration_of(text: str) -> timedelta:
    """A duration such as PT1H30M. Raises BrokenEventError."""
    try:
        found: object = vDuration.from_ical(text.strip().upper())  # type: ignore[no-untyped-call]
    except Exception:  # icalendar raises whatever the text makes it raise
        raise BrokenEventError("bad_time", f"{text[:40]!r} is no duration such as PT1H30M") from None
    if not isinstance(found, timedelta):
        raise BrokenEventError("bad_time", f"{text[:40]!r} is no duration such as PT1H30M")
    return found


def last_moment(text: str, start: When) -> datetime:
    """A rule's UNTIL as a wall-clock time of the series; a day includes its evening. Raises BrokenEventError."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise BrokenEventError("bad_rule", f"UNTIL is no date or time: {text[:40]!r}")
    try:
        until = datetime.strptime(match[1] + (match[2] or "235959"), "%Y%m%d%H%M%S")
        return on_clock(When(until, UTC), start) if match[3] else until
    except ValueError:
        raise BrokenEventError("bad_rule", f"UNTIL is no day of the calendar: {text[:40]!r}") from None


def on_clock(when: When, start: When) -> datetime:
    """A time that may be written in another zone (often UTC), on the wall clock of `start`; a day takes its time."""
    if when.is_day and not start.is_day:
        return datetime.combine(day_of(when), start.local.time())
    if when.zone is None or start.zone is None or when.zone is start.zone:
        return when.local
    try:
        return when.local.replace(tzinfo=when.zone).astimezone(start.zone).replace(tzinfo=None)
    except OverflowError:
        return when.local


def day_of(when: When) -> date:
    """The day on the wall calendar."""
    return when.local.date()
