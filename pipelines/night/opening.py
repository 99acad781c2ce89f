"""Inbox files are opened without following links: a link in an inbox could show the night any file of this machine.

The folder that the settings name is the user's word and may be a link itself; nothing below it may be. A pipe or a
device that lies there is opened without waiting for it and then refused.
"""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

_LOOK = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_WILD = "*?["


class NotRegularError(OSError):
    """What lies there is no ordinary file, or a link leads to it."""


def open_regular(path: Path, root: Path) -> BufferedReader:
    """The file `path`, which lies below `root`. Raises NotRegularError, and OSError when it cannot be opened."""
    folder = os.open(root, _LOOK | os.O_DIRECTORY)
    try:
        *folders, name = path.relative_to(root).parts
        for part in folders:
            inner = _open_in(folder, part, os.O_DIRECTORY)
            os.close(folder)
            folder = inner
        opened = _open_in(folder, name, 0)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise NotRegularError(0, "it is no ordinary file")
    return os.fdopen(opened, "rb")


def _open_in(folder: int, name: str, flags: int) -> int:
    try:
        return os.open(name, _LOOK | os.O_NOFOLLOW | flags, dir_fd=folder)
    except OSError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotRegularError(0, "links are not followed") from None
        raise


def is_regular(path: Path, root: Path) -> bool:
    """Whether `path` is an ordinary file that no link below `root` leads to."""
    inside = [path, *list(path.parents)[: len(path.relative_to(root).parts) - 1]]
    return path.is_file() and not any(step.is_symlink() for step in inside)


def root_of(home: Path, pattern: str) -> Path:
    """The folder of a glob before its first wildcard; of a pattern without one the file's folder."""
    steps = Path(pattern).parts[:-1]
    wild = next((place for place, step in enumerate(steps) if any(mark in step for mark in _WILD)), len(steps))
    return home.joinpath(*steps[:wild])
