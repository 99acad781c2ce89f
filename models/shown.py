"""Texts of sources on a person's screen: what would move a terminal or turn its words round is shown, not done."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but the line feed, marks that change the direction of writing, halves of surrogate pairs."""


def shown(text: str) -> str:
    """The text with such characters as `\\x1b` and `\\u202e`; letters of all scripts, emoji and line feeds stay."""
    return _ACTIVE.sub(lambda match: _escape(ord(match[0])), text)


def first_few(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
