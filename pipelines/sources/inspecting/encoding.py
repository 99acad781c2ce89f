"""Which encoding a text file has: by its mark, by strict UTF-8, else by the letters that its bytes would be."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from pipelines.sources.reading.encodings import likely_encoding

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_BLOCK = 1 << 20
_FOREIGN = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_FEW = 0.02


def sniff_encoding(path: Path) -> tuple[str, str | None]:
    """A codec name, and a note when it was guessed from letters."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, None
    if _is_utf8(path):
        return "utf-8", None
    if _is_mostly_utf8(head):
        return "utf-8", "a few bytes are not UTF-8; the records that hold them would be rejected"
    return _legacy(path)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf8(head: bytes) -> bool:
    text = head.decode("utf-8", errors="replace")
    foreign = [letter for letter in text if letter > "\x7f"]
    bad = foreign.count("\ufffd")
    return bool(foreign) and bad <= _FEW * len(foreign)


def _legacy(path: Path) -> tuple[str, str]:
    """The first codec of its family in which every byte is a character; the ISO codecs know every byte."""
    with path.open("rb") as file:
        content = file.read(64 * _BLOCK)
    turkish = likely_encoding(content) == "windows-1254"
    names = ("windows-1254", "iso-8859-9") if turkish else ("windows-1252", "iso-8859-1")
    name = next((name for name in names if _decodes(content, name)), names[-1])
    which = "Turkish" if turkish else "Western European"
    words = sorted(set(_FOREIGN.findall(content)), key=content.index)[:3]
    seen = ", ".join(word.decode(name, errors="replace") for word in words)
    return name, f"encoding {name}: that makes its bytes {which} letters, as in {seen}: check them"


def _decodes(content: bytes, name: str) -> bool:
    try:
        content.decode(name)
    except UnicodeDecodeError:
        return False
    return True
