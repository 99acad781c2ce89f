"""Compressed files become plain ones in the scratch folder, in bounded memory and with a cap on what comes out."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard

from models.errors import UnreadableFileError

MAX_RATIO = 200
RATIO_COUNTS_FROM = 100 * 1024**2
MAX_PLAIN = 50 * 1024**3
_CHUNK = 1 << 20
_ZSTD_CHUNK = 1 << 12  # a block of 4 bytes can hold 128 kB: larger chunks would let a bomb fill the memory
_ZSTD_WINDOW = 1 << 27


def unpack(path: Path, compression: str, target: Path) -> Path:
    """Writes the plain contents to `target`; raises UnreadableFileError corrupt_gzip, corrupt_zst or bomb."""
    packed = path.stat().st_size
    if packed == 0:
        raise UnreadableFileError("empty_file", "the file has no bytes", "export it again; nothing was loaded")
    plain = 0
    with target.open("wb") as out:
        for chunk in _gunzip(path) if compression == ".gz" else _unzstd(path):
            plain += len(chunk)
            _check_ratio(packed, plain)
            out.write(chunk)
    return target


def _check_ratio(packed: int, plain: int) -> None:
    if plain > MAX_PLAIN or (plain > RATIO_COUNTS_FROM and plain > MAX_RATIO * packed):
        raise UnreadableFileError(
            "bomb",
            f"{packed:,} compressed bytes hold more than {plain:,}: that is no ordinary export",
            "check where the file comes from; deliver it uncompressed or in parts if it is genuine",
        )


def _gunzip(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _corrupt("corrupt_gzip", "gzip", str(error)) from error


def _unzstd(path: Path) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame = decompressor.decompressobj()
    try:
        with path.open("rb") as file:
            while block := file.read(_ZSTD_CHUNK):
                while block:
                    if frame.eof:
                        frame = decompressor.decompressobj()
                    yield frame.decompress(block)
                    block = frame.unused_data
    except zstandard.ZstdError as error:
        raise _corrupt("corrupt_zst", "zstd", str(error)) from error
    if not frame.eof:
        raise _corrupt("corrupt_zst", "zstd", "it ends in the middle")


def _corrupt(rule: str, kind: str, detail: str) -> UnreadableFileError:
    what = f"the {kind} file is damaged: {detail}"
    return UnreadableFileError(rule, what, "transfer it again; it was cut short or has bytes after its end")
