"""One activity file while it is written, broken rows and all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from pipelines.demo.batch import Batch
from pipelines.demo.files import FileSummary, columns_of
from pipelines.demo.mistakes import ACTIVITY_MISTAKES
from pipelines.demo.text import TimeStyle, Wording, to_cells

COLUMNS = columns_of("activities")
_EACH = 100
"""One row of so many is broken."""


@dataclass(frozen=True)
class Written:
    """Lines as they were written, and which of them are broken."""

    lines: list[str]
    broken: list[int]

    def first(self, count: int) -> Written:
        """The first lines only."""
        return Written(self.lines[:count], [row for row in self.broken if row < count])


@dataclass
class ActivityFile:
    """Counts what it writes; breaks one row in a hundred, in each hundred at another place in another way."""

    path: Path
    stream: TextIO
    wording: Wording
    style: TimeStyle
    first_mistake: int = 0
    rows: int = 0
    broken: int = 0
    ignored: int = 0

    def __post_init__(self) -> None:
        self.stream.write(",".join(COLUMNS) + "\n")

    def write(self, batch: Batch) -> Written:
        """Adds the batch."""
        if not len(batch):
            return Written([], [])
        cells = to_cells(batch, self.wording, self.style)
        lines: list[str] = cells.select(pl.concat_str(COLUMNS, separator=",")).to_series().to_list()
        numbers = np.arange(self.rows, self.rows + len(batch))
        broken: list[int] = np.nonzero(numbers % _EACH == numbers // _EACH * 37 % 97 + 2)[0].tolist()
        for row, texts in zip(broken, cells[broken].iter_rows(named=True), strict=True):
            mistake = self.first_mistake + (self.rows + row) // _EACH
            column, value = ACTIVITY_MISTAKES[mistake % len(ACTIVITY_MISTAKES)]
            lines[row] = ",".join({**texts, column: value}[name] for name in COLUMNS)
        return self.add(Written(lines, broken))

    def add(self, written: Written) -> Written:
        """Adds lines as they are."""
        self.stream.write("\n".join([*written.lines, ""]))
        self.rows += len(written.lines)
        self.broken += len(written.broken)
        return written

    def repeat_header(self) -> None:
        """What joining two exports leaves behind: a blank line and a second header."""
        self.stream.write("\n" + ",".join(COLUMNS) + "\n")
        self.rows += 2
        self.ignored += 2

    def summary(self) -> FileSummary:
        """What the file holds so far."""
        return FileSummary(self.path.name, "activities", self.rows, self.broken, self.ignored)
