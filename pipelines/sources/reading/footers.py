"""The settings' regular expression for footers, and which records are some."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.errors import UsageError
from models.fields import BLANKS
from models.mapping import ReadOptions


def footer_of(options: ReadOptions) -> re.Pattern[str] | None:
    """Compiled; raises UsageError for one that is no regular expression."""
    try:
        return None if options.footer is None else re.compile(options.footer)
    except re.error as error:
        raise UsageError(f"`footer` is no regular expression: {error}", "mend it in the source's `read`") from error


def is_footer(pattern: re.Pattern[str] | None, cells: Sequence[str | None], first: int) -> bool:
    """Whether the record's first cell, or the one of its first column that has a name, begins with the pattern.

    Some reports keep an empty first column, under which only lines about the report stand.
    """
    if pattern is None:
        return False
    return any(pattern.match((cell or "").strip(BLANKS)) for cell in (*cells[:1], *cells[first : first + 1]))
