"""Redacting CSV and TSV: cells change, the physical records, their order and everything else stay as they came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.mapping import FileFormat, ReadOptions
from pipelines.night.erasing.layout import Layout
from pipelines.night.erasing.redactor import Cell, Redactor, Role


@dataclass(frozen=True)
class _Header:
    """What each column is, and the place of the one that tells whose own a record is."""

    roles: list[Role]
    key: int | None


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def redact_delimited(text: str, file_format: FileFormat, read: ReadOptions, layout: Layout, redactor: Redactor) -> str:
    """The file's text, redacted. Rows before the header and torn records are redacted as plain texts."""
    delimiter = read.delimiter or ("\t" if file_format is FileFormat.TSV else ",")
    start = _after_lines(text, read.skip_rows)
    parts = [redactor.names(redactor.text(text[:start]))]
    header: _Header | None = None
    for raw, end in _records(text, start, delimiter, read.quote):
        cells = [_plain(cell, read.quote) for cell in raw]
        if header is None and any(cell.strip("\ufeff \t") for cell in cells) and not _is_comment(cells, read.comment):
            columns = [cell.strip("\ufeff \t\xa0") for cell in cells]
            header = _Header([layout.role_of(column) for column in columns], layout.key_among(columns))
            parts += [delimiter.join(raw), end]
            continue
        if header is not None and len(cells) == len(header.roles):
            told = [Cell(cell, role) for cell, role in zip(cells, header.roles, strict=True)]
            found = redactor.record(told, header.key)
            raw = [
                one if cell == new else _as_written(new, one, delimiter, read.quote)
                for one, cell, new in zip(raw, cells, found, strict=True)
            ]
            parts += [delimiter.join(raw), end]
        else:
            parts += [_redact_torn(raw, delimiter, layout.own, redactor), end]
    return "".join(parts)


def _redact_torn(raw: list[str], delimiter: str, own: str, redactor: Redactor) -> str:
    """A record that no column names tell about. Of a torn record about people nothing is left but the tokens: a name that
    was cut short is in none of its forms."""
    record = delimiter.join(raw)
    found = redactor.names(redactor.text(record))
    if not own:
        return found
    told = [redactor.ids(cell, own) for cell in raw]
    if found == record and told == raw:
        return record
    return delimiter.join(
        new if new != cell or any(end in cell for end in "\r\n") else "" for cell, new in zip(raw, told, strict=True)
    )


def _as_written(new: str, raw: str, delimiter: str, quote: str) -> str:
    """Quoted where the old cell was, or where the new one must be."""
    must = quote and (delimiter in new or quote in new or "\n" in new or "\r" in new)
    if quote and (must or raw.startswith(quote)):
        return quote + new.replace(quote, quote * 2) + quote
    return new


def _plain(raw: str, quote: str) -> str:
    if quote and len(raw) >= 2 and raw.startswith(quote) and raw.endswith(quote):
        return raw[1:-1].replace(quote * 2, quote)
    return raw


def _is_comment(cells: list[str], comment: str | None) -> bool:
    return comment is not None and cells[0].startswith(comment)


def _after_lines(text: str, lines: int) -> int:
    place = 0
    for _ in range(lines):
        found = _LINE.match(text, place)
        place = found.end() if found else place
    return place


def _records(text: str, start: int, delimiter: str, quote: str) -> Iterator[tuple[list[str], str]]:
    """The raw cells of each physical record and its line end; a quote only opens at the start of a cell."""
    split = re.escape(delimiter)
    bare = f"[^{split}\\r\\n]*"
    opened = (
        f"{re.escape(quote)}(?:[^{re.escape(quote)}]|{re.escape(quote) * 2})*{re.escape(quote)}(?={split}|\\r|\\n|$)|"
        if quote
        else ""
    )
    cell = re.compile(f"({opened}{bare})({split}|\\r\\n|\\r|\\n|$)")
    place, record = start, []
    while place < len(text):
        found = cell.match(text, place)
        assert found is not None
        record.append(found[1])
        place = found.end()
        if found[2] != delimiter:
            yield record, found[2]
            record = []
    if record:
        yield [*record, ""], ""
