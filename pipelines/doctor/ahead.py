"""Whether a night was judged for a day that has not come: an `--as-of` mistyped, or a clock that ran ahead.

Tables mend themselves with the next night, which rebuilds for its own `as_of`. Alerts do not: a night before one that was
judged changes nothing, so nobody would be told anything until that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from models.errors import TouchlineError
from pipelines.doctor.finding import Finding, Patient, fine, warn
from pipelines.night.generation import current_generation
from pipelines.night.rollback import kept_generations
from pipelines.night.workspace import Workspace
from sql.warehouse import open_published

_DAY = timedelta(days=1)
"""`--as-of` with a day's date is the end of that day, which for today lies up to a day ahead."""


def check_as_of(patient: Patient) -> Iterator[Finding]:
    """The published `as_of`, and that of the last night on which alerts were judged, do not lie in the future."""
    workspace, latest = patient.workspace, _today(patient) + _DAY
    try:
        published = current_generation(workspace)
    except TouchlineError:
        return  # another check says what is wrong there
    found = _instants(published.crm) if published is not None else None
    if found is None:
        return
    as_of, judged = found
    if as_of > latest:
        what = f"the published as_of, {as_of:%Y-%m-%d %H:%M} UTC, lies in the future"
    elif judged is not None and judged > latest:
        what = f"alerts were judged for {judged:%Y-%m-%d %H:%M} UTC, which lies in the future"
    else:
        yield fine("as_of", f"{as_of:%Y-%m-%d %H:%M} UTC, not in the future")
        return
    muted = "" if judged is None or judged <= latest else f"; until {judged:%Y-%m-%d} no night judges alerts"
    yield warn("as_of", what + muted, _remedy(workspace, latest))


def _today(patient: Patient) -> datetime:
    """Now; in a demo company's workspace not before the demo's day."""
    demo = patient.workspace.demo_as_of
    if not demo.is_file():
        return patient.now
    return max(patient.now, datetime.fromisoformat(demo.read_text(encoding="utf-8").strip()))


def _remedy(workspace: Workspace, latest: datetime) -> str:
    for kept in kept_generations(workspace):
        if kept.is_whole and not kept.is_published:
            found = _instants(workspace.generations / f"{kept.number:06d}" / "crm.duckdb")
            if found is not None and max(instant for instant in found if instant is not None) <= latest:
                return (
                    f"Go back before that night, then run one; it takes in again what came since: touchline rollback"
                    f" {kept.number}, touchline run"
                )
    return (
        "No generation from before that night is kept, so touchline rollback cannot take it back: the next night mends"
        " the tables, and alerts begin again on that day. Restore a backup of the workspace to have them before."
    )


def _instants(crm: Path) -> tuple[datetime, datetime | None] | None:
    """The file's `as_of`, and the last at which alerts were judged; None when it cannot be read."""
    try:
        with open_published(crm) as connection:
            as_of, judged = connection.execute(
                "select max(as_of), (select max(as_of) from ops.alert_evaluation) from ops.publication"
            ).fetchone() or (None, None)
    except duckdb.Error:
        return None
    return None if as_of is None else (as_of.astimezone(UTC), judged and judged.astimezone(UTC))
