"""An iCalendar file cut into its events and time zones, by RFC 5545's lines; a broken event costs itself.

What belongs here: folded lines, components, properties. What does not: what a property's value means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from models.errors import UnreadableFileError
from pipelines.sources.reading.physical_lines import PhysicalLines
from pipelines.sources.reading.records import MAX_CELL, Fault, encoding_fault, too_large
from pipelines.sources.reading.rows import MAX_REJECT_TEXT

_PROPERTY = re.compile(r'([A-Za-z0-9-]+)((?:;[^=;:"]+=(?:"[^"]*"|[^";:])*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([^=;:"]+)=((?:"[^"]*"|[^";:])*)')
_WANTED = frozenset(
    {
        "UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "STATUS",
        "ORGANIZER", "ATTENDEE", "SUMMARY", "LOCATION", "URL", "CONFERENCE", "X-GOOGLE-CONFERENCE",
        "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-MICROSOFT-ONLINEMEETINGCONFLINK", "TRANSP", "CREATED", "LAST-MODIFIED",
        "DTSTAMP", "SEQUENCE",
    }
)  # fmt: skip
_OTHER_RECORDS = frozenset({"VTODO", "VJOURNAL", "VFREEBUSY"})


@dataclass(frozen=True)
class Property:
    """One content line: `parameters` by upper-case name, the value as it is written."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass
class CalendarHead:
    """What a VCALENDAR says about all its events."""

    method: str = ""
    zone: str = ""


@dataclass
class EventBlock:
    """One VEVENT as it is written. `line_number` is that of its BEGIN; `fault` says why it is no event.

    Descriptions, attachments and alarms are not kept.
    """

    line_number: int
    calendar: CalendarHead
    properties: list[Property] = field(default_factory=list)
    text: str = ""
    fault: Fault | None = None

    def first(self, name: str) -> Property | None:
        """The property of this name that comes first."""
        return next((found for found in self.properties if found.name == name), None)

    def all(self, name: str) -> list[Property]:
        """Every property of this name."""
        return [found for found in self.properties if found.name == name]


class CalendarLines:
    """Iterates over a file's events. `zones` has the text of each VTIMEZONE met so far, `ignored` counts the records
    that are no events (to-dos, journals).

    Raises UnreadableFileError `no_calendar`.
    """

    def __init__(self, lines: PhysicalLines, encoding: str) -> None:
        self._lines = lines
        self._encoding = encoding
        self._calendar = CalendarHead()
        self._stack: list[str] = []
        self._zone: list[str] = []
        self._event: EventBlock | None = None
        self.zones: list[str] = []
        self.ignored = 0

    def __iter__(self) -> Iterator[EventBlock]:
        began = False
        for number, raw in self._unfolded():
            if not began and raw.strip():
                began = raw.strip().upper() == b"BEGIN:VCALENDAR"
                if not began:
                    break
            if (done := self._take(number, raw)) is not None:
                yield done
        if not began:
            raise UnreadableFileError(
                "no_calendar", "the file does not begin with BEGIN:VCALENDAR", "export the calendar again as .ics"
            )
        if self._event is not None:
            yield self._broken("the file ends inside the event: it is cut short, export it again")

    def _unfolded(self) -> Iterator[tuple[int, bytes]]:
        """Logical lines: one that begins with a blank goes on the line before, also in the middle of a letter."""
        take, peek = self._lines.take, self._lines.peek
        while (raw := take()) is not None:
            number, whole = self._lines.number, raw.rstrip(b"\r\n")
            while (following := peek(0)) is not None and following[:1] in (b" ", b"\t"):
                take()
                if len(whole) <= MAX_CELL:
                    whole += following[1:].rstrip(b"\r\n")
            yield number, whole

    def _take(self, number: int, raw: bytes) -> EventBlock | None:
        """One logical line; gives the event that ends, or breaks off, with it."""
        upper = raw[:40].strip().upper()
        if upper.startswith(b"BEGIN:"):
            return self._begin(upper[6:].decode("ascii", "replace"), number)
        if upper.startswith(b"END:"):
            return self._end(upper[4:].decode("ascii", "replace"))
        if self._event is not None:
            if self._stack and self._stack[-1] == "VEVENT":
                self._add(self._event, raw)
        elif "VTIMEZONE" in self._stack:
            self._zone.append(raw.decode(self._encoding, "replace"))
        elif self._stack == ["VCALENDAR"]:
            self._describe(raw)
        return None

    def _begin(self, name: str, number: int) -> EventBlock | None:
        broken = None
        if self._event is not None and name in ("VEVENT", "VCALENDAR"):
            broken = self._broken("the event before it was not ended: END:VEVENT is missing")
        if name == "VCALENDAR":
            self._stack, self._calendar = [], CalendarHead()
        elif name == "VEVENT":
            self._stack, self._event = ["VCALENDAR"], EventBlock(number, self._calendar)
        elif name == "VTIMEZONE":
            self._zone = []
        elif name in _OTHER_RECORDS:
            self.ignored += 1
        self._stack.append(name)
        if "VTIMEZONE" in self._stack:
            self._zone.append(f"BEGIN:{name}")
        return broken

    def _end(self, name: str) -> EventBlock | None:
        if "VTIMEZONE" in self._stack:
            self._zone.append(f"END:{name}")
        if name in self._stack:
            del self._stack[self._stack.index(name) :]
        if name == "VTIMEZONE":
            self.zones.append("\r\n".join(self._zone) + "\r\n")
        if self._event is None or name not in ("VEVENT", "VCALENDAR"):
            return None
        if name == "VCALENDAR":
            return self._broken("the calendar ends inside the event: END:VEVENT is missing")
        done, self._event = self._event, None
        return done

    def _broken(self, message: str) -> EventBlock:
        assert self._event is not None
        done, self._event = self._event, None
        done.fault = Fault("not_closed", message)
        return done

    def _add(self, event: EventBlock, raw: bytes) -> None:
        name = re.match(rb"[A-Za-z0-9-]*", raw)
        known = name is not None and name[0].decode().upper() in _WANTED
        if len(event.text) < MAX_REJECT_TEXT and (known or name is None or not name[0]):
            event.text += raw[:MAX_REJECT_TEXT].decode(self._encoding, "backslashreplace") + "\n"
        if not known or event.fault is not None:
            return
        try:
            found = _property(raw.decode(self._encoding))
        except UnicodeDecodeError as error:
            event.fault = encoding_fault(error, self._encoding)
            return
        if len(raw) > MAX_CELL:
            event.fault = too_large(f"a value is longer than {MAX_CELL:,} bytes")
        elif found is None:
            event.fault = Fault("bad_property", f"the line of {name[0].decode()} is no NAME:value" if name else "")
        else:
            event.properties.append(found)

    def _describe(self, raw: bytes) -> None:
        found = _property(raw.decode(self._encoding, "replace"))
        if found is not None and found.name == "METHOD":
            self._calendar.method = found.value.strip().upper()
        elif found is not None and found.name == "X-WR-TIMEZONE":
            self._calendar.zone = found.value.strip()


def _property(line: str) -> Property | None:
    match = _PROPERTY.fullmatch(line)
    if match is None:
        return None
    given = match[2] and {name.strip().upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
    return Property(match[1].upper(), given or {}, match[3])
