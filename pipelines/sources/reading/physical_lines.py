"""A file's physical lines as bytes, in bounded memory, with a look ahead that does not consume.

Lines end with LF, CRLF or a lone CR; the ends stay on them. A line longer than MAX_LINE comes out clipped to
MAX_LINE + 1 bytes and without its end, so that whoever takes it sees that it is too long.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

MAX_LINE = 10 * 1024**2
BLOCK = 1024**2


class PhysicalLines:
    """The lines of a file from byte `start`; `number` is that of the line taken last, from 1."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._blocks = _blocks_of(path, start)
        self._loaded: list[bytes] = []
        self._at = 0
        self.number = 0

    def take(self) -> bytes | None:
        """The next line, or None at the end."""
        line = self.peek(0)
        if line is not None:
            self.advance(1)
        return line

    def peek(self, distance: int) -> bytes | None:
        """The line `distance` after the one that `take` would give, without taking it."""
        while self._at + distance >= len(self._loaded):
            if not self._load():
                return None
        return self._loaded[self._at + distance]

    def block(self) -> list[bytes]:
        """The next lines that are in memory, without taking them; none at the end."""
        self.peek(0)
        return self._loaded[self._at :]

    def advance(self, count: int) -> None:
        """Takes lines that `peek` or `block` showed."""
        self._at += count
        self.number += count

    def close(self) -> None:
        """Closes the file, when it was not read to its end."""
        self._blocks.close()

    def _load(self) -> bool:
        block = next(self._blocks, None)
        if block is not None:
            self._loaded = self._loaded[self._at :] + block
            self._at = 0
        return block is not None


def _blocks_of(path: Path, start: int) -> Generator[list[bytes], None, None]:
    with path.open("rb") as file:
        file.seek(start)
        pending = b""
        while block := file.read(BLOCK):
            lines = (pending + block).splitlines(keepends=True)
            pending = b"" if lines[-1].endswith(b"\n") else lines.pop()
            if len(pending) > MAX_LINE and not pending.endswith(b"\r"):
                lines.append(pending[: MAX_LINE + 1])
                pending = _after_line_end(file)
            if lines:
                yield lines
        if pending:
            yield pending.splitlines(keepends=True)


def _after_line_end(file: BinaryIO) -> bytes:
    """What was read beyond the next line end."""
    while block := file.read(BLOCK):
        first = block.splitlines(keepends=True)[0]
        if first.endswith((b"\n", b"\r")):
            rest = block[len(first) :]
            return rest if rest or not first.endswith(b"\r") else file.read(BLOCK).removeprefix(b"\n")
    return b""
