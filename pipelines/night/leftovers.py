"""What killed nights leave behind, and its removal: unfinished builds, half swaps, half copies.

Only the holder of the workspace's lock removes anything. A whole generation is never touched, and neither is the one
that readers are pointed at: what goes here is nothing that a live process reads or writes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.night.generation import DROPPING, UNPUBLISHED, is_whole, was_published
from pipelines.night.landing import ASIDE
from pipelines.night.workspace import Workspace


@dataclass(frozen=True)
class Leftover:
    """A path that no night needs any more, and what it is."""

    path: Path
    what: str


def find_leftovers(workspace: Workspace) -> list[Leftover]:
    """What a night that did not end left; while a night is running this is its own work."""
    return list(_find(workspace))


def remove_leftovers(workspace: Workspace) -> list[Leftover]:
    """Removes them and says what they were. Call it under the lock; what cannot be removed stays for the next night."""
    found = find_leftovers(workspace)
    for leftover in found:
        if leftover.path.is_dir() and not leftover.path.is_symlink():
            shutil.rmtree(leftover.path, ignore_errors=True)
        else:
            with suppress(OSError):
                leftover.path.unlink()
    return found


def notes_on_leftovers(removed: list[Leftover]) -> list[str]:
    """What the user should know about them; blank when there were none."""
    if not removed:
        return []
    kinds = ", ".join(sorted({leftover.what for leftover in removed}))
    return [f"An earlier night did not end; what it left was removed: {kinds}. Tonight took in all that it had not."]


def _find(workspace: Workspace) -> Iterator[Leftover]:
    if workspace.building.exists():
        yield Leftover(workspace.building, "an unfinished build")
    if (aside := workspace.published.with_name(".published")).is_symlink():
        yield Leftover(aside, "an unfinished swap of var/published")
    yield from _find_generations(workspace)
    yield from (Leftover(path, "a half-copied inbox file") for path in _matching(workspace.landed, f"{ASIDE}*"))
    yield from (Leftover(path, "a half-written record") for path in _matching(workspace.var, "*.tmp"))


def _find_generations(workspace: Workspace) -> Iterator[Leftover]:
    current = workspace.published.readlink().name if workspace.published.is_symlink() else None
    yield from (
        Leftover(path, "a half-removed generation") for path in _matching(workspace.generations, f"{DROPPING}*")
    )
    for folder in _matching(workspace.generations, "[0-9]*"):
        if not folder.name.isdigit():
            continue
        if folder.name == current:
            if not was_published(folder):
                yield Leftover(folder / UNPUBLISHED, "an unfinished swap of var/published")
        elif not was_published(folder):
            yield Leftover(folder, "a generation that was never published")
        elif not is_whole(folder):
            yield Leftover(folder, "a generation without all its files")


def _matching(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []
