"""A workbook's cells as text, whatever their type, and the limits a workbook must keep."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import fastexcel

from models.errors import UnreadableFileError

MAX_XML = 2 * 1024**3
MAX_MEMBERS = 10_000
MAX_CELLS = 50_000_000
MAX_EXACT = 2**53
Cell = str | bool | int | float | date | datetime | time | timedelta

_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ERROR_TYPE = b't="e"'
_ERROR = re.compile(r"Error\((\w+)\)")
_ERROR_TEXTS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "GettingData": "#GETTING_DATA",
}


def cell_text(cell: Cell, decimal: str = ".") -> str:
    """Whole numbers without a point, days and times as ISO 8601, durations as HH:MM:SS.

    `decimal` is the mark of the sheet's numbers that are texts: those that are numbers get the same, and no groups.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return format(Decimal(repr(cell)), "f").removesuffix(".0").replace(".", decimal)
    if isinstance(cell, datetime):
        return str((cell + timedelta(microseconds=500_000)).replace(microsecond=0))
    if isinstance(cell, timedelta):
        return _duration(round(cell.total_seconds()))
    return cell.strftime("%H:%M:%S") if isinstance(cell, time) else cell.isoformat()


def _duration(seconds: int) -> str:
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def is_inexact(cell: Cell) -> bool:
    """Whether a number is so long that a workbook no longer keeps its last digits."""
    return isinstance(cell, float) and abs(cell) >= MAX_EXACT


def check_size(path: Path) -> bool:
    """Whether any cell may be an error; raises UnreadableFileError for a bomb or more cells than memory holds.

    The reader lays a sheet out as a full rectangle, so one cell far away would cost gigabytes.
    """
    has_errors = False
    with zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            found = f"the archive lists {len(archive.infolist()):,} files: that is no ordinary workbook"
            raise UnreadableFileError("bomb", found, "export it as CSV")
        packed, plain = path.stat().st_size, sum(member.file_size for member in archive.infolist())
        if plain > MAX_XML or (plain > 100 * 1024**2 and plain > 200 * packed):
            raise UnreadableFileError(
                "bomb", f"{packed:,} bytes unpack to {plain:,}: that is no ordinary workbook", "export it as CSV"
            )
        for member in archive.infolist():
            if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                has_errors |= _check_sheet(archive, member)
    return has_errors


def _check_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    has_errors, tail = False, b""
    rows, widest = {0}, {b"A"}
    with archive.open(member) as sheet:
        while chunk := sheet.read(1 << 20):
            found = _REFERENCE.findall(tail + chunk)
            rows |= {max((int(row) for _, row in found), default=0)}
            widest |= {max((column for column, _ in found), key=lambda name: (len(name), name), default=b"A")}
            has_errors |= _ERROR_TYPE in tail + chunk
            tail = chunk[-32:]
    columns = max(_column_number(name) for name in widest)
    if max(rows) * columns > MAX_CELLS:
        raise UnreadableFileError(
            "too_large",
            f"{member.filename} reaches to row {max(rows):,} and column {columns:,}",
            "delete the unused rows and columns, or export it as CSV",
        )
    return has_errors


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def error_cells(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """The error cells of a sheet by (row, column) from its first used cell: calamine's Python cells hide them."""
    options = {"header_row": None, "dtypes": "string", "skip_whitespace_tail_rows": False}
    _, errors = fastexcel.read_excel(path).load_sheet(sheet, **options).to_arrow_with_errors()
    found: dict[tuple[int, int], str] = {}
    for error in errors.errors if errors else []:
        kind = _ERROR.search(error.detail)
        found[error.position] = _ERROR_TEXTS.get(kind[1], "#ERROR!") if kind else "#ERROR!"
    return found
