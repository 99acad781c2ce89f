"""`read_rows`: from a landed file to rows of text, whatever the file is."""

from __future__ import annotations

from pathlib import Path

import duckdb

from models.errors import UnreadableFileError
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading.delimited import dialect_of, read_fast
from pipelines.sources.reading.encodings import as_utf8_compatible
from pipelines.sources.reading.formats import check_type, detect_format
from pipelines.sources.reading.pages import read_pages
from pipelines.sources.reading.parquet import read_parquet
from pipelines.sources.reading.rows import TextRows
from pipelines.sources.reading.unpacking import unpack


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    options: ReadOptions,
    name: str,
    scratch: Path,
    *,
    force_slow: bool = False,
) -> TextRows:
    """The rows of the landed file `path`, which was delivered as `name`, and what became of its other records.

    `scratch` takes unpacked files and Parquet parts; they must stay until the relation is loaded. Load the relation,
    then ask `reconcile`; when it says no, or loading raised duckdb.Error, drop what was loaded and call again with
    `force_slow`, which splits records in Python (for Parquet: reads every page) and explains each misfit.
    Raises UnreadableFileError when the file is refused whole, UsageError when the settings cannot be followed.
    """
    file_format, compression = detect_format(name, options)
    scratch.mkdir(parents=True, exist_ok=True)
    plain = unpack(path, compression, scratch / f"{path.name}.plain") if compression else path
    if plain.stat().st_size == 0:
        raise UnreadableFileError("empty_file", "the file has no bytes", "export it again; nothing was loaded")
    if file_format is FileFormat.PAGES and options.pages is not None:
        return read_pages(connection, plain, options.pages)
    check_type(plain, file_format)
    if file_format is FileFormat.PARQUET:
        return read_parquet(connection, plain, options, every_page=force_slow)
    if file_format is FileFormat.XLSX:
        from pipelines.sources.reading.workbook import read_workbook  # as below: what these import is slow to import

        return read_workbook(plain, options, scratch)
    if file_format is FileFormat.MBOX:
        from pipelines.sources.reading.mailbox_file import read_mailbox

        return read_mailbox(plain, options, scratch)
    text, encoding = as_utf8_compatible(plain, options.encoding, scratch / f"{path.name}.utf8")
    if file_format is FileFormat.JSONL:
        from pipelines.sources.reading.jsonl import read_jsonl

        return read_jsonl(text, options, encoding, scratch)
    if file_format is FileFormat.JSON:
        from pipelines.sources.reading.json_document import read_json

        return read_json(text, options, encoding, scratch)
    if file_format is FileFormat.ICS:
        from pipelines.sources.reading.calendar import read_calendar

        return read_calendar(text, options, encoding, scratch)
    dialect = dialect_of(file_format, options, encoding)
    fast = None if force_slow else read_fast(text, options, dialect)
    if fast is not None:
        return fast
    from pipelines.sources.reading.careful import read_slow  # Polars takes a third of a second to import

    return read_slow(text, options, dialect, scratch)
