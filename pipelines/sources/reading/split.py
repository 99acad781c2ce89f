"""Readers that work in Python: a plain file of any format becomes rows of text in the scratch folder.

What belongs here: which reader a format has. They run in a child process (child.py), so that a file that breaks one
costs itself; what DuckDB reads by itself is chosen in reader.py.
"""

from __future__ import annotations

from pathlib import Path

from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading.delimited import dialect_of
from pipelines.sources.reading.encodings import as_utf8_compatible
from pipelines.sources.reading.formats import check_type
from pipelines.sources.reading.rows import SheetSample, TextRows


def split_file(path: Path, file_format: FileFormat, options: ReadOptions, scratch: Path) -> TextRows:
    """The rows of an unpacked file. Raises UnreadableFileError when it is refused whole.

    Readers are imported when they are needed: Polars alone takes a third of a second.
    """
    check_type(path, file_format)
    if file_format is FileFormat.XLSX:
        from pipelines.sources.reading.workbook import read_workbook

        return read_workbook(path, options, scratch)
    if file_format is FileFormat.MBOX:
        from pipelines.sources.reading.mailbox_file import read_mailbox

        return read_mailbox(path, options, scratch)
    text, encoding = as_utf8_compatible(path, options.encoding, scratch / f"{path.name}.utf8")
    if file_format is FileFormat.JSONL:
        from pipelines.sources.reading.jsonl import read_jsonl

        return read_jsonl(text, options, encoding, scratch)
    if file_format is FileFormat.JSON:
        from pipelines.sources.reading.json_document import read_json

        return read_json(text, options, encoding, scratch)
    if file_format is FileFormat.ICS:
        from pipelines.sources.reading.calendar import read_calendar

        return read_calendar(text, options, encoding, scratch)
    from pipelines.sources.reading.careful import read_slow

    return read_slow(text, options, dialect_of(file_format, options, encoding), scratch)


def list_sheets(path: Path) -> list[SheetSample]:
    """The visible sheets of a workbook, for one who does not know it yet."""
    check_type(path, FileFormat.XLSX)
    from pipelines.sources.reading.workbook import sample_sheets

    return sample_sheets(path)
