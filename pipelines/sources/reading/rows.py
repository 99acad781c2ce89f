"""What a reader hands on: rows of text as a DuckDB relation, and an account of every record it met.

What belongs here: the result types and the check that DuckDB read what the survey counted. What does not: reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MAX_REJECT_TEXT = 10_000
MAX_REJECTS = 500_000


@dataclass(frozen=True)
class StructuralReject:
    """A record that could not be split into the header's columns.

    `line_number` is the physical line (from 1) where it starts: the sheet's row in a workbook, the item's place
    (from 1) in a JSON document. `message` says what was expected, what was found and what to do; `text` is the
    record as it came, clipped, with undecodable bytes as backslash escapes.
    """

    line_number: int
    rule: str
    message: str
    text: str


class LineIndex(Protocol):
    """Knows on which physical line a row starts."""

    def line_of(self, ordinal: int) -> int:
        """The physical line (from 1) of the row with this place (from 0) in the relation."""
        ...


@dataclass(frozen=True)
class FollowingLines:
    """Row after row from `first` on; `spanning` has, sorted, the ordinal of the row of every line end inside a cell."""

    first: int
    spanning: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def line_of(self, ordinal: int) -> int:
        """Every earlier row took one line and one more for each line end inside it."""
        return self.first + ordinal + int(np.searchsorted(self.spanning, ordinal, side="left"))


@dataclass(frozen=True)
class ListedLines:
    """The line of every row, one by one."""

    numbers: NDArray[np.int64]

    def line_of(self, ordinal: int) -> int:
        """Looked up."""
        return int(self.numbers[ordinal])


@dataclass(frozen=True)
class TextRows:
    """One file as rows of text. Its records are `rows` + `len(rejects)` + `ignored`; a header is not a record.

    `relation` is SQL for a FROM clause that yields exactly `columns`, all VARCHAR, in file order; a blank cell is
    NULL or ''. It reads files in `scratch` or the landed copy, which must stay until it is loaded. `ignored` counts
    blank lines, repeated headers, comments, footers, skipped lines and null items. `columns` is empty only for a
    JSON file without a single record. On the fast path `rows` is what the survey expects: see `reconcile`.
    `is_plain` promises that no cell needs cleaning: see `Survey`.
    """

    relation: str
    columns: tuple[str, ...]
    rows: int
    ignored: int
    rejects: tuple[StructuralReject, ...]
    path_taken: str
    lines: LineIndex = field(repr=False, compare=False)
    is_plain: bool = False

    @property
    def records(self) -> int:
        """Every physical record of the file, the header apart."""
        return self.rows + len(self.rejects) + self.ignored

    def line_of(self, ordinal: int) -> int:
        """The physical line (from 1) of the row with this place (from 0) in the relation."""
        if not 0 <= ordinal < self.rows:
            raise IndexError(f"row {ordinal} of {self.rows}")
        return self.lines.line_of(ordinal)


def reconcile(rows: TextRows, counted: int) -> bool:
    """Whether loading the relation gave the rows that were counted in the file.

    The relation of the fast path raises duckdb.Error at the first record that does not fit the header: it stores no
    rejects. After False or duckdb.Error the caller drops what it loaded (and rolls back, when it was in a
    transaction) and calls `read_rows(..., force_slow=True)`, which explains every record that does not fit.
    """
    return counted == rows.rows


@dataclass(frozen=True)
class SheetSample:
    """A visible sheet: how many rows it has, and the texts of its first and last ones."""

    name: str
    rows: int
    head: tuple[tuple[str, ...], ...]
    tail: tuple[tuple[str, ...], ...]
