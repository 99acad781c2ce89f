"""CSV pages: whether one is whole, and how rows of JSON become one."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.sources.extraction.polite import Answer


def rows_in(body: bytes) -> int | None:
    """Records after the header, line ends within quotes counted right; None when it is no whole CSV of an object.

    A cut in the middle of the last record leaves an open quote or too few cells.
    """
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
        header = next(lines, None)
        if header is None:
            return 0
        rows, width = 0, len(header)
        for cells in lines:
            rows, width = rows + 1, len(cells)
    except (UnicodeDecodeError, csv.Error):
        return None
    return rows if width == len(header) and all(name.isidentifier() for name in header) else None


def is_whole(answer: Answer) -> bool:
    """Whether a page holds as many records as its header `Sforce-NumberOfRecords` announced."""
    rows = rows_in(answer.body)
    announced = answer.headers.get("Sforce-NumberOfRecords")
    return rows is not None and (announced is None or announced.strip() == str(rows))


def page_of(columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> bytes:
    """Records of JSON as the CSV that Bulk would have sent: null is an empty cell, truth is `true` and `false`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([_cell(record.get(column)) for column in columns] for record in records)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
