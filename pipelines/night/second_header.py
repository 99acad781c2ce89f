"""A header in the middle of a file: two exports were put one behind the other, and their columns differ.

The rows below it would be read under the names of the first header, and wrong cells often are sound ones. A header that
comes again as it was is no fault: readers count it as ignored. What does not belong here: how files are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping

from data_quality.quarantine import Rejected
from models.errors import UnreadableFileError
from pipelines.sources.header_match import squashed

_DELIMITERS = re.compile("[,;\t|]")


def refuse_second_header(name: str, known: Collection[str], rejected: Iterable[Rejected]) -> None:
    """Raises UnreadableFileError `second_header` at the first rejected record that names columns among the `known` ones."""
    columns = {squashed(column) for column in known}
    for row in rejected:
        if _is_other_header(_cells_of(row), columns):
            raise UnreadableFileError(
                "second_header",
                f"{name}: line {row.line_number} is another header; the rows below it would stand under wrong names",
                "deliver the exports as files of their own, or export them again with the same columns",
            )


def _cells_of(row: Rejected) -> Mapping[str, str | None]:
    """Cell by column; of a record that was not split, by place."""
    if row.field is not None:
        return dict(json.loads(row.raw))
    return {str(place): cell for place, cell in enumerate(_DELIMITERS.split(row.raw.split("\n")[0]))}


def _is_other_header(cells: Mapping[str, str | None], columns: set[str]) -> bool:
    """Whether at least two cells, and half of them or more, are names of columns, and not just their own."""
    words = {key: squashed(cell) for key, cell in cells.items() if isinstance(cell, str) and cell.strip()}
    named = [key for key, word in words.items() if word in columns]
    is_repeated = all(squashed(key) == words[key] for key in named)
    return len(named) >= 2 and 2 * len(named) >= len(words) and not is_repeated
