"""Rows that Python split, written to Parquet parts in the scratch folder: memory holds one part at a time."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from models.errors import UnreadableFileError
from models.fields import BLANKS
from pipelines.sources.reading.relations import empty_relation, parquet_parts
from pipelines.sources.reading.rows import MAX_REJECTS, ListedLines, StructuralReject, TextRows

PART_ROWS = 100_000
PART_BYTES = 64 * 1024**2


class Spool:
    """Collects rows, rejects and ignored records of one file; `finish` gives its TextRows.

    `columns` may grow while rows come in (JSON); a row is then as long as the columns known at that time.
    """

    def __init__(self, scratch: Path, columns: Sequence[str], null_values: Sequence[str]) -> None:
        self.columns = list(columns)
        self.ignored = 0
        self.rejects: list[StructuralReject] = []
        self._folder = Path(tempfile.mkdtemp(prefix="rows_", dir=scratch))
        self._nulls = [text.strip(BLANKS) for text in null_values]
        self._rows: list[Sequence[str | None]] = []
        self._lines = array("q")
        self._parts: list[Path] = []
        self._bytes = 0

    def add(self, line_number: int, row: Sequence[str | None], size: int) -> None:
        """One row, the line on which it starts, and the bytes it took there."""
        self._rows.append(row)
        self._lines.append(line_number)
        self._bytes += size
        if len(self._rows) >= PART_ROWS or self._bytes >= PART_BYTES:
            self._write()

    def reject(self, reject: StructuralReject) -> None:
        """One record that is no row; raises UnreadableFileError `too_many_rejects` when they would fill the memory."""
        self.rejects.append(reject)
        if len(self.rejects) > MAX_REJECTS:
            raise UnreadableFileError(
                "too_many_rejects",
                f"more than {MAX_REJECTS:,} records do not fit the header, the last: {reject.message}",
                "check `delimiter`, `quote` and `skip_rows` under `read`; nothing of the file was loaded",
            )

    @property
    def records(self) -> int:
        """Records met so far."""
        return len(self._lines) + len(self.rejects) + self.ignored

    def finish(self) -> TextRows:
        """Writes what is left; the spool is not used again."""
        if self._rows:
            self._write()
        relation = parquet_parts(self._parts, self.columns) if self._parts else empty_relation(self.columns)
        lines = ListedLines(np.frombuffer(self._lines, np.int64) if self._lines else np.empty(0, np.int64))
        return TextRows(
            relation, tuple(self.columns), len(self._lines), self.ignored, tuple(self.rejects), "slow", lines
        )

    def _write(self) -> None:
        width = len(self.columns)
        if any(len(row) != width for row in self._rows):
            self._rows = [tuple(row) + (None,) * (width - len(row)) for row in self._rows]
        values = zip(*self._rows, strict=True)
        frame = pl.DataFrame(
            [pl.Series(name, cells, dtype=pl.String) for name, cells in zip(self.columns, values, strict=True)]
        )
        if self._nulls:
            cell = pl.all()
            frame = frame.with_columns(pl.when(~cell.str.strip_chars(BLANKS).is_in(self._nulls)).then(cell))
        self._parts.append(self._folder / f"{len(self._parts):05}.parquet")
        frame.write_parquet(self._parts[-1], compression="lz4", statistics=False)
        self._rows, self._bytes = [], 0
