"""One night in a process of its own, without an orchestrator; prints as JSON the CPU seconds of its `steps`, and the
seconds of wall that each of its `tables` took, which overlap where two are made at a time.

Usage: python night.py WORKSPACE [AS_OF]
"""

import json
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.night import tables
from pipelines.night.run import NightRequest, run_night
from pipelines.night.workspace import Workspace
from sql.build import BuildResult

LONG_AFTER = datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
"""Weeks after the last activity of every company here: all of it has happened."""


class CpuClock:
    """A Progress that notes how much CPU time the process had used when each step began."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, float]] = []

    def step(self, name: str) -> None:
        self.begun.append((name, time.process_time()))

    def advance(self, done: int, total: int) -> None:
        """Steps are enough."""

    def seconds(self) -> dict[str, float]:
        """By step; what follows a step belongs to it until the next begins."""
        end = ("", time.process_time())
        return {name: round(until - at, 3) for (name, at), (_, until) in pairwise([*self.begun, end])}


def noting_tables() -> dict[str, float]:
    """From now on every table that is built writes its seconds here."""
    taken: dict[str, float] = {}
    build = tables.build_table

    def noted(*arguments: Any) -> BuildResult:
        result = build(*arguments)
        taken[result.table] = result.seconds
        return result

    tables.build_table = noted
    return taken


if __name__ == "__main__":
    workspace = Workspace(Path(sys.argv[1]))
    instant = datetime.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else LONG_AFTER
    clock, taken = CpuClock(), noting_tables()
    run_night(NightRequest(workspace, instant, datetime.now(UTC), "bench"), workspace.settings(), clock)
    print(json.dumps({"steps": clock.seconds(), "tables": taken}))
