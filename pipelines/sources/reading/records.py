"""Delimited text split into records, by rules that survive broken quotes.

A record is one physical line, or several when a quoted cell spans them. When a quote that is opened is not closed
properly, only the line it is on is rejected and reading goes on with the next physical line: a forgotten quote costs
one record, not the rest of the file. What does not belong here: headers and the number of cells.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.sources.reading.encodings import likely_encoding
from pipelines.sources.reading.physical_lines import MAX_LINE, PhysicalLines
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, StructuralReject

MAX_CELL = 1024**2
_CSV_MODULE_LIMIT = 100_000  # below the csv module's own limit, which is global to the process


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart; `quote` and `comment` may be ''."""

    delimiter: str
    quote: str
    encoding: str
    comment: str = ""


@dataclass(frozen=True)
class Fault:
    """Why a record has no cells."""

    rule: str
    message: str


class _BrokenQuoteError(Exception):
    pass


class RecordSplitter:
    """Iterates over (cells | Fault | None for a blank or comment line) of each record.

    `line_number`, `raw()` and `text()` tell about the record given last. `width`, once the header is known, is how
    many cells are expected: it stops the search for a closing quote early.
    """

    def __init__(self, lines: PhysicalLines, dialect: Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._raw: list[bytes] = []
        self.line_number = 0
        self.width = 0

    def __iter__(self) -> Iterator[list[str] | Fault | None]:
        take, quote, delimiter = self._lines.take, self._dialect.quote, self._dialect.delimiter
        encoding, comment = self._dialect.encoding, self._dialect.comment
        while (raw := take()) is not None:
            self._raw = [raw]
            self.line_number = self._lines.number
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError as error:
                yield self._undecodable(raw, error)
                continue
            if text in ("\n", "\r\n", "\r") or (comment and text.startswith(comment)):
                yield None
            elif len(raw) > _CSV_MODULE_LIMIT or (quote and quote in text):
                yield self._split(text)
            else:
                yield text.rstrip("\r\n").split(delimiter)

    def skip(self, count: int) -> int:
        """Takes `count` physical lines unread; gives how many there were."""
        return sum(self._lines.take() is not None for _ in range(count))

    def raw(self) -> bytes:
        """The record as it came."""
        return b"".join(self._raw)

    def text(self) -> str:
        """The record as it came, clipped, with undecodable bytes as escapes."""
        clipped = self.raw()[: 4 * MAX_REJECT_TEXT].rstrip(b"\r\n")
        return clipped.decode(self._dialect.encoding, errors="backslashreplace")[:MAX_REJECT_TEXT]

    def reject(self, fault: Fault) -> StructuralReject:
        """The record given last, as a reject."""
        return StructuralReject(self.line_number, fault.rule, fault.message, self.text())

    def _undecodable(self, raw: bytes, error: UnicodeDecodeError) -> Fault:
        if len(raw) <= MAX_LINE:  # the record may span further lines, which must go with it
            self._split(raw.decode(self._dialect.encoding, errors="surrogateescape"))
        return encoding_fault(error, self._dialect.encoding)

    def _split(self, text: str) -> list[str] | Fault:
        if len(text) > MAX_LINE:
            return too_large(f"the line is longer than {MAX_LINE:,} bytes")
        quote = self._dialect.quote
        if not quote or quote not in text:
            cells = text.rstrip("\r\n").split(self._dialect.delimiter)
        else:
            split = self._split_simply(text) or self._split_carefully(text)
            if isinstance(split, Fault):
                return split
            cells = split
        if max(map(len, cells)) > MAX_CELL:
            return too_large(f"a cell is longer than {MAX_CELL:,} characters")
        return self._undecodable_later_line() or cells

    def _undecodable_later_line(self) -> Fault | None:
        for raw in self._raw[1:]:
            try:
                raw.decode(self._dialect.encoding)
            except UnicodeDecodeError as error:
                return encoding_fault(error, self._dialect.encoding)
        return None

    def _split_simply(self, text: str) -> list[str] | None:
        """What the csv module makes of this line, or of the lines up to which the quotes are even in number."""
        cells = self._parse(text) if len(text) < _CSV_MODULE_LIMIT else None
        if cells is not None:
            return cells
        quote, joined, size = self._dialect.quote, [text], len(text)
        quotes = text.count(quote)
        while quotes % 2 and size < _CSV_MODULE_LIMIT and (line := self._peek(len(joined) - 1)) is not None:
            joined.append(line)
            quotes += line.count(quote)
            size += len(line)
        if len(joined) == 1 or size >= _CSV_MODULE_LIMIT:
            return None
        cells = self._parse("".join(joined))
        if cells is not None and len(cells) == (self.width or len(cells)):
            self._consume(len(joined) - 1)
            return cells
        return None

    def _parse(self, text: str) -> list[str] | None:
        quote, delimiter = self._dialect.quote, self._dialect.delimiter
        try:
            return next(csv.reader((text,), delimiter=delimiter, quotechar=quote, strict=True), None)
        except csv.Error:
            return None

    def _split_carefully(self, line: str) -> list[str] | Fault:
        quote, delimiter = self._dialect.quote, self._dialect.delimiter
        cells: list[str] = []
        ahead = at = 0
        try:
            while True:
                if line.startswith(quote, at):
                    cell, line, end, ahead = self._quoted_cell(line, at + 1, ahead, len(cells))
                else:
                    end = line.find(delimiter, at)
                    cell = line[at:] if end < 0 else line[at:end]
                    if ahead and quote in cell:
                        raise _BrokenQuoteError("a cell that spans lines is followed by one with a quote inside")
                cells.append(cell.rstrip("\r\n") if end < 0 else cell)
                if end < 0 or line[end : end + 1] in ("", "\r", "\n"):
                    break
                at = end + 1
        except _BrokenQuoteError as broken:
            return Fault("broken_quote", f"{broken}; double every quote inside a quoted cell and close each cell")
        self._consume(ahead)
        return cells

    def _quoted_cell(self, line: str, start: int, ahead: int, place: int) -> tuple[str, str, int, int]:
        """The cell opened before `start`, the line on which it ends, the place after it, and the lines looked at."""
        quote, parts, size = self._dialect.quote, [], 0
        at = start
        while True:
            at = line.find(quote, at)
            if at >= 0 and line.startswith(quote, at + 1):
                at += 2
                continue
            if at >= 0:
                break
            parts.append(line[start:])
            size += len(line)
            following = self._peek(ahead)
            if following is None or size > MAX_LINE or (self.width and place >= self.width):
                raise _BrokenQuoteError(f"a quote is opened in cell {place + 1} and never closed")
            line, start, at, ahead = following, 0, 0, ahead + 1
        parts.append(line[start:at])
        if line[at + 1 : at + 2] not in ("", self._dialect.delimiter, "\r", "\n"):
            raise _BrokenQuoteError(f"there is text after the closing quote of cell {place + 1}")
        return "".join(parts).replace(quote * 2, quote), line, at + 1, ahead

    def _peek(self, distance: int) -> str | None:
        raw = self._lines.peek(distance)
        return None if raw is None else raw.decode(self._dialect.encoding, errors="surrogateescape")

    def _consume(self, count: int) -> None:
        for _ in range(count):
            self._raw.append(self._lines.take() or b"")


def encoding_fault(error: UnicodeDecodeError, encoding: str) -> Fault:
    """A line with a byte that the encoding does not know."""
    found = f"byte {error.start + 1} of the line (0x{error.object[error.start]:02X}) is not {encoding}"
    remedy = f"save the file as {encoding}, or set read: {{encoding: {likely_encoding(error.object)}}} if it is that"
    return Fault("encoding", f"{found}; {remedy} (touchline inspect FILE shows its letters)")


def too_large(what: str) -> Fault:
    """A record over a limit."""
    return Fault("too_large", f"{what}; shorten it in the source or leave the column out of the export")


def too_deep() -> Fault:
    """A record that is nested deeper than any parser goes."""
    return Fault("too_deep", "values are nested too deep to be read; export the record flatter")
