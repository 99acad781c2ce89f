"""`read_rows`: from a landed file to rows of text, whatever the file is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from models.errors import UnreadableFileError
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading.child import split_apart, unpack_apart
from pipelines.sources.reading.delimited import dialect_of, read_fast
from pipelines.sources.reading.encodings import as_utf8_compatible
from pipelines.sources.reading.formats import check_type, detect_format, is_zip
from pipelines.sources.reading.pages import read_pages
from pipelines.sources.reading.parquet import read_parquet
from pipelines.sources.reading.rows import TextRows
from pipelines.sources.reading.split import split_file
from pipelines.sources.reading.unpacking import unpack


@dataclass(frozen=True)
class PythonReaders:
    """`unpack` (unpacking.py) and `split_file` (split.py), here or in a child process."""

    unpack: Callable[[Path, str, Path], Path]
    split: Callable[[Path, FileFormat, ReadOptions, Path], TextRows]


HERE = PythonReaders(unpack, split_file)
APART = PythonReaders(unpack_apart, split_apart)


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    options: ReadOptions,
    name: str,
    scratch: Path,
    *,
    force_slow: bool = False,
    readers: PythonReaders = APART,
) -> TextRows:
    """The rows of the landed file `path`, which was delivered as `name`, and what became of its other records.

    `scratch` takes unpacked files and Parquet parts; they must stay until the relation is loaded. Load the relation,
    then ask `reconcile`; when it says no, or loading raised duckdb.Error, drop what was loaded and call again with
    `force_slow`, which splits records in Python (for Parquet: reads every page) and explains each misfit.
    `readers` do what Python does: in a child process, unless a test wants them here.
    Raises UnreadableFileError when the file is refused whole, UsageError when the settings cannot be followed.
    """
    file_format, compression = detect_format(name, options)
    scratch.mkdir(parents=True, exist_ok=True)
    plain = readers.unpack(path, compression, scratch / f"{path.name}.plain") if compression else path
    if plain.stat().st_size == 0:
        raise UnreadableFileError("empty_file", "the file has no bytes", "export it again; nothing was loaded")
    if file_format is FileFormat.PAGES and options.pages is not None:
        return read_pages(connection, plain, options.pages)
    if file_format is FileFormat.PARQUET and not is_zip(plain):
        check_type(plain, file_format)
        return read_parquet(connection, plain, options, every_page=force_slow)
    if file_format in (FileFormat.CSV, FileFormat.TSV) and not (force_slow or is_zip(plain)):
        check_type(plain, file_format)
        plain, encoding = as_utf8_compatible(plain, options.encoding, scratch / f"{path.name}.utf8")
        fast = read_fast(plain, options, dialect_of(file_format, options, encoding))
        if fast is not None:
            return fast
        options = options.model_copy(update={"encoding": encoding})
    return readers.split(plain, file_format, options, scratch)
