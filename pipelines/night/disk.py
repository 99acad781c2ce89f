"""What a workspace takes of its disk, in bytes; nothing is changed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines.night.workspace import Workspace


@dataclass(frozen=True)
class DiskUse:
    """Bytes by place, and what is free on the disk that holds the workspace."""

    inbox: int
    landed: int
    generations: int
    failed: int
    dagster: int
    free: int


def disk_use(workspace: Workspace) -> DiskUse:
    """Sizes as they are now; files that go while they are counted count as nothing."""
    return DiskUse(
        inbox=bytes_below(workspace.inbox),
        landed=bytes_below(workspace.landed),
        generations=bytes_below(workspace.generations),
        failed=bytes_below(workspace.failed),
        dagster=bytes_below(workspace.dagster_home),
        free=shutil.disk_usage(workspace.home).free,
    )


def bytes_below(folder: Path) -> int:
    """The sizes of all regular files below a folder; 0 when there is none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
        except OSError:
            continue
    return total
