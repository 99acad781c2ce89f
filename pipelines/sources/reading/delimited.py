"""CSV and TSV: DuckDB reads what the survey found clean, Python splits the rest record by record."""

from __future__ import annotations

import re
from pathlib import Path

from models.errors import UnreadableFileError, UsageError
from models.fields import BLANKS
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading.encodings import UTF8, mark_length
from pipelines.sources.reading.headers import Header, header_of, no_header
from pipelines.sources.reading.physical_lines import PhysicalLines
from pipelines.sources.reading.records import Dialect, Fault, RecordSplitter
from pipelines.sources.reading.relations import quoted_path, quoted_text
from pipelines.sources.reading.rows import FollowingLines, StructuralReject, TextRows
from pipelines.sources.reading.spool import Spool
from pipelines.sources.reading.survey import survey_file

_FEW_UNDECODABLE = 20
_UNDECODABLE_SHARE = 0.05


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
    if not isinstance(cells, list):
        return None
    header = header_of(cells)
    survey = survey_file(path, start, dialect.delimiter, dialect.quote, line) if header.is_plain else None
    if survey is None:
        return None
    spanning = survey.spanning[survey.spanning > 0] - 1
    following = FollowingLines(header_lines + 1, spanning)
    relation = _read_csv(path, dialect, header)
    return TextRows(relation, header.columns, survey.records - 1, 0, (), "fast", following)


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


def read_slow(path: Path, options: ReadOptions, dialect: Dialect, scratch: Path) -> TextRows:
    """Every record split by Python; those that do not fit the header become rejects."""
    footer = _footer_of(options)
    splitter = RecordSplitter(PhysicalLines(path, mark_length(path)), dialect)
    skipped = splitter.skip(options.skip_rows)
    header, ignored = _find_header(splitter)
    spool = Spool(scratch, header.columns, options.null_values)
    spool.ignored = skipped + ignored
    _split_rows(splitter, header, footer, spool)
    _refuse_undecodable(spool, dialect.encoding)
    return spool.finish()


def _footer_of(options: ReadOptions) -> re.Pattern[str] | None:
    try:
        return None if options.footer is None else re.compile(options.footer)
    except re.error as error:
        raise UsageError(f"`footer` is no regular expression: {error}", "mend it in the source's `read`") from error


def _find_header(splitter: RecordSplitter) -> tuple[Header, int]:
    """The first record that is neither blank nor a comment, and how many of these stood above it."""
    ignored = 0
    for cells in splitter:
        if isinstance(cells, Fault):
            if cells.rule == "encoding":
                raise UnreadableFileError("encoding", f"the header cannot be read: {cells.message}", "see above")
            raise no_header(f"the header cannot be read: {cells.message}")
        if cells is not None and any(cell.strip(BLANKS) for cell in cells):
            header = header_of(cells)
            splitter.width = header.width
            return header, ignored
        ignored += 1
    raise no_header("the file holds no record")


def _split_rows(splitter: RecordSplitter, header: Header, footer: re.Pattern[str] | None, spool: Spool) -> None:
    names, width, plain = list(header.cells), header.width, header.is_plain
    for cells in splitter:
        if cells is None:
            spool.ignored += 1
        elif isinstance(cells, Fault):
            spool.reject(splitter.reject(cells))
        elif cells == names or (footer is not None and footer.match(cells[0].strip(BLANKS))):
            spool.ignored += 1
        elif plain and len(cells) == width:
            spool.add(splitter.line_number, cells, splitter.size)
        elif len(cells) == 1 and width > 1 and not cells[0].strip(BLANKS):
            spool.ignored += 1
        else:
            _fit(splitter, header, cells, spool)


def _fit(splitter: RecordSplitter, header: Header, cells: list[str], spool: Spool) -> None:
    """Accepts blank cells under no name; rejects a record with fewer cells or with others than the header names."""
    fault = _misfit(header, cells)
    if fault is None:
        spool.add(splitter.line_number, header.pick(cells), splitter.size)
    else:
        spool.reject(splitter.reject(fault))


def _misfit(header: Header, cells: list[str]) -> Fault | None:
    counted = f"expected {header.width} cells as in the header, found {len(cells)}"
    if len(cells) < header.width:
        return Fault("too_few_fields", f"{counted}; a cell or a line end is missing, or a line break is not quoted")
    stray = header.stray_cell(cells)
    if stray is not None:
        advice = "quote cells that hold the delimiter, or name the column"
        return Fault("too_many_fields", f"{counted}: {stray[:80]!r} stands under no column; {advice}")
    return None


def _refuse_undecodable(spool: Spool, encoding: str) -> None:
    """A few bad bytes reject their records; many mean that the whole file is in another encoding."""
    bad: list[StructuralReject] = [reject for reject in spool.rejects if reject.rule == "encoding"]
    if len(bad) > _FEW_UNDECODABLE and len(bad) > _UNDECODABLE_SHARE * spool.records:
        raise UnreadableFileError(
            "encoding",
            f"{len(bad):,} of {spool.records:,} records are not {encoding}; the first is line {bad[0].line_number}: "
            f"{bad[0].message}",
            "save the file as UTF-8, or set read: {encoding: windows-1254} (or what it really is)",
        )
