"""A file's physical lines as bytes, in bounded memory, with a look ahead that does not consume.

Lines end with LF, CRLF or a lone CR; the ends stay on them. A line longer than MAX_LINE comes out clipped to
MAX_LINE + 1 bytes, so that whoever takes it sees that it is too long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

MAX_LINE = 10 * 1024**2
_BLOCK = 1 << 22


class PhysicalLines:
    """The lines of a file from byte `start`; `number` is that of the line taken last, from 1."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._source = _lines_of(path, start)
        self._ahead: deque[bytes] = deque()
        self.number = 0

    def take(self) -> bytes | None:
        """The next line, or None at the end."""
        line = self._ahead.popleft() if self._ahead else next(self._source, None)
        if line is not None:
            self.number += 1
        return line

    def peek(self, distance: int) -> bytes | None:
        """The line `distance` after the one that `take` would give, without taking it."""
        while len(self._ahead) <= distance:
            line = next(self._source, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[distance]

    def close(self) -> None:
        """Closes the file, when it was not read to its end."""
        self._source.close()


def _lines_of(path: Path, start: int) -> Generator[bytes, None, None]:
    with path.open("rb") as file:
        file.seek(start)
        pending = b""
        while block := file.read(_BLOCK):
            pieces = (pending + block).splitlines(keepends=True)
            pending = b"" if pieces[-1].endswith(b"\n") else pieces.pop()
            yield from pieces
            if len(pending) > MAX_LINE and not pending.endswith(b"\r"):
                yield pending[: MAX_LINE + 1]
                pending = _after_line_end(file)
        yield from pending.splitlines(keepends=True)


def _after_line_end(file: BinaryIO) -> bytes:
    """What was read beyond the next line end."""
    while block := file.read(_BLOCK):
        pieces = block.splitlines(keepends=True)
        if pieces[0].endswith((b"\n", b"\r")):
            rest = block[len(pieces[0]) :]
            return rest if rest or not pieces[0].endswith(b"\r") else file.read(_BLOCK).removeprefix(b"\n")
    return b""
