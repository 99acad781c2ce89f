"""Files that are there whole or not at all, and copies that share their blocks where the file system can."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: str, mode: int = 0o644) -> None:
    """Replaces the file in one rename, so that a reader (or a crash) never sees half of it; on a full disk nothing is left."""
    aside = path.with_suffix(".tmp")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


def sync(path: Path) -> None:
    """Makes what a file holds, or the renames in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """A copy of the bytes. XFS, Btrfs and their kin share the blocks until one side writes, so that it costs nothing; no
    hard link: DuckDB writes in place."""
    try:
        _copy_by_kernel(source, target)
    except (OSError, AttributeError):  # another file system, a kernel or a platform without it: and a full disk again
        shutil.copyfile(source, target)


def _copy_by_kernel(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as written:
        left = os.fstat(read.fileno()).st_size
        while left:
            copied = os.copy_file_range(read.fileno(), written.fileno(), left)
            if not copied:
                raise OSError(f"{source} ended before its size")
            left -= copied
