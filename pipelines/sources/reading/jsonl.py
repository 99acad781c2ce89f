"""JSON lines: one object a line; a broken line costs itself only."""

from __future__ import annotations

from pathlib import Path

from models.mapping import ReadOptions
from pipelines.sources.reading.encodings import mark_length
from pipelines.sources.reading.json_rows import JsonRows
from pipelines.sources.reading.json_values import DECODER
from pipelines.sources.reading.physical_lines import MAX_LINE, PhysicalLines
from pipelines.sources.reading.records import Fault, encoding_fault, too_deep, too_large
from pipelines.sources.reading.rows import TextRows

_BLANKS = " \t\r\n"


def read_jsonl(path: Path, options: ReadOptions, encoding: str, scratch: Path) -> TextRows:
    """The rows of the objects; `columns` is empty when no line holds an object with a key."""
    lines = PhysicalLines(path, mark_length(path))
    rows = JsonRows(scratch, options)
    while (raw := lines.take()) is not None:
        if lines.number <= options.skip_rows or not raw.strip():
            rows.ignore()
        else:
            _read_line(raw, lines.number, encoding, options.comment, rows)
    return rows.finish(encoding)


def _read_line(raw: bytes, number: int, encoding: str, comment: str | None, rows: JsonRows) -> None:
    shown = raw[:40_000].decode(encoding, errors="backslashreplace").strip(_BLANKS)
    if comment and shown.startswith(comment):
        rows.ignore()
        return
    try:
        if len(raw) > MAX_LINE:
            rows.reject(number, too_large(f"the line is longer than {MAX_LINE:,} bytes"), shown)
        else:
            rows.add(number, DECODER.decode(raw.decode(encoding)), shown)
    except UnicodeDecodeError as error:
        rows.reject(number, encoding_fault(error, encoding), shown)
    except RecursionError:
        rows.reject(number, too_deep(), shown)
    except ValueError as error:
        message = f"the line is no JSON object: {error}; it may be cut short, export the file again"
        rows.reject(number, Fault("bad_json", message), shown)
