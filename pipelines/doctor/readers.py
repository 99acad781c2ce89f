"""Processes that hold old generations open, found through /proc: they go on reading numbers that are no longer published.

They do no harm to a night (an old file stays readable until its last reader closes it), but its disk space is not free
until then. Where there is no /proc, or for processes of other users, nothing can be said.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.commands.pages import size
from pipelines.doctor.finding import Finding, Patient, fine, warn

_DELETED = " (deleted)"


@dataclass(frozen=True)
class HeldFile:
    """A file of a generation that a process has open; `is_deleted` when only that process still has it."""

    process: int
    command: str
    generation: str
    name: str
    is_deleted: bool
    bytes: int


def check_held_readers(patient: Patient, proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Readers of generations that are not published any more."""
    if not proc.is_dir():
        return
    workspace = patient.workspace
    current = workspace.published.readlink().name if workspace.published.is_symlink() else ""
    held = [
        file
        for file in held_files(workspace.generations.resolve(), proc)
        if file.generation != current or file.is_deleted
    ]
    for file in held:
        gone = f"removed, its {size(file.bytes)} of disk still taken" if file.is_deleted else "not the published one"
        yield warn(
            "readers",
            f"process {file.process} ({file.command}) reads {file.name} of generation {file.generation}: {gone}",
            f"Let it close its connection and open var/published/{file.name} again, or end it: kill {file.process}",
        )
    if not held:
        yield fine("readers", "no process that this user can see holds an old generation open")


def held_files(generations: Path, proc: Path) -> list[HeldFile]:
    """Every open file below `generations`, by process; this process left out."""
    found = []
    for process in sorted(int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()):
        if process != os.getpid():
            found += _held_by(process, generations, proc)
    return found


def _held_by(process: int, generations: Path, proc: Path) -> list[HeldFile]:
    found: dict[str, HeldFile] = {}
    with suppress(OSError):  # it ended meanwhile, or is another user's
        for link in (proc / str(process) / "fd").iterdir():
            with suppress(OSError):
                target = str(link.readlink())
                path = Path(target.removesuffix(_DELETED))
                if generations in path.parents:
                    folder = path.relative_to(generations).parts[0]
                    number = folder.rpartition("-")[2]  # `.dropping-000001`, when it was removed
                    found[target] = HeldFile(
                        process,
                        _command(process, proc),
                        number,
                        path.name,
                        target.endswith(_DELETED),
                        link.stat().st_size,
                    )
    return list(found.values())


def _command(process: int, proc: Path) -> str:
    with suppress(OSError):
        return (proc / str(process) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return "unknown"
