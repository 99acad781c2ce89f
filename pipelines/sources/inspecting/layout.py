"""Where a table stands in a file: delimiter, lines above the header, totals under the rows, sheet, list of records.

What belongs here: `ReadOptions` for an unknown file. What does not: what its columns mean.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import UnreadableFileError
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.inspecting.encoding import sniff_encoding
from pipelines.sources.reading.child import sheets_apart, split_apart, unpack_apart
from pipelines.sources.reading.formats import check_type, detect_format, is_zip
from pipelines.sources.vocabulary import folded, load_vocabulary

_DELIMITERS = (",", ";", "\t", "|")
_HEAD, _TAIL = 512 * 1024, 64 * 1024
_LOOKED_AT = 400
_MOST_FOOTERS, _WIDE = 12, 3
_SALESFORCE = re.compile("copyright.{0,40}salesforce", re.IGNORECASE)
_VALUE = re.compile(r"[-+(]?[0-9][0-9.,:/\s%-]*\)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")


@dataclass(frozen=True)
class Layout:
    """How to read the file. `encoding` and `delimiter` are None where a format has none."""

    file_format: FileFormat
    compression: str | None
    encoding: str | None
    delimiter: str | None
    read: ReadOptions
    notes: tuple[str, ...]
    is_salesforce_report: bool = False


@dataclass(frozen=True)
class _Record:
    """Cells, and the physical line (from 1) where they start."""

    line: int
    cells: list[str]

    @property
    def filled(self) -> int:
        return sum(1 for cell in self.cells if cell.strip())


def find_layout(path: Path, scratch: Path) -> Layout:
    """The layout of a file; raises UnreadableFileError when it is no table at all."""
    file_format, compression, forced = _format_of(path.name)
    plain = unpack_apart(path, compression, scratch / "plain") if compression else path
    if plain.stat().st_size == 0:
        raise UnreadableFileError("empty_file", "the file has no bytes", "Export it again.")
    if not is_zip(plain):
        check_type(plain, file_format)
    elif file_format is not FileFormat.XLSX:  # an archive's table of contents is read in the child process, too
        split_apart(plain, file_format, ReadOptions(), scratch)
    notes = [f"the name does not end in a known format: it is read as {file_format}"] if forced else []
    options: dict[str, object] = {"format": file_format} if forced else {}
    if file_format in (FileFormat.PARQUET, FileFormat.MBOX):
        return Layout(file_format, compression, None, None, ReadOptions(), tuple(notes))
    if file_format is FileFormat.XLSX:
        found, more, is_report = _workbook(plain, scratch)
        read = ReadOptions.model_validate(found)
        return Layout(file_format, compression, None, None, read, (*notes, *more), is_report)
    encoding, note = sniff_encoding(plain)
    notes += [note] if note else []
    options |= {"encoding": encoding} if encoding != "utf-8" else {}
    if file_format in (FileFormat.JSON, FileFormat.JSONL, FileFormat.ICS):
        read = ReadOptions.model_validate(options)
        return Layout(file_format, compression, encoding, None, read, tuple(notes))
    found, more, is_report = _delimited(plain, encoding, file_format)
    read = ReadOptions.model_validate(options | found)
    delimiter = read.delimiter or ("\t" if file_format is FileFormat.TSV else ",")
    return Layout(file_format, compression, encoding, delimiter, read, (*notes, *more), is_report)


def _format_of(name: str) -> tuple[FileFormat, str | None, bool]:
    try:
        return (*detect_format(name, ReadOptions()), False)
    except UnreadableFileError:
        return (*detect_format(name, ReadOptions(format=FileFormat.CSV)), True)


def _delimited(path: Path, encoding: str, file_format: FileFormat) -> tuple[dict[str, object], list[str], bool]:
    head, tail = _texts(path, encoding)
    usual = "\t" if file_format is FileFormat.TSV else ","
    delimiter = max(_DELIMITERS, key=lambda mark: (*_consistency(head, mark), mark == usual))
    options: dict[str, object] = {"delimiter": delimiter} if delimiter != usual else {}
    skip_rows, notes = _above_header(_records(head, delimiter))
    options |= {"skip_rows": skip_rows} if skip_rows else {}
    footer, more = _footer([record.cells for record in _records(tail, delimiter)])
    return options | footer, [*notes, *more], _SALESFORCE.search(tail) is not None


def _texts(path: Path, encoding: str) -> tuple[str, str]:
    """The first lines and the last ones."""
    size = path.stat().st_size
    wide = encoding in ("utf-16", "utf-32")  # these are decoded from their mark on, so the tail is not looked at
    whole = size <= 8 * _HEAD
    with path.open("rb") as file:
        head = file.read(8 * _HEAD if whole or wide else _HEAD)
        file.seek(max(size - _TAIL, 0))
        tail = b"" if whole or wide else file.read()
    if b"\x00" in head and not wide:
        raise UnreadableFileError("binary", "the file holds NUL bytes: it is no text", "Export it again as CSV.")
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    last = text if whole else tail.decode(encoding, errors="replace").partition("\n")[2]
    return (text if whole else text.rpartition("\n")[0]), last


def _records(text: str, delimiter: str, most: int | None = None) -> list[_Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records: list[_Record] = []
    line = 1
    try:
        for cells in reader:
            records.append(_Record(line, cells))
            line = reader.line_num + 1
            if most is not None and len(records) >= most:
                break
    except csv.Error:
        pass
    return records


def _consistency(text: str, delimiter: str) -> tuple[float, int]:
    """How many records have the same number of cells (two or more), in tenths, and that number."""
    widths = Counter(len(record.cells) for record in _records(text, delimiter, _LOOKED_AT) if record.filled)
    many = {width: count for width, count in widths.items() if width > 1}
    if not many:
        return 0.0, 1
    width = max(many, key=lambda found: (many[found], found))
    return round(many[width] / sum(widths.values()), 1), width


def _above_header(records: Sequence[_Record]) -> tuple[int, list[str]]:
    """Physical lines above the header: those before the first record that is as wide as the rows and all words."""
    filled = [record for record in records[:_LOOKED_AT] if record.filled]
    if not filled:
        return 0, []
    width = Counter(len(record.cells) for record in filled).most_common(1)[0][0]
    header = next((record for record in filled[:60] if _may_be_header(record, width)), filled[0])
    if header is filled[0]:
        return 0, []
    above = "; ".join(
        " ".join(cell for cell in record.cells if cell.strip()) for record in filled if record.line < header.line
    )
    return header.line - 1, [f"the header is on line {header.line}; what stands above it is skipped: {above[:120]}"]


def _may_be_header(record: _Record, width: int) -> bool:
    cells = [cell.strip() for cell in record.cells if cell.strip()]
    enough = len(cells) >= max(min(width, 2), 0.6 * width)
    return enough and len(set(cells)) == len(cells) and not any(_VALUE.fullmatch(cell) for cell in cells)


def _footer(rows: Sequence[Sequence[str]]) -> tuple[dict[str, object], list[str]]:
    """A regular expression for the lines under the rows: totals, and what a report says of itself in one cell."""
    filled = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    starts: list[str] = []
    lines: list[str] = []
    while filled and len(lines) < _MOST_FOOTERS and (start := _footer_start(filled[-1], filled)) is not None:
        starts.insert(0, start)
        lines.insert(0, " ".join(cell for cell in filled.pop() if cell))
    patterns = [re.escape(start).replace("\\ ", " ") + (r"\b" if start[-1].isalnum() else "") for start in starts]
    patterns = [one for one in dict.fromkeys(patterns) if not any(_begins(row, one) for row in filled)]
    if not patterns:
        return {}, []
    pattern = f"(?i){patterns[0]}" if len(patterns) == 1 else f"(?i)({'|'.join(patterns)})"
    return {"footer": pattern}, [f"what stands under the rows is ignored: {'; '.join(lines)[:120]}"]


def _footer_start(row: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    """The words by which such a line is known: those of a total, else the first two of a line of one cell."""
    first = next(cell for cell in row if cell)
    word = next((word for word in load_vocabulary().totals if f"{folded(first)} ".startswith(f"{word} ")), None)
    if word is not None:
        return " ".join(first.split()[: len(word.split())]).rstrip(":")
    is_about_report = sum(map(bool, row)) == 1 and " " in first and max(map(len, rows)) >= _WIDE
    return " ".join(first.split()[:2]) if is_about_report else None


def _begins(row: Sequence[str], pattern: str) -> bool:
    first = next((cell for cell in row if cell), "")
    return re.match(pattern, first, re.IGNORECASE) is not None


def _workbook(path: Path, scratch: Path) -> tuple[dict[str, object], list[str], bool]:
    """The sheet with the most rows and where its header is."""
    sheets = sheets_apart(path, scratch)
    if not sheets:
        raise UnreadableFileError("no_header", "the workbook has no visible sheet", "Unhide one, or export CSV.")
    chosen = max(sheets, key=lambda sheet: sheet.rows)
    skip_rows, notes = _above_header([_Record(line, list(cells)) for line, cells in enumerate(chosen.head, 1)])
    footer, more = _footer(chosen.tail)
    options: dict[str, object] = ({"skip_rows": skip_rows} if skip_rows else {}) | footer
    if len(sheets) > 1:
        options["sheet"] = chosen.name
        names = ", ".join(sheet.name for sheet in sheets)
        notes.append(f"of the sheets {names} the longest is read: {chosen.name}")
    is_report = any(_SALESFORCE.search(cell) for row in chosen.tail for cell in row)
    return options, [*notes, *more], is_report
