"""Trimming Dagster's own history in DAGSTER_HOME, which grows by some hundred events a night for ever.

What was published, landed or decided is not in it: a run that is trimmed leaves only the UI's lists and plots.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_AT_ONCE = 100


@dataclass(frozen=True)
class Trimmed:
    """What was deleted: runs with their events, and bytes on disk."""

    runs: int
    freed_bytes: int


def trim_history(instance: dg.DagsterInstance, before: datetime) -> Trimmed:
    """Deletes finished runs that were created before an instant, with their events and logs; running ones stay."""
    size = _size_of(Path(instance.root_directory))
    old = dg.RunsFilter(statuses=FINISHED, created_before=before)
    deleted = 0
    while records := instance.get_run_records(old, limit=_AT_ONCE, ascending=True):
        for record in records:
            _delete_run(instance, record.dagster_run.run_id)
        deleted += len(records)
    return Trimmed(deleted, max(0, size - _size_of(Path(instance.root_directory))))


def _delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """The run, its events, and the files that Dagster leaves behind: its event file and its captured output."""
    instance.delete_run(run_id)
    root = Path(instance.root_directory)
    for leftover in (root / "history" / "runs").glob(f"{run_id}.db*"):
        leftover.unlink()
    shutil.rmtree(root / "storage" / run_id, ignore_errors=True)


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
