"""What makes two spellings one e-mail address, one phone number or one name: the forms that keyed hashes are taken of.

The SQL of `contact_key_of` (pipelines/night/identity.py) follows the same rules.
"""

from __future__ import annotations

import re
import unicodedata

_DISPLAY = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>")


def email_form(text: str) -> str:
    """`Ann Example <ANN@X.example>` and ` ann@x.example.` are `ann@x.example`."""
    composed = unicodedata.normalize("NFC", text).strip()
    shown = _DISPLAY.search(composed)
    address = shown[1] if shown else composed.removeprefix("mailto:")
    return address.strip(" .'\"<>").lower()


def phone_form(text: str) -> str:
    """The digits as abroad: without `+`, a leading `00` or the `(0)` that only callers at home dial."""
    digits = re.sub("[^0-9]", "", text.replace("(0)", ""))
    return digits.removeprefix("00")


def name_form(text: str) -> str:
    """The words of a name in any order and case: `Example, Ann` is `Ann Example`."""
    composed = unicodedata.normalize("NFC", text).casefold()
    return " ".join(sorted(re.findall(r"[^\W_]+", composed)))
