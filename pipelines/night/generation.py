"""Generations: build aside, then publish everything with one rename of one symlink.

Why aside: DuckDB locks every other process out of a file that a writer has open. Why one symlink: a process that
reconnects gets the new night while old connections go on reading the old one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import BusyError, TouchlineError
from pipelines.night.workspace import Workspace


@dataclass(frozen=True)
class Generation:
    """A folder with crm.duckdb and private.duckdb."""

    folder: Path

    @property
    def number(self) -> int:
        """42 of `generations/000042`."""
        return int(self.folder.name)

    @property
    def crm(self) -> Path:
        """What analysts open."""
        return self.folder / "crm.duckdb"

    @property
    def private(self) -> Path:
        """Identities and rejected rows as they came; mode 0600."""
        return self.folder / "private.duckdb"


@contextmanager
def one_night_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Holds the workspace's lock; raises BusyError with the holder's process id when another night has it."""
    try:
        workspace.var.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(workspace.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise TouchlineError(
            f"{workspace.var} cannot be written: {error.strerror}",
            "Give the user who runs the nights write permission on the workspace, or run as its owner.",
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise BusyError(
                f"another night is running on {workspace.home} (process {holder})",
                "Wait for it to end, then run again; nothing was changed.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_night_running(workspace: Workspace) -> bool:
    """Whether some process holds the workspace's lock; found by trying to share it for an instant."""
    try:
        descriptor = os.open(workspace.lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def current_generation(workspace: Workspace) -> Generation | None:
    """The generation that readers see; None before the first night."""
    if not workspace.published.is_symlink():
        return None
    folder = workspace.generations / workspace.published.readlink().name
    if not (folder / "crm.duckdb").is_file():
        raise TouchlineError(
            f"{workspace.published} points at {folder}, which is not whole",
            "Point it at an earlier folder of var/generations.",
        )
    return Generation(folder)


def begin_build(workspace: Workspace, previous: Generation | None) -> Generation:
    """An empty folder to build in, with copies of the previous generation's files when one is given."""
    shutil.rmtree(workspace.building, ignore_errors=True)
    number = 1 + max((int(folder.name) for folder in _folders(workspace)), default=0)
    build = Generation(workspace.building / f"{number:06d}")
    build.folder.mkdir(parents=True)
    if previous is not None:
        for name in ("crm.duckdb", "private.duckdb"):
            shutil.copyfile(previous.folder / name, build.folder / name)
            (build.folder / name).chmod(0o600)
    return build


def publish(workspace: Workspace, build: Generation, keep: int) -> Generation:
    """Seals the build, moves it to its final place, points readers at it, and drops generations beyond `keep`."""
    _seal(build)
    workspace.generations.mkdir(exist_ok=True)
    final = Generation(workspace.generations / build.folder.name)
    build.folder.rename(final.folder)
    _sync_folder(workspace.generations)
    point_readers_at(workspace, final)
    _drop_old(workspace, final, keep)
    return final


def point_readers_at(workspace: Workspace, generation: Generation) -> None:
    """One rename: readers open the old generation or the new one, never a mixture."""
    aside = workspace.var / ".published"
    aside.unlink(missing_ok=True)
    aside.symlink_to(Path("generations") / generation.folder.name)
    aside.replace(workspace.published)
    _sync_folder(workspace.var)


def keep_failed(workspace: Workspace, build: Generation) -> None:
    """Keeps the build of a blocked night to look at; only the last one."""
    shutil.rmtree(workspace.failed, ignore_errors=True)
    workspace.failed.mkdir(parents=True)
    build.folder.rename(workspace.failed / build.folder.name)


def discard_build(workspace: Workspace) -> None:
    """Removes whatever an unfinished night left."""
    shutil.rmtree(workspace.building, ignore_errors=True)


def _seal(build: Generation) -> None:
    if left := [path.name for path in build.folder.glob("*.wal")]:
        raise TouchlineError(
            f"{', '.join(left)} was left beside a database that should be closed",
            "Run the night again; if it happens again, report it.",
        )
    for path, mode in ((build.crm, 0o444), (build.private, 0o600)):
        with path.open("rb") as opened:
            os.fsync(opened.fileno())
        path.chmod(mode)
    _sync_folder(build.folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folders(workspace: Workspace) -> list[Path]:
    if not workspace.generations.is_dir():
        return []
    return sorted(folder for folder in workspace.generations.iterdir() if folder.name.isdigit())


def _drop_old(workspace: Workspace, current: Generation, keep: int) -> None:
    older = [folder for folder in _folders(workspace) if folder != current.folder]
    for folder in older[: max(0, len(older) - (keep - 1))]:
        shutil.rmtree(folder, ignore_errors=True)
