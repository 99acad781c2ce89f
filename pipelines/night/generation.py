"""Generations: build aside, then publish everything with one rename of one symlink.

Why aside: DuckDB locks every other process out of a file that a writer has open. Why one symlink: a process that
reconnects gets the new night while old connections go on reading the old one.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from models.errors import TouchlineError
from pipelines.night.lock import one_night_at_a_time as one_night_at_a_time
from pipelines.night.whole_file import copy_file, sync
from pipelines.night.workspace import Workspace

DROPPING = ".dropping-"
UNPUBLISHED = ".unpublished"
_FILES = ("crm.duckdb", "private.duckdb")


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


def current_generation(workspace: Workspace) -> Generation | None:
    """The generation that readers see; None before the first night."""
    if not workspace.published.is_symlink():
        return None
    folder = workspace.generations / workspace.published.readlink().name
    if not is_whole(folder):
        raise TouchlineError(
            f"{workspace.published} points at {folder}, which is not whole",
            "Point it at an earlier one: touchline rollback --list, then touchline rollback GENERATION",
        )
    return Generation(folder)


def is_whole(folder: Path) -> bool:
    """Whether the folder has both files of a generation."""
    return all((folder / name).is_file() for name in _FILES)


def was_published(folder: Path) -> bool:
    """False for a folder that a killed night moved into place and never pointed readers at."""
    return not (folder / UNPUBLISHED).exists()


def begin_build(workspace: Workspace, previous: Generation | None) -> Generation:
    """An empty folder to build in, with copies of the previous generation's files when one is given."""
    shutil.rmtree(workspace.building, ignore_errors=True)
    number = 1 + max((int(folder.name) for folder in folders_of(workspace)), default=0)
    build = Generation(workspace.building / f"{number:06d}")
    workspace.building.mkdir(mode=0o700, parents=True, exist_ok=True)
    build.folder.mkdir(mode=0o755)
    if previous is not None:
        for name in _FILES:
            copy_file(previous.folder / name, build.folder / name)
            (build.folder / name).chmod(0o600)
    return build


def publish(workspace: Workspace, build: Generation, keep: int, built_on: Generation | None = None) -> Generation:
    """Seals the build, moves it to its final place, points readers at it, and drops generations beyond `keep`
    and the build of an earlier blocked night.

    The one it was `built_on` is kept first: after a rollback that is not the newest of the others.
    """
    (build.folder / UNPUBLISHED).touch()
    _seal(build)
    workspace.generations.mkdir(mode=0o755, exist_ok=True)
    final = Generation(workspace.generations / build.folder.name)
    build.folder.rename(final.folder)
    sync(workspace.generations)
    point_readers_at(workspace, final)
    _drop_old(workspace, final, keep, built_on)
    drop_failed(workspace)
    return final


def point_readers_at(workspace: Workspace, generation: Generation) -> None:
    """One rename: readers open the old generation or the new one, never a mixture."""
    if workspace.published.is_symlink():
        _mark_published(workspace.published)
    aside = workspace.var / ".published"
    aside.unlink(missing_ok=True)
    aside.symlink_to(Path("generations") / generation.folder.name)
    aside.replace(workspace.published)
    sync(workspace.var)
    _mark_published(generation.folder)


def _mark_published(folder: Path) -> None:
    """Takes the mark away that `publish` sets. A night killed before this line leaves it to the next swap."""
    (folder / UNPUBLISHED).unlink(missing_ok=True)


def keep_failed(workspace: Workspace, build: Generation) -> None:
    """Keeps the build of a blocked night to look at: until a night publishes, or another one is blocked."""
    drop_failed(workspace)
    workspace.failed.mkdir(parents=True)
    build.folder.rename(workspace.failed / build.folder.name)


def drop_failed(workspace: Workspace) -> None:
    """Removes the build that a check stopped."""
    shutil.rmtree(workspace.failed, ignore_errors=True)


def _seal(build: Generation) -> None:
    if left := [path.name for path in build.folder.glob("*.wal")]:
        raise TouchlineError(
            f"{', '.join(left)} was left beside a database that should be closed",
            "Run the night again; if it happens again, report it.",
        )
    for path, mode in ((build.crm, 0o444), (build.private, 0o600)):
        path.chmod(mode)
    for path in build.folder.rglob("*"):
        sync(path)
    sync(build.folder)


def folders_of(workspace: Workspace) -> list[Path]:
    """The folders of all generations that are kept, oldest first."""
    if not workspace.generations.is_dir():
        return []
    return sorted(folder for folder in workspace.generations.iterdir() if folder.name.isdigit())


def _drop_old(workspace: Workspace, current: Generation, keep: int, built_on: Generation | None) -> None:
    """Renames first: a generation that is half removed must not look like one to roll back to."""
    others = sorted(
        (folder for folder in folders_of(workspace) if folder != current.folder),
        key=lambda folder: (built_on is not None and folder == built_on.folder, folder.name),
    )
    for folder in others[: max(0, len(others) - (keep - 1))]:
        with suppress(OSError):
            dropped = folder.rename(folder.with_name(DROPPING + folder.name))
            shutil.rmtree(dropped, ignore_errors=True)
