"""What a file is: by its name or the settings, and whether its first bytes agree.

What belongs here: names, endings and magic bytes. What does not: encodings and contents.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from models.errors import UnreadableFileError
from models.mapping import FileFormat, ReadOptions

FORMATS: dict[str, FileFormat] = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.TSV,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
    ".json": FileFormat.JSON,
    ".parquet": FileFormat.PARQUET,
    ".xlsx": FileFormat.XLSX,
    ".ics": FileFormat.ICS,
    ".mbox": FileFormat.MBOX,
}
COMPRESSIONS = (".gz", ".zst")

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"BZh9", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)
_MARKUP = re.compile(rb"(?i)\A(?:\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|\?xml)")
_JSON = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*(\{\s*"[^"]*"\s*:|\[\s*(\{|\[|\]))')
_REMEDIES = {
    "html": "the download gave a web page (often a login or error page): export the file again",
    "json": "rename it to .json or .jsonl, or export it as CSV",
    "xlsx": "rename it to .xlsx, or save it as CSV",
    "xls": "this is an old or a password-protected workbook: save it as .xlsx without a password",
    "parquet": "rename it to .parquet",
    "gzip": "rename it so that it ends in .gz",
    "zstd": "rename it so that it ends in .zst",
    "zip": "unpack it and deliver the file inside",
}
_EXPECTED = {FileFormat.PARQUET: "parquet", FileFormat.XLSX: "xlsx"}


def detect_format(name: str, options: ReadOptions) -> tuple[FileFormat, str | None]:
    """The format of a file of this name and its compression (".gz", ".zst" or None); the settings win over the name.

    Raises UnreadableFileError `unknown_format`.
    """
    path = PurePosixPath(name.lower())
    compression = path.suffix if path.suffix in COMPRESSIONS else None
    ending = PurePosixPath(path.stem).suffix if compression else path.suffix
    if options.format is not None:
        return options.format, compression
    if ending not in FORMATS:
        raise UnreadableFileError(
            "unknown_format",
            f"{name!r} does not end in a known format",
            f"rename it to end in one of {' '.join(FORMATS)} (or these with .gz or .zst), or set read: {{format: csv}}",
        )
    return FORMATS[ending], compression


def check_type(path: Path, declared: FileFormat) -> None:
    """Raises UnreadableFileError `wrong_type:<what it is>` when the first bytes are those of something else."""
    found = _type_of(path)
    expected = _EXPECTED.get(declared)
    if found == expected or (found == "json" and declared in (FileFormat.JSON, FileFormat.JSONL)):
        return
    if found is None:
        found = "text_or_binary"
    raise UnreadableFileError(
        f"wrong_type:{found}",
        f"the file says it is {declared} but its contents are {found.replace('_', ' ')}",
        _REMEDIES.get(found, f"export it again as {declared}"),
    )


def is_zip(path: Path) -> bool:
    """Whether the file is a zip archive, whose table of contents alone can fill the memory."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _type_of(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4096)
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return "xlsx" if what == "zip" and _is_workbook(path) else what
    if _MARKUP.match(head):
        return "html" if b"<?xml" not in head[:200].lower() else "xml"
    return "json" if _JSON.match(head) else None


def _is_workbook(path: Path) -> bool:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except Exception:  # the zip parser raises whatever a damaged table of contents makes it raise
        return True  # the workbook reader says what is wrong
