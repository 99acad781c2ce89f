"""Rows that Python split, written to Parquet parts in the scratch folder: memory holds one part at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.errors import UnreadableFileError
from models.fields import BLANKS
from pipelines.sources.reading.deaths import too_much_output
from pipelines.sources.reading.relations import empty_relation, parquet_parts
from pipelines.sources.reading.rows import MAX_REJECTS, ListedLines, StructuralReject, TextRows

MAX_WRITTEN = 50 * 1024**3
_FEW_UNDECODABLE = 20
_UNDECODABLE_SHARE = 0.05


class Spool:
    """Collects rows, rejects and ignored records of one file; `finish` gives its TextRows."""

    def __init__(self, scratch: Path, null_values: Sequence[str]) -> None:
        self.ignored = 0
        self.rejects: list[StructuralReject] = []
        self.rows = 0
        self._folder = Path(tempfile.mkdtemp(prefix="rows_", dir=scratch))
        self._nulls = [text.strip(BLANKS) for text in null_values]
        self._written = 0
        self._lines: list[NDArray[np.int64]] = []
        self._parts: list[Path] = []

    def add(self, frame: pl.DataFrame, lines: NDArray[np.int64]) -> None:
        """Rows that follow those before, and the line on which each starts."""
        if not frame.height:
            return
        if self._nulls:
            cell = pl.all()
            frame = frame.with_columns(pl.when(~cell.str.strip_chars(BLANKS).is_in(self._nulls)).then(cell))
        self._parts.append(self._folder / f"{len(self._parts):05}.parquet")
        frame.write_parquet(self._parts[-1], compression="lz4", statistics=False)
        self._written += self._parts[-1].stat().st_size
        if self._written > MAX_WRITTEN:
            raise too_much_output(MAX_WRITTEN)
        self._lines.append(lines)
        self.rows += frame.height

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
        return self.rows + len(self.rejects) + self.ignored

    def refuse_undecodable(self, encoding: str) -> None:
        """A few bad bytes reject their records; many mean another encoding: then raises UnreadableFileError."""
        bad = [reject for reject in self.rejects if reject.rule == "encoding"]
        if len(bad) > _FEW_UNDECODABLE and len(bad) > _UNDECODABLE_SHARE * self.records:
            raise UnreadableFileError(
                "encoding",
                f"{len(bad):,} of {self.records:,} records are not {encoding}, the first on line "
                f"{bad[0].line_number}: {bad[0].message}",
                "touchline inspect FILE finds its encoding and proposes settings to paste; or save the file as UTF-8",
            )

    def finish(self, columns: Sequence[str]) -> TextRows:
        """What was collected; `columns` are those of all parts together."""
        relation = parquet_parts(self._parts, columns) if self._parts else empty_relation(columns)
        lines = ListedLines(np.concatenate(self._lines) if self._lines else np.empty(0, np.int64))
        rejects = tuple(sorted(self.rejects, key=attrgetter("line_number")))
        return TextRows(relation, tuple(columns), self.rows, self.ignored, rejects, "slow", lines)


def frame_of(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Rows of equal length as columns of text."""
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
    cells = zip(*rows, strict=True)
    return pl.DataFrame([pl.Series(name, values, dtype=pl.String) for name, values in zip(columns, cells, strict=True)])
