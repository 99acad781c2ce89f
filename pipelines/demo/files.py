"""The files of the demo: how a table becomes CSV, and what was written where."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.contracts import CONTRACTS
from pipelines.demo.mistakes import TABLE_MISTAKES
from pipelines.demo.stories import Story

Row = Mapping[str, object]
_LEFT_OUT = dict.fromkeys(("stages", "spend", "exchange_rates", "time_off"), ("updated_at", "is_deleted")) | {
    "activities": ("external_id", "copy_of_id")
}
"""Fields of which the company's systems know nothing: its dialer and its CRM share no calls."""
"""Kept by hand in a spreadsheet: the later line wins."""


@dataclass(frozen=True)
class FileSummary:
    """One file. `rows` are the records below the header, the broken and the ignored ones among them."""

    name: str
    entity: str
    rows: int
    broken: int = 0
    ignored: int = 0


@dataclass(frozen=True)
class DemoSummary:
    """What `write_demo` wrote."""

    files: tuple[FileSummary, ...]
    stories: tuple[Story, ...] = ()

    @property
    def rows(self) -> int:
        """Records of all files."""
        return sum(file.rows for file in self.files)

    @property
    def broken(self) -> int:
        """Records that break their contract, on purpose."""
        return sum(file.broken for file in self.files)


def columns_of(entity: str) -> tuple[str, ...]:
    """The header of the entity's files."""
    names = tuple(CONTRACTS[entity].kinds())
    return tuple(name for name in names if name not in _LEFT_OUT.get(entity, ()))


def write_table(folder: Path, entity: str, rows: Iterable[Row], name: str = "") -> FileSummary:
    """Writes the rows as `<name or entity>.csv`, one row in a hundred broken where the entity has mistakes."""
    file_name, columns = f"{name or entity}.csv", columns_of(entity)
    from_spreadsheet = entity == "spend"  # finance saves it from one: byte order mark and CRLF
    count = broken = 0
    with (folder / file_name).open("w", encoding="utf-8-sig" if from_spreadsheet else "utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n" if from_spreadsheet else "\n")
        writer.writerow(columns)
        for row in rows:
            mistakes = TABLE_MISTAKES.get(entity, ())
            if mistakes and count % 100 == 57:
                row = {**row, **mistakes[count // 100 % len(mistakes)]}
                broken += 1
            writer.writerow([row.get(column, "") for column in columns])
            count += 1
    return FileSummary(file_name, entity, count, broken)
