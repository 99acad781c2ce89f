"""The build of the last night when a check stopped it: kept in var/failed, shown beside what is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.night.outcome import NightOutcome


@dataclass(frozen=True)
class FailedNight:
    """The last night when it published nothing; `database` is its build when a check stopped it after it was whole."""

    outcome: NightOutcome
    database: Path | None

    @property
    def marker(self) -> str:
        """How everything that is shown of it is marked."""
        if self.database is None:
            return "The last night failed and left no build"
        return f"In the failed build {int(self.database.parent.name)} (NOT published)"


def last_failed_night(workspace: Workspace) -> FailedNight | None:
    """None when the last night published, or had nothing new."""
    from pipelines.night.outcome import read_outcome

    outcome = read_outcome(workspace.last_night)
    if outcome is None or outcome.status not in ("blocked", "failed"):
        return None
    return FailedNight(outcome, _build_of(workspace, outcome.run_id) if outcome.status == "blocked" else None)


def _build_of(workspace: Workspace, run_id: str) -> Path | None:
    """The kept build, if it is that night's: an older one may still lie there."""
    from sql.warehouse import open_published

    for database in sorted(workspace.failed.glob("*/crm.duckdb")):
        connection = open_published(database.resolve())
        try:
            found = connection.execute("select run_id from ops.publication").fetchone()
        finally:
            connection.close()
        if found == (run_id,):
            return database
    return None
