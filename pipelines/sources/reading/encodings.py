"""Byte-order marks, declared encodings, and the few encodings whose line ends are not ASCII bytes.

An encoding is never guessed: it is UTF-8 or what the settings say. A mark that contradicts it refuses the file.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from models.errors import UnreadableFileError, UsageError

UTF8 = "utf-8"
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = "\r\n\t,;|\"'aZ09"
_BLOCK = 1 << 20
# Ğ İ Ş ğ ı ş in windows-1254; the same bytes are Ð Ý Þ ð ý þ in windows-1252, which almost no export holds.
_TURKISH = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")


def as_utf8_compatible(path: Path, encoding: str, target: Path) -> tuple[Path, str]:
    """The file in an encoding whose line ends are ASCII bytes, and that encoding.

    UTF-16, UTF-32 and their like are written to `target` as UTF-8; anything else stays where it is.
    Raises UnreadableFileError `encoding` when the mark contradicts the settings or such a file cannot be decoded.
    """
    encoding = UTF8 if encoding in (UTF8, "utf-8-sig", "ascii") else encoding
    _check_mark(path, encoding)
    if _keeps_ascii(encoding):
        return path, encoding
    _transcode(path, encoding, target)
    return target, UTF8


def likely_encoding(content: bytes) -> str:
    """Which of the encodings of older spreadsheets bytes that are not UTF-8 most likely have; a hint, never a reading."""
    return "windows-1254" if _TURKISH.search(content) else "windows-1252"


def mark_length(path: Path) -> int:
    """The bytes of a UTF-8 mark at the start: 3 or 0."""
    with path.open("rb") as file:
        return len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0


def _check_mark(path: Path, encoding: str) -> None:
    with path.open("rb") as file:
        head = file.read(4)
    for mark, family in _MARKS:
        if head.startswith(mark):
            if not encoding.startswith(family):
                raise UnreadableFileError(
                    "encoding",
                    f"the file is marked as {family.upper()} but is read as {encoding}",
                    f"save it as {encoding}, or set read: {{encoding: {family}}}",
                )
            return


def _keeps_ascii(encoding: str) -> bool:
    try:
        return _ASCII.encode(encoding) == _ASCII.encode("ascii")
    except (LookupError, UnicodeError):
        raise UsageError(
            f"{encoding!r} is no encoding of text", "use a codec name such as utf-8 or windows-1254"
        ) from None


def _transcode(path: Path, encoding: str, target: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as source, target.open("w", encoding=UTF8, newline="") as out:
        at = 0
        try:
            while block := source.read(_BLOCK):
                out.write(decoder.decode(block).removeprefix("\ufeff" if at == 0 else ""))
                at += len(block)
            out.write(decoder.decode(b"", final=True))
        except UnicodeError as error:
            raise UnreadableFileError(
                "encoding",
                f"the file is not {encoding}: it cannot be decoded within the megabyte after byte {at:,} ({error})",
                "save it as UTF-8 and leave `encoding` out of the settings, or name the encoding it really has",
            ) from error
