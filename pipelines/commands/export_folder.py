"""The folder of an export: written beside its place, put there by a rename, so that nobody sees half of one.

Only an earlier export of ours is replaced, and only when nothing of anybody else's was put into it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import BusyError, UsageError

MANIFEST = "touchline_export.json"
"""Says what an export holds; a folder without it is not ours to replace."""


def must_be_replaceable(folder: Path) -> None:
    """Raises UsageError when there is something that an export did not write."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file", "Name a folder: --to DIR")
    foreign = next(iter(sorted(_files_of(folder) - _exported_files(folder))), None)
    if foreign is not None:
        raise UsageError(
            f"{folder} holds what no export wrote, such as {foreign}",
            "Name a new or an empty folder, or the folder of an earlier export: --to DIR",
        )


def _files_of(folder: Path) -> set[str]:
    """What lies in it, by path below it; folders without files are of no interest to anybody."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


def _exported_files(folder: Path) -> set[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {MANIFEST, *(str(name) for table in manifest["tables"] for name in table["files"])}
    except (OSError, ValueError, TypeError, KeyError):
        return set()


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` that takes its place at the end; nothing is left when writing it fails.

    A folder with something in it cannot be renamed over: the earlier export steps aside for an instant. Killed in that
    instant, or before, an export is tidied up by the next one to the same place. BusyError when one is being written.
    """
    part, before = folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.before")
    part.mkdir(parents=True, exist_ok=True)
    with _held(part, folder):
        _recover(folder, part, before)
        try:
            yield part
            if folder.exists():
                folder.replace(before)
            part.replace(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            _put_back(folder, before)
            raise
        shutil.rmtree(before, ignore_errors=True)


@contextmanager
def _held(part: Path, folder: Path) -> Iterator[None]:
    """For this process alone; the kernel lets go when it dies."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not part.exists() or not os.path.samestat(os.fstat(descriptor), part.stat()):
            raise BlockingIOError  # another export finished between our two looks
        yield
    except BlockingIOError:
        raise BusyError(f"another export is being written to {folder}", "Wait for it, or name another --to.") from None
    finally:
        os.close(descriptor)


def _recover(folder: Path, part: Path, before: Path) -> None:
    """What a killed export left: its half goes, and what had stepped aside comes back, or goes where it is replaced."""
    for left in part.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    _put_back(folder, before)
    shutil.rmtree(before, ignore_errors=True)


def _put_back(folder: Path, before: Path) -> None:
    """The earlier export, when it stepped aside and nothing took its place."""
    if before.exists() and not folder.exists():
        before.replace(folder)
