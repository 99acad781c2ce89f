"""Files that somebody may still be writing: those whose names say so, and those that change while the night looks on.

A file that was written in the last moments before the night is looked at twice, once for all of them together; older
ones cost no wait. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from models.settings import Settings
from pipelines.night.landing import (
    LandedFile,
    deferred_file,
    find_files,
    identity_of,
    read_index,
    unfinished_files,
)
from pipelines.night.workspace import Workspace


def find_unfinished(workspace: Workspace, settings: Settings) -> list[LandedFile]:
    """Files under the name that a program gives them until they are whole: left to a later night, and told."""
    return [
        deferred_file(
            file, f"its name says that it is not whole yet ({file.path.suffix}); it is taken under its own name"
        )
        for source in settings.sources
        for file in unfinished_files(workspace.home, source)
    ]


def find_moving(
    workspace: Workspace, settings: Settings, begun: datetime, wait: Callable[[float], None]
) -> frozenset[Path]:
    """Files that change while the night, `begun` at this instant, waits `engine.settle_seconds`; no new file is that
    young, no wait.

    A file dated in the future (another machine's clock) is as young as any.
    """
    seconds = settings.engine.settle_seconds
    paths = {file.path for source in settings.sources for file in find_files(workspace.home, source, settings)}
    young = _young(paths, workspace, begun.timestamp() - seconds) if seconds else {}
    if not young:
        return frozenset()
    wait(seconds)
    return frozenset(path for path, identity in young.items() if _identity(path) not in (None, identity))


def _young(paths: set[Path], workspace: Workspace, since: float) -> dict[Path, tuple[int, int, int]]:
    """Files that changed after an instant (seconds since 1970) and are not known from an earlier night."""
    known = read_index(workspace.inbox_index)
    seen = {path: identity for path in paths if (identity := _identity(path)) is not None}
    return {
        path: identity
        for path, identity in seen.items()
        if identity[2] >= since * 1e9 and known.get(str(path), [])[:3] != list(identity)
    }


def _identity(path: Path) -> tuple[int, int, int] | None:
    """None when it is gone: landing says so."""
    try:
        return identity_of(path.lstat())
    except OSError:
        return None
