"""The other end of a published place: brings the version that its pointer names into a folder, whole, and swaps a link.

`FOLDER/published` points at `FOLDER/<version>/`: like in a workspace, who opens `FOLDER/published/crm.duckdb` anew gets the
new night, and an open connection goes on reading the old one, which stays until the pull after the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import BusyError, UsageError
from pipelines.night.whole_file import sync
from pipelines.storage.faults import MissingObjectError, PlaceError
from pipelines.storage.place import Place
from pipelines.storage.versions import PointedFile, Pointer, read_pointer

LINK = "published"
_MARK = ".touchline_pull"
_PART = ".part-"
_TRIES = 4


@dataclass(frozen=True)
class Pulled:
    """What the folder holds now, and whether it is new there."""

    pointer: Pointer
    folder: Path
    is_new: bool
    bytes: int


def pull(place: Place, name: str, folder: Path, told: Callable[[int, int], None] = lambda done, total: None) -> Pulled:
    """Brings what the pointer `name` says into the folder. `told` hears bytes done and in all.

    A version that goes while it is read was replaced: the pointer is asked again, a few times. Raises PlaceError, and
    UsageError when the folder is somebody else's; it then holds what it held.
    """
    _must_be_ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    with _alone(folder):
        for _ in range(_TRIES):
            pointer = _pointer(place, name)
            final = folder / pointer.prefix.rstrip("/").rsplit("/", 1)[-1]
            if (folder / LINK).is_symlink() and (folder / LINK).readlink().name == final.name and final.is_dir():
                return Pulled(pointer, folder / LINK, False, 0)
            try:
                size = _bring(place, pointer, folder, final, told)
            except MissingObjectError:
                continue
            _swap(folder, final)
            return Pulled(pointer, folder / LINK, True, size)
    raise PlaceError(
        f"{place.url} lacks files that its pointer {name} names",
        "See what touchline doctor says where it is published; it may be that a lifecycle rule deletes them.",
    )


def _pointer(place: Place, name: str) -> Pointer:
    found = read_pointer(place, name)
    if found is None:
        raise PlaceError(
            f"{place.url} holds no {name}: nothing is published there",
            "Look at its name, and at storage.publish where nights run; touchline status there says how its copy stands.",
        )
    return found[0]


def _bring(place: Place, pointer: Pointer, folder: Path, final: Path, told: Callable[[int, int], None]) -> int:
    """Every file of the version, held against its hash, in a folder that is renamed when it is whole."""
    part = folder / f"{_PART}{final.name}"
    shutil.rmtree(part, ignore_errors=True)
    done, total = 0, sum(file.size for file in pointer.files)
    for file in pointer.files:
        told(done, total)
        target = part / file.key.removeprefix(pointer.prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        _bring_file(place, file, target)
        done += file.size
    for path in part.rglob("*"):
        sync(path)
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)
    return done


def _bring_file(place: Place, file: PointedFile, target: Path) -> None:
    with target.open("wb") as opened:
        sha256, size = place.download(file.key, opened)
    if (sha256, size) != (file.sha256, file.size):
        target.unlink()
        raise PlaceError(
            f"{place.url}/{file.key} is not what the pointer says: {size:,} bytes of sha256 {sha256[:12]},"
            f" where {file.size:,} of {file.sha256[:12]} were published",
            "Pull again; if it stays so, somebody changed it there: delete the pointer, and run a night where it is published.",
            True,
        )
    target.chmod(0o444)


def _swap(folder: Path, final: Path) -> None:
    """One rename; then what was cut short and all but the one before go."""
    link = folder / LINK
    before = link.readlink().name if link.is_symlink() else None
    aside = folder / f".{LINK}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(final.name)
    aside.replace(link)
    sync(folder)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in (final.name, before):
            shutil.rmtree(path, ignore_errors=True)


def _must_be_ours(folder: Path) -> None:
    """Old versions are deleted from it: it must be new, empty, or an earlier pull's."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", "Name a folder.")
    if folder.is_dir() and not (folder / _MARK).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds what no pull wrote", "Name a new or an empty folder, or an earlier pull's.")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / _MARK, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(f"another pull is writing to {folder}", "Wait for it, or name another folder.") from None
    finally:
        os.close(descriptor)
