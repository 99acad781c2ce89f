"""Redacting what was landed: each file inside its own format, under its old name, the hash of what was delivered.

A file that nothing can split any more is redacted as plain text. Record counts and lines stay, so that a full refresh
reads the same records and an order that names lines still means them.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, unescape

import zstandard

from models.errors import UnreadableFileError
from models.mapping import FileFormat, ReadOptions
from pipelines.night.erasing.delimited import redact_delimited
from pipelines.night.erasing.documents import redact_document, redact_lines, redact_pages
from pipelines.night.erasing.layout import Layout
from pipelines.night.erasing.parquet import redact_parquet
from pipelines.night.erasing.redactor import SUBJECTS, Redactor
from pipelines.night.landing import ASIDE
from pipelines.sources.reading.formats import detect_format
from pipelines.sources.reading.unpacking import unpack

_EVENTS = re.compile(r"(?=^BEGIN:VEVENT|^From )", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]")
_XML_NUMBER = re.compile(r"<v>([0-9]{7,})</v>")
_XML_TEXT = re.compile(r"(<(?:\w+:)?t(?: [^>]*)?>)([^<]*)(</(?:\w+:)?t>)")


def redact_file(
    path: Path, name: str, read: ReadOptions, layout: Layout, redactor: Redactor, scratch: Path, *, look: bool = False
) -> bool:
    """Replaces the landed file by its redacted self, in one rename; whether anything in it changed. `look` only asks."""
    try:
        file_format, compression = detect_format(name, read)
    except UnreadableFileError:
        file_format, compression = FileFormat.MBOX, None  # any text
    try:
        plain = _unpacked(path, compression, scratch)
    except UnreadableFileError:
        return False  # a damaged archive holds no text that anybody could read
    try:
        redacted = _redact(plain, file_format, read, layout, redactor)
        if redacted is None:
            return False
        if not look:
            _replace(path, _packed(redacted, compression))
        return True
    finally:
        if plain != path:
            plain.unlink(missing_ok=True)


def _unpacked(path: Path, compression: str | None, scratch: Path) -> Path:
    if compression is None:
        return path
    scratch.mkdir(parents=True, exist_ok=True)
    return unpack(path, compression, scratch / f"{path.name}.erasing")


def _packed(content: bytes, compression: str | None) -> bytes:
    if compression == ".gz":
        return gzip.compress(content, mtime=0)
    return zstandard.ZstdCompressor().compress(content) if compression == ".zst" else content


def _redact(path: Path, file_format: FileFormat, read: ReadOptions, layout: Layout, redactor: Redactor) -> bytes | None:
    """The new content; None when nothing changes."""
    if file_format is FileFormat.PARQUET:
        return redact_parquet(path, layout, redactor)
    if file_format is FileFormat.XLSX:
        return _redact_workbook(path.read_bytes(), layout, redactor)
    before = path.read_bytes()
    encoding = "utf-8" if file_format is FileFormat.PAGES else read.encoding
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    try:
        text = before.decode(encoding, errors)
    except UnicodeDecodeError:
        encoding, errors = "latin-1", "strict"
        text = before.decode(encoding)
    after = _redactions(file_format, read, layout, redactor)(text)
    return None if after == text else after.encode(encoding, errors)


def _redactions(file_format: FileFormat, read: ReadOptions, layout: Layout, redactor: Redactor) -> Callable[[str], str]:
    if file_format is FileFormat.JSONL:
        return lambda text: redact_lines(text, layout, redactor)
    if file_format is FileFormat.PAGES:
        return lambda text: redact_pages(text, layout, redactor)
    if file_format is FileFormat.JSON:
        return lambda text: redact_document(text, layout, redactor)
    if file_format in (FileFormat.ICS, FileFormat.MBOX):
        return lambda text: "".join(_redact_block(block, redactor) for block in _EVENTS.split(text))
    return lambda text: redact_delimited(text, file_format, read, layout, redactor)


def _redact_block(block: str, redactor: Redactor) -> str:
    """An event or a message. Folded lines are joined where an address would hide in the fold."""
    unfolded = _FOLD.sub("", block)
    found = redactor.text(unfolded)
    return block if found == unfolded else redactor.names(found)


def _redact_workbook(content: bytes, layout: Layout, redactor: Redactor) -> bytes | None:
    """Every text of the workbook by itself: a shared text does not say which rows use it."""
    changed, target, subjects = False, io.BytesIO(), _subjects(layout)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                part = old.read(entry)
                if entry.filename.endswith(".xml"):
                    text = part.decode("utf-8")
                    found = _XML_TEXT.sub(lambda match: _redact_shared(match, subjects, redactor), text)
                    found = _XML_NUMBER.sub(lambda match: _redact_number(match, redactor), found)
                    changed |= found != text
                    part = found.encode("utf-8")
                new.writestr(entry, part)
    except (zipfile.BadZipFile, UnicodeDecodeError):
        return None
    return target.getvalue() if changed else None


def _subjects(layout: Layout) -> tuple[str, ...]:
    """Whose short ids the workbook may hold: in another one the same text means something else."""
    return tuple(subject for subject in SUBJECTS if subject in layout.roles.values())


def _redact_shared(match: re.Match[str], subjects: tuple[str, ...], redactor: Redactor) -> str:
    text = unescape(match[2], {"&quot;": '"', "&apos;": "'"})
    found = redactor.text(text)
    for subject in subjects:
        found = redactor.ids(found, subject)
    found = redactor.registry.token_of_name(found) or redactor.names(found)
    return match[0] if found == text else f"{match[1]}{escape(found)}{match[3]}"


def _redact_number(match: re.Match[str], redactor: Redactor) -> str:
    """A phone number that Excel took for a number."""
    return "<v></v>" if redactor.registry.token_of_phone(match[1]) else match[0]


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f"{ASIDE}{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    times = path.stat()
    os.utime(aside, ns=(times.st_atime_ns, times.st_mtime_ns))  # files taken again come in the order of their landing
    aside.replace(path)
