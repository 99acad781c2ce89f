"""What an e-mail address and a phone number look like inside a text: one set of patterns, read alike by RE2 and Python.

`Hiding` is what becomes of such a text on its way into crm.duckdb; a `Kind` names it. What does not belong here:
the SQL that hides (pipelines/night/hiding.py).
"""

from __future__ import annotations

import re
from enum import StrEnum

_PART = "[^ \\t\\r\\n@,;<>\"']+"
EMAIL = f"{_PART}@{_PART}"
_BETWEEN = "[ ().\\-/\u00a0\u2010-\u2015]{0,3}"
PHONE_ABROAD = rf"\+[ (]{{0,2}}[0-9](?:{_BETWEEN}[0-9]){{6,}}"
PHONE = rf"{PHONE_ABROAD}|[0-9](?:{_BETWEEN}[0-9]){{8,}}"
"""A number with `+`, or any run of at least nine digits: shorter ones are amounts, extensions, days."""

_MONTH_AND_DAY = "(0?[1-9]|1[0-2])[./-](0?[1-9]|[12][0-9]|3[01])"
DATE = rf"\b((19|20)[0-9]{{2}}[./-]{_MONTH_AND_DAY}|(0?[1-9]|[12][0-9]|3[01])[./-](0?[1-9]|[12][0-9]|3[01])[./-](19|20)[0-9]{{2}})\b"
"""A day: its digits, and those of a time after it, are no phone number."""

PHONE_AS_ID = (
    "\\+[0-9 ().\\-/\u00a0]{7,}"  # +1 415 555 0123
    "|[0-9(][0-9().\\-/]*[ ()][0-9 ().\\-/]*"  # (415) 555-0123, 030 1234567, 44 20 7946 0958
    "|0[0-9]+/[0-9 \\-]+"  # 0171/1234567
    "|(1[-. ])?[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}"  # 415-555-0123
)
"""Ids that are a phone number. Bare digits are not: most sources number their records."""

HIDDEN_EMAIL, HIDDEN_PHONE = "***@***", "***"


class Hiding(StrEnum):
    """What becomes of the e-mail addresses and phone numbers in a text field."""

    KEY = "key"
    """Ids: one that is or holds any is replaced by a keyed token, the same wherever the id stands."""

    WORD = "word"
    """Names and short words: masked, with a short keyed hash behind, so that two words stay two."""

    TEXT = "text"
    """Free text: masked."""

    NONE = "none"
    """About reps, who are employees: as the source writes it."""


def masked(text: str) -> str:
    """The text with e-mail addresses and phone numbers masked; dates and times keep their digits."""
    shown = re.sub(EMAIL, HIDDEN_EMAIL, text) if "@" in text else text
    if re.search(PHONE, shown) is not None:  # most texts hold none, and days are dear to find
        apart = re.sub(DATE, "\x01\\g<0>\x01", shown, flags=re.ASCII)
        shown = re.sub(PHONE, HIDDEN_PHONE, apart)
    return shown.replace("\x01", "")


def masked_name(name: str) -> str:
    """A file's name with addresses masked, its endings kept; runs of digits are times of exports, and stay."""
    stem, dot, endings = _split_endings(name)
    return re.sub(PHONE_ABROAD, HIDDEN_PHONE, re.sub(EMAIL, HIDDEN_EMAIL, stem)) + dot + endings


def _split_endings(name: str) -> tuple[str, str, str]:
    found = re.search(r"\.([a-z]{3,7}(\.(gz|zst))?)$", name, re.IGNORECASE)
    return (name[: found.start()], ".", found[1]) if found else (name, "", "")
