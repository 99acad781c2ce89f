"""One VEVENT as it is meant: when, who, where, and how it repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from pipelines.sources.reading.calendar_lines import EventBlock, Property
from pipelines.sources.reading.calendar_times import (
    BrokenEventError,
    When,
    Zones,
    duration_of,
    when_of,
    whens_of,
)

_KEPT_TEXT = 1_000
_ESCAPE = re.compile(r"\\([\\;,nN])")
_WEB = re.compile(r"https?://[^\s<>\"]+")
_LINKS = ("CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-MICROSOFT-ONLINEMEETINGCONFLINK")


@dataclass(frozen=True)
class Event:
    """`recurrence` is which occurrence of the series this one replaces. `lasts` None: a point in time, or a day.

    `about` has the cells that are the same for every occurrence. `version` orders the versions of one event.
    """

    line_number: int
    uid: str
    start: When
    lasts: timedelta | None
    rules: tuple[str, ...]
    excluded_rules: tuple[str, ...]
    added: tuple[tuple[When, timedelta | None], ...]
    excluded: tuple[When, ...]
    recurrence: When | None
    about: dict[str, str]
    text: str
    version: tuple[int, str, int]

    @property
    def repeats(self) -> bool:
        """Whether it is a series."""
        return bool(self.rules or self.added)


def event_of(block: EventBlock, zones: Zones) -> Event:
    """The event of a block. Raises BrokenEventError."""
    if block.fault is not None:
        raise BrokenEventError(block.fault.rule, block.fault.message)
    floating = zones.named(block.calendar.zone) if block.calendar.zone else None
    uid = _text(block, "UID")
    if not uid:
        raise BrokenEventError("missing_uid", "the event has no UID: nothing says when it comes again; export it anew")
    found = block.first("DTSTART")
    if found is None:
        raise BrokenEventError("missing_start", "the event has no DTSTART")
    start = when_of(found, zones, floating)
    about = _about(block, zones)
    return Event(
        block.line_number,
        uid,
        start,
        _lasts(block, start, zones, floating),
        tuple(rule.value for rule in block.all("RRULE")),
        tuple(rule.value for rule in block.all("EXRULE")),
        tuple(when for rdate in block.all("RDATE") for when in whens_of(rdate, zones, floating)),
        tuple(when for exdate in block.all("EXDATE") for when, _ in whens_of(exdate, zones, floating)),
        _recurrence(block, zones, floating),
        about,
        block.text[:_KEPT_TEXT],
        (int(about["sequence"] or 0), about["last_modified"] or about["dtstamp"], block.line_number),
    )


def _lasts(block: EventBlock, start: When, zones: Zones, floating: tzinfo | None) -> timedelta | None:
    """How long it lasts, in exact time; a day without an end lasts that day."""
    end, duration = block.first("DTEND"), block.first("DURATION")
    if end is not None:
        until = when_of(end, zones, floating)
        if until.is_day != start.is_day:
            raise BrokenEventError("bad_time", "one of DTSTART and DTEND is a day and the other a time")
        found: timedelta | None = until.utc() - start.utc()
    elif duration is not None:
        found = duration_of(duration.value)
    else:
        found = timedelta(days=1) if start.is_day else None
    if found is not None and found < timedelta():
        raise BrokenEventError("bad_time", "the event ends before it starts")
    return found


def _recurrence(block: EventBlock, zones: Zones, floating: tzinfo | None) -> When | None:
    found = block.first("RECURRENCE-ID")
    if found is None:
        return None
    if "RANGE" in found.parameters:
        raise BrokenEventError(
            "unsupported_range",
            "the event changes its occurrence and all later ones (RANGE=THISANDFUTURE), which is not read: they stay"
            " as the series says; most calendars export a new series instead",
        )
    return when_of(found, zones, floating)


def _about(block: EventBlock, zones: Zones) -> dict[str, str]:
    status = _text(block, "STATUS").upper()
    organizer = block.first("ORGANIZER")
    people = [found for found in block.all("ATTENDEE") if found.parameters.get("CUTYPE", "").upper() not in _THINGS]
    addresses = dict.fromkeys(address for person in people if (address := _address(person)))
    return {
        "status": "CANCELLED" if block.calendar.method == "CANCEL" else status,
        "method": block.calendar.method,
        "organizer_email": _address(organizer) if organizer else "",
        "attendee_emails": ";".join(addresses),
        "attendee_count": str(len(people)),
        "summary": _text(block, "SUMMARY"),
        "location": _text(block, "LOCATION"),
        "url": _text(block, "URL"),
        "conference_url": _conference(block),
        "transparency": _text(block, "TRANSP").upper(),
        "created": _stamp(block, "CREATED", zones),
        "last_modified": _stamp(block, "LAST-MODIFIED", zones),
        "dtstamp": _stamp(block, "DTSTAMP", zones),
        "sequence": _sequence(block),
    }


_THINGS = frozenset({"ROOM", "RESOURCE"})


def _text(block: EventBlock, name: str) -> str:
    found = block.first(name)
    return (
        "" if found is None else _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], found.value).strip()
    )


def _address(person: Property) -> str:
    """The e-mail address, from `mailto:` or the EMAIL parameter; '' for another kind of address."""
    scheme, _, rest = person.value.strip().partition(":")
    written = rest if scheme.lower() == "mailto" else person.parameters.get("EMAIL", "") or person.value
    written = written.strip().lower()
    return written if "@" in written and " " not in written and ";" not in written else ""


def _conference(block: EventBlock) -> str:
    """The address of the video meeting: a property of its own, else a web address given as the location."""
    for name in _LINKS:
        for found in block.all(name):
            if match := _WEB.search(found.value):
                return match[0]
    match = _WEB.search(_text(block, "LOCATION"))
    return match[0] if match else ""


def _stamp(block: EventBlock, name: str, zones: Zones) -> str:
    found = block.first(name)
    return "" if found is None else when_of(found, zones, None).text()


def _sequence(block: EventBlock) -> str:
    found = _text(block, "SEQUENCE")
    if found and not re.fullmatch(r"\d{1,9}", found):
        raise BrokenEventError("bad_property", f"SEQUENCE is no whole number: {found[:40]!r}")
    return found


def newest_stamp(events: list[Event]) -> datetime | None:
    """When the file was last touched: the newest of its stamps, else the newest start."""
    stamps = [event.about[name] for event in events for name in ("dtstamp", "last_modified", "created")]
    written = max((stamp for stamp in stamps if stamp), default="")
    if written:
        return datetime.fromisoformat(written.removesuffix("Z"))
    return max((event.start.utc() for event in events), default=None)
