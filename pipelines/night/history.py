"""The nights so far, one JSON line each in var/nights.jsonl: published, nothing new, blocked and failed ones alike.

The tables of `ops` travel with a generation, so a night that published nothing is not in them; here it is. Only the
last few hundred are kept. A line that a crash tore is skipped.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from models.errors import TouchlineError
from pipelines.night.outcome import NightOutcome, read_outcome, write_outcome
from pipelines.night.whole_file import write_whole
from pipelines.night.workspace import Workspace

KEPT = 400


@dataclass(frozen=True)
class PastNight:
    """A night: when it began, what came of it, how long it took, and the rows of its loads by fate."""

    started_at: datetime
    status: str
    as_of: datetime
    run_id: str
    generation: int | None
    exit_code: int
    seconds: float
    files: int
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    failed_checks: int
    error: str | None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "started_at": self.started_at.isoformat(), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The inverse of `to_json`; keys of other versions are left out."""
        known = {field.name: content[field.name] for field in fields(cls)}
        times = {name: datetime.fromisoformat(content[name]) for name in ("started_at", "as_of")}
        return cls(**{**known, **times})


def record_night(workspace: Workspace, outcome: NightOutcome, started_at: datetime) -> None:
    """Writes the outcome to var/last_night.json and its line to var/nights.jsonl."""
    write_outcome(outcome, workspace.last_night)
    _append(workspace.nights, json.dumps(_past(outcome, started_at).to_json()))


def recorded_night(workspace: Workspace) -> NightOutcome:
    """What the night that has just run wrote about itself; raises TouchlineError when it wrote nothing."""
    outcome = read_outcome(workspace.last_night)
    if outcome is None:
        raise TouchlineError(f"The night left no {workspace.last_night}", "Run it again.")
    return outcome


def read_nights(workspace: Workspace, limit: int) -> list[PastNight]:
    """The last nights, newest first."""
    nights = []
    for line in reversed(_lines(workspace.nights)):
        with suppress(ValueError, KeyError, TypeError):
            nights.append(PastNight.from_json(json.loads(line)))
        if len(nights) == limit:
            break
    return nights


def _past(outcome: NightOutcome, started_at: datetime) -> PastNight:
    loads = outcome.loads if outcome.status != "nothing_new" else ()
    return PastNight(
        started_at=started_at,
        status=outcome.status,
        as_of=outcome.as_of,
        run_id=outcome.run_id,
        generation=outcome.generation,
        exit_code=outcome.exit_code,
        seconds=outcome.seconds,
        files=len({load.load_id for load in loads}),
        rows_read=sum(load.rows_read for load in loads),
        rows_accepted=sum(load.rows_accepted for load in loads),
        rows_quarantined=sum(load.rows_quarantined for load in loads),
        failed_checks=len(outcome.failed_checks),
        error=outcome.error,
    )


def _append(path: Path, line: str) -> None:
    lines = _lines(path)
    if len(lines) >= 2 * KEPT:
        write_whole(path, "\n".join([*lines[-KEPT:], line]) + "\n")
        return
    torn = bool(lines) and not path.read_bytes().endswith(b"\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "ab") as file:
        file.write((("\n" if torn else "") + line + "\n").encode())


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
