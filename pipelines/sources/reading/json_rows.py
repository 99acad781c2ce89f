"""Flat JSON rows on their way to the spool: the columns are the union of all keys, by first appearance."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.mapping import ReadOptions
from pipelines.sources.reading.headers import check_columns
from pipelines.sources.reading.json_values import flat_row
from pipelines.sources.reading.records import Fault
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, StructuralReject, TextRows
from pipelines.sources.reading.spool import Spool, frame_of

_PART_ROWS = 50_000
_PART_CHARACTERS = 32 * 1024**2


class JsonRows:
    """Takes records one by one; `finish` gives the file's TextRows."""

    def __init__(self, scratch: Path, options: ReadOptions) -> None:
        self._spool = Spool(scratch, options.null_values)
        self._columns: dict[str, None] = {}
        self._rows: list[dict[str, str]] = []
        self._lines: list[int] = []
        self._characters = 0

    def add(self, line_number: int, value: object, text: str) -> None:
        """A parsed value: a row when it is a flat or nested object, else a reject."""
        row = flat_row(value)
        if isinstance(row, Fault):
            self.reject(line_number, row, text)
            return
        if not row.keys() <= self._columns.keys():
            self._columns.update(dict.fromkeys(row))
            check_columns(self._columns)
        self._rows.append(row)
        self._lines.append(line_number)
        self._characters += len(text)
        if len(self._rows) >= _PART_ROWS or self._characters >= _PART_CHARACTERS:
            self._write()

    def reject(self, line_number: int, fault: Fault, text: str) -> None:
        """A record that is no row."""
        self._spool.reject(StructuralReject(line_number, fault.rule, fault.message, text[:MAX_REJECT_TEXT]))

    def ignore(self) -> None:
        """A blank line or a null item."""
        self._spool.ignored += 1

    def finish(self, encoding: str) -> TextRows:
        """All rows; refuses a file in another encoding throughout. Objects without a single key are ignored."""
        self._write()
        self._spool.refuse_undecodable(encoding)
        return self._spool.finish(list(self._columns))

    def _write(self) -> None:
        columns = list(self._columns)
        rows = [[row.get(column) for column in columns] for row in self._rows] if columns else []
        if not columns:
            self._spool.ignored += len(self._rows)
        else:
            self._spool.add(frame_of(columns, rows), np.array(self._lines, np.int64))
        self._rows, self._lines, self._characters = [], [], 0
