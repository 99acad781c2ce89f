"""Which lines of a block are records beyond doubt, found for all lines at once, and those lines as a table.

A clean line is a whole record: its quotes are well placed and even, and it has as many cells as the header. Polars
reads clean lines in bulk; all others are for the careful splitter. What does not belong here: judging those.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.sources.reading.encodings import UTF8
from pipelines.sources.reading.records import Dialect
from pipelines.sources.reading.spool import frame_of

_LF, _LAST_ASCII = 10, 0x7F
_LONGEST_LINE = 100_000  # below the csv module's limit on a cell, which is global to the process
_Mask = NDArray[np.bool_]
_Places = NDArray[np.int64]


@dataclass(frozen=True)
class LineBlock:
    """Physical lines as UTF-8 without their ends, each followed by a line feed in `text`."""

    text: bytes
    starts: _Places
    ends: _Places
    undecodable: _Mask

    @classmethod
    def of(cls, lines: Sequence[bytes], encoding: str) -> LineBlock:
        """The block of these lines; one that cannot be decoded is left blank in `text`."""
        text, undecodable = _as_utf8(_joined(lines), encoding)
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LF)
        starts = np.concatenate(([0], ends[:-1] + 1))
        return cls(text, starts, ends, undecodable)

    def bytes_of(self, places: _Places) -> bytes:
        """The text of some lines, in order."""
        if len(places) == len(self.ends):
            return self.text
        breaks = np.flatnonzero(np.diff(places) != 1)
        firsts = places[np.concatenate(([0], breaks + 1))] if len(places) else places
        lasts = places[np.concatenate((breaks, [len(places) - 1]))] if len(places) else places
        ranges = zip(self.starts[firsts].tolist(), self.ends[lasts].tolist(), strict=True)
        return b"".join(self.text[start : end + 1] for start, end in ranges)


def _joined(lines: Sequence[bytes]) -> bytes:
    """The lines, each with one line feed for its end; most files have these already."""
    joined = b"".join(lines)
    if b"\r" not in joined and joined.count(b"\n") == len(lines):
        return joined
    return b"\n".join([line.rstrip(b"\r\n") for line in lines]) + b"\n"


def _as_utf8(joined: bytes, encoding: str) -> tuple[bytes, _Mask]:
    undecodable = np.zeros(joined.count(b"\n"), bool)
    try:
        text = joined.decode(encoding)
        return (joined if encoding == UTF8 else text.encode(UTF8)), undecodable
    except UnicodeError:
        bare = joined.removesuffix(b"\n").split(b"\n")
        kept = list(bare)
        for place in _not_ascii(joined) if encoding == UTF8 else range(len(bare)):
            try:
                kept[place] = bare[place].decode(encoding).encode(UTF8)
            except UnicodeError:
                undecodable[place] = True
                kept[place] = b""
        return b"\n".join(kept) + b"\n", undecodable


def _not_ascii(joined: bytes) -> list[int]:
    """The lines with a byte beyond ASCII: in UTF-8 only these can be wrong."""
    array = np.frombuffer(joined, np.uint8)
    ends = np.flatnonzero(array == _LF)
    places: list[int] = np.unique(np.searchsorted(ends, np.flatnonzero(array > _LAST_ASCII))).tolist()
    return places


def clean_lines(block: LineBlock, dialect: Dialect, width: int, header: bytes) -> _Mask:
    """Which lines are whole records of `width` cells; never a blank line, a comment or a repeated header."""
    if not (dialect.delimiter.isascii() and dialect.quote.isascii()):
        return np.zeros(len(block.ends), bool)
    array = np.frombuffer(block.text, np.uint8)
    lengths = block.ends - block.starts
    clean = (lengths > 0) & (lengths <= _LONGEST_LINE) & ~block.undecodable
    clean[np.searchsorted(block.ends, np.flatnonzero(array == 0))] = False
    for place in np.flatnonzero(lengths == len(header)).tolist():
        clean[place] &= block.text[block.starts[place] : block.ends[place]] != header
    if dialect.comment:
        clean &= array[block.starts] != dialect.comment.encode(UTF8)[0]
    delimiters = np.flatnonzero(array == ord(dialect.delimiter))
    quotes = np.flatnonzero(array == ord(dialect.quote)) if dialect.quote else delimiters[:0]
    if len(quotes):
        well_placed, delimiters = _judge_quotes(block, array, quotes, delimiters)
        clean &= well_placed
    has_cells: _Mask = _count_by_line(block, delimiters) == width - 1
    return clean & has_cells


def _count_by_line(block: LineBlock, places: _Places) -> _Places:
    return np.diff(np.searchsorted(places, block.ends), prepend=0)


def _judge_quotes(
    block: LineBlock, array: NDArray[np.uint8], quotes: _Places, delimiters: _Places
) -> tuple[_Mask, _Places]:
    """The lines whose quotes stand where CSV wants them, and the delimiters outside quotes."""
    counts = _count_by_line(block, quotes)
    before_line = np.cumsum(counts) - counts
    line_of_quote = np.repeat(np.arange(len(counts)), counts)
    is_opening = (np.arange(len(quotes)) - before_line[line_of_quote]) % 2 == 0
    allowed = np.zeros(256, bool)
    allowed[[array[quotes[0]], array[delimiters[0]] if len(delimiters) else _LF, _LF]] = True
    before = np.where(quotes > 0, array[quotes - 1], _LF)
    neighbour = np.where(is_opening, before, array[quotes + 1])
    well_placed = counts % 2 == 0
    well_placed[line_of_quote[~allowed[neighbour]]] = False
    line_of_delimiter = np.repeat(np.arange(len(counts)), _count_by_line(block, delimiters))
    is_outside = (np.searchsorted(quotes, delimiters) - before_line[line_of_delimiter]) % 2 == 0
    return well_placed, delimiters[is_outside]


def read_clean(text: bytes, rows: int, columns: Sequence[str], dialect: Dialect) -> pl.DataFrame:
    """Clean lines as columns of text: by Polars, or by the csv module should Polars see other rows than counted."""
    schema = dict.fromkeys(columns, pl.String())
    if not rows:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            schema=schema,
            separator=dialect.delimiter,
            quote_char=dialect.quote or None,
        )
    except pl.exceptions.PolarsError:
        return read_plainly(text, columns, dialect)
    return frame if frame.shape == (rows, len(columns)) else read_plainly(text, columns, dialect)


def read_plainly(text: bytes, columns: Sequence[str], dialect: Dialect) -> pl.DataFrame:
    """Clean lines by the csv module."""
    lines = text.decode(UTF8).removesuffix("\n").split("\n")
    if dialect.quote:
        rows = list(csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote))
    else:
        rows = [line.split(dialect.delimiter) for line in lines]
    return frame_of(columns, rows)
