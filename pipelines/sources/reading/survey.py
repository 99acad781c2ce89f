"""One pass over a delimited file's bytes: how many records it has, and whether DuckDB can be trusted to read it.

Vectorised over blocks. It looks for everything that DuckDB's reader skips, repairs or miscounts without an error;
a file in which it finds nothing has exactly `records` records. What does not belong here: cells and encodings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 19
"""What is looked at stays in the processor's cache: 8 MB took half as long again."""
_LONGEST_LINE = 1024**2
_LF, _CR = 10, 13
_BLANK, _LAST_PLAIN = 0x20, 0x7E
_Bytes = NDArray[np.uint8]
_Places = NDArray[np.int64]


@dataclass(frozen=True)
class Survey:
    """`records` counts the header; `spanning` has, for each line end inside a cell, the record it is in (header 0).

    `is_plain`: printable ASCII throughout, and no blank at either end of a cell, so that no cell needs cleaning.
    """

    records: int
    spanning: _Places
    is_plain: bool = False


@dataclass(frozen=True)
class _Block:
    """`core` with the byte before and after each of its bytes; the file is framed by line feeds."""

    window: bytes
    size: int
    start: int

    def shifted(self, by: int) -> _Bytes:
        return np.frombuffer(self.window, np.uint8, self.size, 2 + by)


class _AnomalyError(Exception):
    pass


class _Surveyor:
    def __init__(self, delimiter: int, quote: int | None) -> None:
        self._delimiter = delimiter
        self._quote = quote
        self._parity = 0
        self._last_newline = -1
        self._crlf: bool | None = None
        self._records = 0
        self._spanning: list[_Places] = []
        self._is_plain = True

    def take(self, block: _Block) -> None:
        core, before = block.shifted(0), block.shifted(-1)
        if np.any(core[before == _CR] != _LF) or not core.all():
            raise _AnomalyError
        newlines = np.flatnonzero(core == _LF)
        self._check_lengths(newlines, block)
        outside = self._outside_quotes(block, newlines)
        ends = newlines[outside]
        self._check_ends(ends, block)
        if len(ends) < len(newlines):
            self._spanning.append(self._records + np.searchsorted(ends, newlines[~outside]))
        self._records += len(ends)
        self._is_plain = self._is_plain and len(ends) == len(newlines) and self._has_plain_cells(block, len(ends))

    def _has_plain_cells(self, block: _Block, ends: int) -> bool:
        core = block.shifted(0)
        controls = np.count_nonzero(core < _BLANK) - ends
        for allowed in (_CR, self._delimiter):
            if controls and allowed < _BLANK:
                controls -= np.count_nonzero(core == allowed)
        if controls or np.any(core > _LAST_PLAIN):
            return False
        blanks = np.flatnonzero(core == _BLANK)
        return not any(self._is_edge(block.shifted(side)[blanks]).any() for side in (-1, 1))

    def _is_edge(self, neighbours: _Bytes) -> NDArray[np.bool_]:
        edge = np.zeros(256, bool)
        edge[[self._delimiter, self._quote or _LF, _LF, _CR]] = True
        return edge[neighbours]

    def finish(self, size: int, last: int) -> Survey:
        if self._parity or last == _CR or size - 1 - self._last_newline > _LONGEST_LINE:
            raise _AnomalyError
        spanning = np.concatenate(self._spanning) if self._spanning else np.empty(0, np.int64)
        return Survey(self._records + (last != _LF), spanning, self._is_plain)

    def _check_lengths(self, newlines: _Places, block: _Block) -> None:
        if len(newlines):
            first = block.start + int(newlines[0]) - self._last_newline
            if max(first, int(np.diff(newlines).max(initial=0))) > _LONGEST_LINE:
                raise _AnomalyError
            self._last_newline = block.start + int(newlines[-1])

    def _outside_quotes(self, block: _Block, newlines: _Places) -> NDArray[np.bool_]:
        quotes = np.flatnonzero(block.shifted(0) == self._quote) if self._quote is not None else newlines[:0]
        outside: NDArray[np.bool_] = ((np.searchsorted(quotes, newlines) + self._parity) & 1) == 0
        if len(quotes):
            opening = block.shifted(-1)[quotes[self._parity :: 2]]
            closing = block.shifted(1)[quotes[1 - self._parity :: 2]]
            if not (self._may_stand_beside(opening) and self._may_stand_beside(closing, _CR)):
                raise _AnomalyError
            self._parity = (self._parity + len(quotes)) & 1
        return outside

    def _may_stand_beside(self, neighbours: _Bytes, *others: int) -> bool:
        allowed = np.zeros(256, bool)
        allowed[[self._delimiter, self._quote or 0, _LF, *others]] = True
        return bool(allowed[neighbours].all())

    def _check_ends(self, ends: _Places, block: _Block) -> None:
        if not len(ends):
            return
        before = block.shifted(-1)[ends]
        crlf = bool(before[0] == _CR)
        if self._crlf is None:
            self._crlf = crlf
        blank = block.shifted(-2)[ends] == _LF if crlf else before == _LF
        if crlf != self._crlf or np.any((before == _CR) != crlf) or blank.any():
            raise _AnomalyError


def survey_file(path: Path, start: int, delimiter: str, quote: str, header: bytes) -> Survey | None:
    """Counts the records from byte `start` (after a mark) on; None when the file needs the careful reader.

    That is: a NUL, a lone CR, mixed line ends, a blank line, an open quote, a quote inside an unquoted cell or text
    after a closing one, a line over a megabyte, or the line `header` (bytes without its end) a second time.
    """
    surveyor = _Surveyor(ord(delimiter), ord(quote) if quote else None)
    last = _LF
    try:
        for block in _blocks(path, start, len(header) + 3):
            surveyor.take(block)
            _refuse_repeated(header, block)
            last = block.window[2 + block.size - 1]
        return surveyor.finish(path.stat().st_size - start, last)
    except _AnomalyError:
        return None


def _blocks(path: Path, start: int, ahead: int) -> Iterator[_Block]:
    size = path.stat().st_size - start
    with path.open("rb") as file:
        for at in range(0, size, _BLOCK):
            behind = min(at, 2)
            file.seek(start + at - behind)
            found = file.read(behind + min(_BLOCK, size - at) + ahead)
            window = b"\n\n"[behind:] + found + (b"\n" if at + _BLOCK + ahead >= size else b"")
            yield _Block(window, min(_BLOCK, size - at), at)


def _refuse_repeated(header: bytes, block: _Block) -> None:
    behind = 2 if block.start == 0 else 1
    searched = block.window[behind:]
    if b"\n" + header + b"\n" in searched or b"\n" + header + b"\r" in searched:
        raise _AnomalyError
