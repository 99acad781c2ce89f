"""Trimming Dagster's own history in DAGSTER_HOME, which grows by some hundred events a night for ever.

What was published, landed or decided is not in it: a run that is trimmed leaves only the UI's lists and plots.

No `from __future__ import annotations` here: Dagster reads the classes of an op's parameters.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

MAINTENANCE = "maintenance"
TRIM_OP = "trim_history"
_POOL_TAG = ".dagster/pool/"
"""Dagster tags each run with the pools of its steps: in a Dagster that others share, what is ours is known by them."""
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_AT_ONCE = 100


class TrimConfig(dg.Config):
    """Runs created before this ISO instant are trimmed."""

    before: str


@dataclass(frozen=True)
class Trimmed:
    """What was deleted: runs with their events, and bytes on disk."""

    runs: int
    freed_bytes: int


def maintenance_job(pools: Sequence[str], pool: str = MAINTENANCE) -> dg.JobDefinition:
    """Trims Dagster's history of the runs in `pools`, and its own; other runs, in a shared Dagster, are not ours.

    It may run beside a night, since it leaves every run alone that is not finished.
    """

    @dg.op(name=TRIM_OP, pool=pool, description="Deletes old runs with their events and logs from Dagster's history.")
    def trim(context: dg.OpExecutionContext, config: TrimConfig) -> None:
        before = datetime.fromisoformat(config.before)
        instant = before if before.tzinfo else before.replace(tzinfo=UTC)
        trimmed = trim_history(context.instance, instant, [*pools, pool])
        context.log.info(f"{trimmed.runs} runs deleted, {trimmed.freed_bytes / 1e6:.1f} MB freed")
        context.add_output_metadata({"runs": trimmed.runs, "freed_mb": round(trimmed.freed_bytes / 1e6, 2)})

    @dg.job(
        name=MAINTENANCE,
        executor_def=dg.in_process_executor,
        description="Trims old runs and their events from Dagster's history; nothing that was published is touched.",
    )
    def maintenance() -> None:
        trim()

    return maintenance


def runs_of(
    instance: dg.DagsterInstance, pool: str, statuses: Sequence[dg.DagsterRunStatus]
) -> Sequence[dg.DagsterRun]:
    """Runs of a workspace's pool in these states: those that a clock, the web UI or the command line started."""
    return instance.get_runs(dg.RunsFilter(statuses=statuses, tags={_POOL_TAG + pool: "true"}))


def trim_history(instance: dg.DagsterInstance, before: datetime, pools: Sequence[str]) -> Trimmed:
    """Deletes finished runs of these pools created before an instant, with events and logs; running ones stay."""
    size = _size_of(Path(instance.root_directory))
    deleted = 0
    for pool in pools:
        old = dg.RunsFilter(statuses=FINISHED, created_before=before, tags={_POOL_TAG + pool: "true"})
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
