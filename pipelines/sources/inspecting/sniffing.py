"""How a file is to be read, guessed from its first bytes: the only place where anything is guessed.

The guess is proposed as settings; a night reads only what the settings say.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading import detect_format
from pipelines.sources.reading.unpacking import unpack

_HEAD = 1 << 18
_DELIMITERS = ",;\t|"
_TURKISH_BYTES = frozenset(b"\xd0\xdd\xde\xf0\xfd\xfe")
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Dialect:
    """How to read the file, and what a person should check of it."""

    format: FileFormat
    options: dict[str, Any]
    notes: tuple[str, ...] = ()

    def read_options(self) -> ReadOptions:
        """As the readers want it."""
        return ReadOptions.model_validate(self.options)


def sniff(path: Path, scratch: Path) -> Dialect:
    """The file's dialect; only what differs from the defaults of its format is in `options`."""
    file_format, compression = detect_format(path.name, ReadOptions())
    plain = unpack(path, compression, scratch / "sniffed") if compression else path
    if file_format in (FileFormat.CSV, FileFormat.TSV):
        return _sniff_text(plain, file_format)
    if file_format is FileFormat.JSON:
        return _sniff_json(plain)
    if file_format is FileFormat.XLSX:
        return _sniff_workbook(plain)
    return Dialect(file_format, {})


def _sniff_text(path: Path, file_format: FileFormat) -> Dialect:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    encoding, notes = _encoding(head)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    lines = text.splitlines()[: 200 if len(head) == _HEAD else None][:200]
    default = "," if file_format is FileFormat.CSV else "\t"
    delimiter = max(_DELIMITERS, key=lambda mark: (*_regularity(lines, mark), mark == default))
    options: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    if delimiter != default:
        options["delimiter"] = delimiter
    if skipped := _title_lines(lines, delimiter):
        options["skip_rows"] = skipped
        notes.append(f"the first {skipped} lines stand above the header and are skipped: check that they are no data")
    return Dialect(file_format, options, tuple(notes))


def _encoding(head: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, []
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        turkish = any(byte in _TURKISH_BYTES for byte in head)
        encoding = "windows-1254" if turkish else "windows-1252"
        why = "its bytes fit Turkish letters" if turkish else "that is the commonest other one"
        return encoding, [f"not UTF-8 (byte {error.start}); taken as {encoding}, as {why}: check names with accents"]
    return "utf-8", []


def _widths(lines: list[str], delimiter: str) -> list[int]:
    try:
        return [len([cell for cell in row if cell.strip()] or row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return []


def _regularity(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How many records have the commonest number of cells, and that number; nothing for single cells."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return (0, 0)
    width, times = Counter(widths).most_common(1)[0] if widths else (0, 0)
    return (round(times / len(widths), 1), width) if width > 1 else (0, 0)


def _title_lines(lines: list[str], delimiter: str) -> int:
    """Lines above the first record that is as wide as the file."""
    records = list(csv.reader(lines, delimiter=delimiter))
    wide = Counter(len(row) for row in records if row).most_common(1)
    for place, row in enumerate(records):
        if wide and len(row) == wide[0][0] and sum(bool(cell.strip()) for cell in row) * 2 > len(row):
            return place if place <= 20 else 0
    return 0


def _sniff_json(path: Path) -> Dialect:
    """The path to the longest list of objects, when the document is an object."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return Dialect(FileFormat.JSON, {})
    found = sorted(_lists(document, ()), key=lambda item: -item[1])
    if isinstance(document, dict) and found:
        return Dialect(FileFormat.JSON, {"records": ".".join(found[0][0])})
    return Dialect(FileFormat.JSON, {})


def _lists(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield place, len(value)
    if isinstance(value, dict) and len(place) < 3:
        for name, inner in value.items():
            if "." not in name:
                yield from _lists(inner, (*place, name))


def _sniff_workbook(path: Path) -> Dialect:
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    sheets = CalamineWorkbook.from_path(str(path)).sheets_metadata
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    if len(visible) < 2:
        return Dialect(FileFormat.XLSX, {})
    note = f"the workbook has the sheets {', '.join(visible)}; the first is proposed"
    return Dialect(FileFormat.XLSX, {"sheet": visible[0]}, (note,))
