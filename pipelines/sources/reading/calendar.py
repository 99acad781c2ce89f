"""`.ics` files: one row an occurrence, recurrences expanded.

Records are events: a series gives many rows, an older version of an event in the same file and a record that is no
event (a to-do) are ignored, a broken event is rejected and costs itself. An occurrence that was taken out of its series
is a row with `is_deleted` and the status CANCELLED, so that it replaces what an earlier export said. Descriptions are
not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from models.mapping import ReadOptions
from pipelines.sources.reading.calendar_events import Event, event_of, newest_stamp
from pipelines.sources.reading.calendar_lines import CalendarLines, EventBlock
from pipelines.sources.reading.calendar_series import Occurrence, occurrences_of
from pipelines.sources.reading.calendar_times import BrokenEventError, When, Zones
from pipelines.sources.reading.encodings import mark_length
from pipelines.sources.reading.physical_lines import PhysicalLines
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, StructuralReject, TextRows
from pipelines.sources.reading.spool import Spool, frame_of

COLUMNS = (
    "occurrence_id", "uid", "recurrence_id", "start", "end", "duration_seconds", "status", "method", "organizer_email",
    "attendee_emails", "attendee_count", "summary", "location", "url", "conference_url", "transparency", "created",
    "last_modified", "dtstamp", "sequence", "is_deleted",
)  # fmt: skip
HORIZON = timedelta(days=366)
"""How far beyond the file's newest stamp a series without an end is expanded."""
_PART_ROWS = 20_000


def read_calendar(path: Path, options: ReadOptions, encoding: str, scratch: Path) -> TextRows:
    """The rows of all calendars in the file; `line_of` gives the line of the event's BEGIN:VEVENT.

    Raises UnreadableFileError no_calendar, encoding or too_many_rejects.
    """
    spool = Spool(scratch, options.null_values)
    lines = CalendarLines(PhysicalLines(path, mark_length(path)), encoding)
    blocks = list(lines)  # all of them first: a time zone may be described after the events that use it
    spool.ignored = lines.ignored
    events = list(_events(blocks, Zones(lines.zones), spool))
    horizon = _end_of(newest_stamp(events))
    rows = _Rows(spool)
    for series in _series_of(events, spool).values():
        rows.add_series(series, horizon)
    rows.write()
    spool.refuse_undecodable(encoding)
    return spool.finish(COLUMNS)


def _events(blocks: Iterable[EventBlock], zones: Zones, spool: Spool) -> Iterator[Event]:
    for block in blocks:
        try:
            yield event_of(block, zones)
        except BrokenEventError as error:
            _reject(spool, block.line_number, error, block.text)


def _reject(spool: Spool, line_number: int, error: BrokenEventError, text: str) -> None:
    fault = error.fault
    spool.reject(StructuralReject(line_number, fault.rule, fault.message, text[:MAX_REJECT_TEXT]))


def _series_of(events: list[Event], spool: Spool) -> dict[str, list[Event]]:
    """The newest version of every event, by UID: a series and its changed occurrences together, in file order."""
    newest: dict[tuple[str, str], Event] = {}
    for event in events:
        identity = (event.uid, "" if event.recurrence is None else event.recurrence.text())
        known = newest.get(identity)
        spool.ignored += known is not None
        if known is None or event.version > known.version:
            newest[identity] = event
    found: dict[str, list[Event]] = {}
    for event in newest.values():
        found.setdefault(event.uid, []).append(event)
    return found


def _end_of(newest: datetime | None) -> datetime:
    try:
        return datetime.min if newest is None else newest + HORIZON
    except OverflowError:
        return datetime.max


class _Rows:
    """Occurrences on their way to the spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._rows: list[list[str | None]] = []
        self._lines: list[int] = []

    def add_series(self, series: list[Event], horizon: datetime) -> None:
        """The occurrences of one UID; a changed occurrence takes the place of the one that the rule gives."""
        changed = {event.recurrence.text(): event for event in series if event.recurrence is not None}
        for event in series:
            if event.recurrence is None:
                self._add_event(event, changed, horizon)
        for key, event in changed.items():
            self._add(Occurrence(event, key, event.start, event.lasts))

    def _add_event(self, event: Event, changed: dict[str, Event], horizon: datetime) -> None:
        try:
            occurrences = list(occurrences_of(event, horizon))
        except BrokenEventError as error:
            _reject(self._spool, event.line_number, error, event.text)
            return
        self._spool.ignored += not occurrences
        for found in occurrences:
            by_day = found.start.local.date().isoformat()
            instead = changed.pop(found.key, None) or (changed.pop(by_day, None) if found.key else None)
            self._add(Occurrence(instead, found.key, instead.start, instead.lasts) if instead else found)

    def _add(self, found: Occurrence) -> None:
        self._rows.append([cells_of(found).get(column) for column in COLUMNS])
        self._lines.append(found.event.line_number)
        if len(self._rows) >= _PART_ROWS:
            self.write()

    def write(self) -> None:
        """Hands the rows to the spool."""
        self._spool.add(frame_of(COLUMNS, self._rows), np.array(self._lines, np.int64))
        self._rows, self._lines = [], []


def cells_of(found: Occurrence) -> dict[str, str]:
    """One row. A day has an end (the day after its last) and no length in seconds."""
    event, start, lasts = found.event, found.start, found.lasts
    cells = event.about | {
        "occurrence_id": f"{event.uid}/{found.key}" if found.key else event.uid,
        "uid": event.uid,
        "recurrence_id": found.key,
        "start": start.text(),
        "end": "" if lasts is None else end_text(start, lasts),
        "duration_seconds": "" if lasts is None or start.is_day else str(int(lasts.total_seconds())),
        "is_deleted": "true" if found.is_excluded else "false",
    }
    return cells | {"status": "CANCELLED"} if found.is_excluded else cells


def end_text(start: When, lasts: timedelta) -> str:
    """The end as the start is written: exact time goes by between them, whatever the clocks do."""
    try:
        until = start.utc() + lasts
    except OverflowError:
        return ""
    if start.is_day:
        return until.date().isoformat()
    return until.isoformat() + ("" if start.zone is None else "Z")
