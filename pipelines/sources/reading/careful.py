"""The careful reader of delimited files: clean lines in bulk, every other record split and judged by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.errors import UnreadableFileError
from models.fields import BLANKS
from models.mapping import ReadOptions
from pipelines.sources.reading.clean_lines import LineBlock, clean_lines, read_clean
from pipelines.sources.reading.encodings import mark_length
from pipelines.sources.reading.footers import footer_of, is_footer
from pipelines.sources.reading.headers import Header, header_of, no_header
from pipelines.sources.reading.physical_lines import PhysicalLines
from pipelines.sources.reading.records import Dialect, Fault, RecordSplitter
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, StructuralReject, TextRows
from pipelines.sources.reading.spool import Spool, frame_of


def read_slow(path: Path, options: ReadOptions, dialect: Dialect, scratch: Path) -> TextRows:
    """Every record accounted for: rows, rejects that do not fit the header, and lines that are no records."""
    return _CarefulReader(path, options, dialect, scratch).read()


class _CarefulReader:
    def __init__(self, path: Path, options: ReadOptions, dialect: Dialect, scratch: Path) -> None:
        self._dialect = dialect
        self._footer = footer_of(options)
        self._lines = PhysicalLines(path, mark_length(path))
        self._splitter = RecordSplitter(self._lines, dialect)
        self._records = iter(self._splitter)
        skipped = self._splitter.skip(options.skip_rows)
        self._header, above = self._find_header()
        self._header_line = self._splitter.raw().rstrip(b"\r\n")
        self._spool = Spool(scratch, options.null_values)
        self._spool.ignored = skipped + above
        self._rows: list[list[str]] = []
        self._row_lines: list[int] = []

    def read(self) -> TextRows:
        while block := self._lines.block():
            self._read_block(block)
        self._spool.refuse_undecodable(self._dialect.encoding)
        return self._spool.finish(self._header.columns)

    def _find_header(self) -> tuple[Header, int]:
        """The first record that is neither blank nor a comment, and how many of these stand above it."""
        for above, cells in enumerate(self._records):
            if isinstance(cells, Fault):
                raise _unreadable_header(cells)
            if cells is not None and any(cell.strip(BLANKS) for cell in cells):
                header = header_of(cells)
                self._splitter.width = header.width
                return header, above
        raise no_header("the file holds no record")

    def _read_block(self, lines: list[bytes]) -> None:
        block = LineBlock.of(lines, self._dialect.encoding)
        clean = clean_lines(block, self._dialect, len(self._header.cells), self._header_line)
        first = self._lines.number + 1
        for place in np.flatnonzero(~clean).tolist():
            ahead = first + place - self._lines.number - 1
            if ahead >= 0:  # else the line belongs to the record before
                self._lines.advance(ahead)
                self._judge(next(self._records))
                clean[place : self._lines.number - first + 1] = False
        self._lines.advance(max(first + len(lines) - 1 - self._lines.number, 0))
        self._add_block(block, np.flatnonzero(clean), first)

    def _judge(self, cells: list[str] | Fault | None) -> None:
        splitter, width = self._splitter, self._header.width
        if cells is None or splitter.raw().rstrip(b"\r\n") == self._header_line:
            self._spool.ignored += 1
        elif isinstance(cells, Fault):
            self._spool.reject(splitter.reject(cells))
        elif is_footer(self._footer, cells, self._header.places[0]) or (
            len(cells) == 1 < width and not cells[0].strip(BLANKS)
        ):
            self._spool.ignored += 1
        elif (fault := self._header.misfit(cells)) is not None:
            self._spool.reject(splitter.reject(fault))
        else:
            self._rows.append(self._header.pick(cells))
            self._row_lines.append(splitter.line_number)

    def _add_block(self, block: LineBlock, places: NDArray[np.int64], first: int) -> None:
        """The clean lines and the rows judged one by one, in the order of the file."""
        positions = [str(place) for place in range(len(self._header.cells))]
        frame = read_clean(block.bytes_of(places), len(places), positions, self._dialect)
        kept = self._sift(frame, block, places, first)
        if not kept.all():
            frame, places = frame.filter(kept), places[kept]
        frame = frame.select(positions[place] for place in self._header.places)
        frame.columns = list(self._header.columns)
        lines = places + first
        if self._rows:
            lines = np.concatenate((lines, np.array(self._row_lines, np.int64)))
            order = np.argsort(lines, kind="stable")
            frame, lines = pl.concat([frame, frame_of(frame.columns, self._rows)])[order], lines[order]
            self._rows, self._row_lines = [], []
        self._spool.add(frame, lines)

    def _sift(self, frame: pl.DataFrame, block: LineBlock, places: NDArray[np.int64], first: int) -> NDArray[np.bool_]:
        """False for the clean lines that are footers (ignored) or hold a cell under no name (rejected)."""
        kept = np.ones(frame.height, bool)
        if self._footer is not None and frame.width:
            firsts = frame[:, [0, self._header.places[0]]] if self._header.places[0] else frame[:, [0]]
            found = (is_footer(self._footer, cells, 1) for cells in firsts.iter_rows())
            kept = ~np.fromiter(found, bool, frame.height)
            self._spool.ignored += int((~kept).sum())
        for unnamed in sorted(set(range(frame.width)) - set(self._header.places)):
            stray = (frame[:, unnamed].fill_null("").str.strip_chars(BLANKS) != "").to_numpy() & kept
            kept &= ~stray
            for row in np.flatnonzero(stray).tolist():
                fault = self._header.misfit(frame.row(row)) or Fault("too_many_fields", "")
                text = block.bytes_of(places[row : row + 1]).decode()[:MAX_REJECT_TEXT].rstrip("\n")
                self._spool.reject(StructuralReject(first + int(places[row]), fault.rule, fault.message, text))
        return kept


def _unreadable_header(fault: Fault) -> UnreadableFileError:
    if fault.rule == "encoding":
        remedy = "touchline inspect FILE finds its encoding and proposes settings to paste; or save the file as UTF-8"
        return UnreadableFileError("encoding", f"the header cannot be read: {fault.message}", remedy)
    return no_header(f"the header cannot be read: {fault.message}")
