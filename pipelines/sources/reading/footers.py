"""The settings' regular expression for footers."""

from __future__ import annotations

import re

from models.errors import UsageError
from models.mapping import ReadOptions


def footer_of(options: ReadOptions) -> re.Pattern[str] | None:
    """Compiled; a record is a footer when its first cell, trimmed, matches from the start."""
    try:
        return None if options.footer is None else re.compile(options.footer)
    except re.error as error:
        raise UsageError(f"`footer` is no regular expression: {error}", "mend it in the source's `read`") from error
