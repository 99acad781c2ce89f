"""CSV and TSV as DuckDB reads them itself: only files in which the survey found nothing that it gets wrong."""

from __future__ import annotations

from pathlib import Path

from models.fields import BLANKS
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading.encodings import UTF8, mark_length
from pipelines.sources.reading.headers import Header, header_of
from pipelines.sources.reading.physical_lines import PhysicalLines
from pipelines.sources.reading.records import Dialect, RecordSplitter
from pipelines.sources.reading.relations import quoted_path, quoted_text
from pipelines.sources.reading.rows import FollowingLines, TextRows
from pipelines.sources.reading.survey import survey_file


def dialect_of(file_format: FileFormat, options: ReadOptions, encoding: str) -> Dialect:
    """The settings' dialect with the format's defaults."""
    delimiter = options.delimiter or ("\t" if file_format is FileFormat.TSV else ",")
    return Dialect(delimiter, options.quote, encoding, options.comment or "")


def read_fast(path: Path, options: ReadOptions, dialect: Dialect) -> TextRows | None:
    """A relation that DuckDB reads itself, or None when the file or the settings need the careful reader."""
    if not _can_be_fast(options, dialect):
        return None
    start = mark_length(path)
    lines = PhysicalLines(path, start)
    splitter = RecordSplitter(lines, dialect)
    cells = next(iter(splitter), None)
    header_lines, line = lines.number, splitter.raw().rstrip(b"\r\n")
    lines.close()
    if not isinstance(cells, list) or not any(cell.strip(BLANKS) for cell in cells):
        return None
    header = header_of(cells)
    survey = survey_file(path, start, dialect.delimiter, dialect.quote, line) if header.is_plain else None
    if survey is None:
        return None
    spanning = survey.spanning[survey.spanning > 0] - 1
    following = FollowingLines(header_lines + 1, spanning)
    relation = _read_csv(path, dialect, header)
    return TextRows(relation, header.columns, survey.records - 1, 0, (), "fast", following, survey.is_plain)


def _can_be_fast(options: ReadOptions, dialect: Dialect) -> bool:
    plain = not (options.skip_rows or options.comment or options.footer or options.null_values)
    return plain and dialect.encoding == UTF8 and dialect.delimiter.isascii() and dialect.quote.isascii()


def _read_csv(path: Path, dialect: Dialect, header: Header) -> str:
    """Never `new_line`, which can give no rows and no error; never sniffing; the first misfit record is an error."""
    columns = ", ".join(f"{quoted_text(column)}: 'VARCHAR'" for column in header.columns)
    quote = quoted_text(dialect.quote)
    return (
        f"read_csv({quoted_path(path)}, auto_detect = false, header = true, delim = {quoted_text(dialect.delimiter)}, "
        f"quote = {quote}, escape = {quote}, columns = {{{columns}}}, strict_mode = true, null_padding = false)"
    )
