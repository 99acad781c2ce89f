"""`.mbox` files: one row a message, of its headers only.

A message begins at a line `From ` at the start or after a blank line, with a header on the next one; its body is passed over and never kept. What
belongs here: splitting and headers. What does not: who of the addresses is ours, which is the mapping's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

import numpy as np

from models.errors import UnreadableFileError
from models.mapping import ReadOptions
from pipelines.sources.reading.physical_lines import PhysicalLines
from pipelines.sources.reading.records import Fault, too_large
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, StructuralReject, TextRows
from pipelines.sources.reading.spool import Spool, frame_of

COLUMNS = (
    "message_id", "date", "from_email", "to_emails", "cc_emails", "subject", "in_reply_to", "is_bulk", "is_bounce",
    "is_auto",
)  # fmt: skip
_PART_ROWS = 20_000
_MAX_HEADERS = 1024**2
_PARSER = BytesHeaderParser(policy=policy.compat32)
_BULK = frozenset({"bulk", "list", "junk"})
_HEADER = re.compile(rb"[!-9;-~]+:|>?From ")
_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


@dataclass
class _Letter:
    """One message: the line of its `From `, and its headers as they came."""

    line_number: int
    headers: bytes = b""
    is_too_large: bool = False


class _BrokenLetterError(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(rule, message)


def read_mailbox(path: Path, options: ReadOptions, scratch: Path) -> TextRows:
    """The rows of all messages; `line_of` gives the line of the message's `From `.

    Raises UnreadableFileError no_mailbox or too_many_rejects.
    """
    spool = Spool(scratch, options.null_values)
    rows: list[list[str | None]] = []
    lines: list[int] = []

    def write() -> None:
        spool.add(frame_of(COLUMNS, rows), np.array(lines, np.int64))
        rows.clear()
        lines.clear()

    for letter in _letters(PhysicalLines(path)):
        try:
            cells = _cells_of(letter)
        except _BrokenLetterError as error:
            text = letter.headers[:MAX_REJECT_TEXT].decode("utf-8", "backslashreplace")
            spool.reject(StructuralReject(letter.line_number, error.fault.rule, error.fault.message, text))
            continue
        rows.append([cells[column] for column in COLUMNS])
        lines.append(letter.line_number)
        if len(rows) >= _PART_ROWS:
            write()
    write()
    return spool.finish(COLUMNS)


def _letters(lines: PhysicalLines) -> Iterator[_Letter]:
    """The messages one by one; a body's lines are dropped as they are read."""
    letter: _Letter | None = None
    in_headers, is_after_blank = False, True
    while (raw := lines.take()) is not None:
        if is_after_blank and raw.startswith(b"From ") and _HEADER.match(lines.peek(0) or b""):
            if letter is not None:
                yield letter
            letter, in_headers, is_after_blank = _Letter(lines.number), True, False
            continue
        is_after_blank = not raw.strip(b"\r\n")
        if letter is None and not is_after_blank:
            break
        if letter is None or not in_headers:
            continue
        if is_after_blank:
            in_headers = False
        elif len(letter.headers) + len(raw) > _MAX_HEADERS:
            letter.is_too_large = True
        else:
            letter.headers += raw
    if letter is None:
        raise UnreadableFileError(
            "no_mailbox", "the file does not begin with a line 'From …'", "export the mailbox again as .mbox"
        )
    yield letter


def _cells_of(letter: _Letter) -> dict[str, str]:
    """One row. Raises _BrokenLetterError."""
    if letter.is_too_large:
        fault = too_large(f"the headers are longer than {_MAX_HEADERS:,} bytes")
        raise _BrokenLetterError(fault.rule, fault.message)
    try:
        head = _PARSER.parsebytes(letter.headers)
        return {
            "message_id": _message_id(head),
            "date": _date(head),
            "from_email": ";".join(_addresses(head, "From")[:1]),
            "to_emails": ";".join(_addresses(head, "To")),
            "cc_emails": ";".join(_addresses(head, "Cc")),
            "subject": _words(head, "Subject"),
            "in_reply_to": _id(_words(head, "In-Reply-To") or _words(head, "References").rpartition("<")[2]),
            "is_bulk": _flag(bool(_words(head, "List-Id")) or _words(head, "Precedence").lower() in _BULK),
            "is_bounce": _flag(head.get_content_type() == "multipart/report"),
            "is_auto": _flag(_words(head, "Auto-Submitted").lower() not in ("", "no")),
        }
    except (MessageError, ValueError, LookupError, RecursionError) as error:
        # the standard library's parsers raise these for headers that no mail program would write
        message = f"the headers cannot be read ({type(error).__name__}); export the mailbox again"
        raise _BrokenLetterError("bad_headers", message) from None


def _message_id(head: Message) -> str:
    """The Message-ID without its brackets; without one, the hash of sender, date and subject."""
    found = _id(_words(head, "Message-ID"))
    if found:
        return found
    parts = [_words(head, name) for name in ("From", "Date", "Subject")]
    if not any(parts):
        raise _BrokenLetterError("missing_id", "the message has neither Message-ID, From, Date nor Subject")
    return "sha256:" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _id(text: str) -> str:
    return text.strip().strip("<>").strip()


def _date(head: Message) -> str:
    """In UTC with Z; without an offset it stays a clock time, to be read in the source's zone."""
    written = _words(head, "Date")
    if not written:
        raise _BrokenLetterError("missing_date", "the message has no Date")
    try:
        at = parsedate_to_datetime(written)
        if at.tzinfo is None:
            return at.isoformat() if not written.rstrip().endswith("-0000") else f"{at.isoformat()}Z"
        return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except (ValueError, TypeError, OverflowError, IndexError):
        raise _BrokenLetterError("bad_date", f"the Date is none: {written[:60]!r}") from None


def _words(head: Message, name: str) -> str:
    """A header as text, encoded words decoded, on one line; ''."""
    text = next(iter(_raw(head, name)), "")
    with suppress(MessageError, LookupError, ValueError):  # an encoded word in an unknown charset stays as written
        text = str(make_header(decode_header(text)))
    return " ".join(text.replace("\x00", "").split())


def _raw(head: Message, name: str) -> list[str]:
    """All headers of this name as they are written; bytes beyond ASCII are UTF-8 where they can be, else Latin-1."""
    octets = [
        str(value).encode("utf-8", "surrogateescape")
        for known, value in head.raw_items()
        if known.lower() == name.lower()
    ]
    return [_decoded(found) for found in octets]


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _addresses(head: Message, name: str) -> list[str]:
    """The addresses of all headers of this name, in lower case, each once."""
    found = getaddresses(_raw(head, name))
    return list(dict.fromkeys(_valid(address.strip().lower() for _, address in found)))


def _valid(addresses: Iterable[str]) -> Iterator[str]:
    return (address for address in addresses if _ADDRESS.fullmatch(address))


def _flag(value: bool) -> str:
    return "true" if value else "false"
