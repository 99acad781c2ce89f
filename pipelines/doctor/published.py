"""What readers see: var/published is whole, its tables hold what the publication says, and the nights go on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from models.errors import TouchlineError
from pipelines.commands.pages import ago
from pipelines.commands.standing import Standing
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.night.generation import current_generation, is_whole

_SILENT = timedelta(hours=50)


def check_published(patient: Patient) -> Iterator[Finding]:
    """The symlink leads to two whole files with no log beside them, and every table has its rows."""
    workspace = patient.workspace
    if not workspace.published.is_symlink():
        yield warn("published", "nothing is published yet", "Run a night: touchline run")
        return
    try:
        generation = current_generation(workspace)
    except TouchlineError as error:
        yield fail(
            "published",
            error.what,
            f"Point readers at a whole one ({_whole(workspace.generations)}): touchline rollback",
        )
        return
    assert generation is not None
    logs = [path.name for path in generation.folder.glob("*.wal")]
    if logs:
        yield fail(
            "published",
            f"{', '.join(logs)} lies beside the database: readers cannot open it",
            f"Something opened it for writing. End that process, delete the log in {generation.folder}, then: touchline run --full-refresh",
        )
        return
    yield _compare_counts(generation.crm, generation.number)
    yield from _check_newest(workspace.generations, generation.number)


def _whole(generations: Path) -> str:
    return ", ".join(sorted(folder.name for folder in generations.iterdir() if is_whole(folder))) or "none is there"


def _compare_counts(crm: Path, number: int) -> Finding:
    from sql.warehouse import open_published

    remedy = "Point readers at an earlier generation (touchline rollback), or build anew: touchline run --full-refresh"
    try:
        connection = open_published(crm)
    except Exception as error:
        return fail("published", f"{crm} cannot be opened: {str(error).splitlines()[0]}", remedy)
    try:
        generation, counts = connection.execute("select generation, row_counts from ops.publication").fetchone() or (
            None,
            "{}",
        )
        expected: dict[str, int] = json.loads(counts)
        union = " union all ".join(f"select '{table}', count(*) from {table}" for table in expected)
        found = dict(connection.execute(union).fetchall()) if expected else {}
    except Exception as error:
        return fail("published", f"{crm} cannot be read: {str(error).splitlines()[0]}", remedy)
    finally:
        connection.close()
    wrong = [table for table, rows in expected.items() if found.get(table) != rows]
    if wrong or generation != number:
        return fail(
            "published", f"generation {number} is not what was published: {', '.join(wrong) or 'its number'}", remedy
        )
    writable = " (it can be written: chmod 444)" if os.access(crm, os.W_OK) and crm.stat().st_mode & 0o222 else ""
    return fine(
        "published", f"generation {number}: {len(expected):,} tables, {sum(expected.values()):,} rows, whole{writable}"
    )


def _check_newest(generations: Path, number: int) -> Iterator[Finding]:
    newest = max((int(folder.name) for folder in generations.iterdir() if folder.name.isdigit()), default=number)
    if newest > number:
        yield warn(
            "published",
            f"readers are on generation {number}, and {newest} is there: it was rolled back",
            f"The next night builds on {number}. To go forward again: touchline rollback {newest}",
        )


def check_nights(patient: Patient, standing: Standing) -> Iterator[Finding]:
    """The last night, and how long ago one ended well."""
    last = standing.last_night
    if last is not None and last.exit_code:
        kept = f"; its build is kept in {standing.failed_folder}" if standing.failed_folder else ""
        checks = "".join(f"; {check['table_name']}: {check['check_name']}" for check in last.failed_checks)
        yield fail(
            "last night",
            f"{last.status}, readers stay on the last good one{kept}{checks or '; ' + (last.error or '').splitlines()[0]}",
            "touchline status shows more. Mend the cause, then: touchline run",
        )
    good = next((night for night in standing.nights if night.exit_code == 0), None)
    if good is None:
        return
    since = patient.now - good.started_at
    if since > _SILENT:
        yield warn(
            "nights",
            f"the last good night was {ago(since)}",
            "See that the schedule runs: cron, systemd or touchline dev.",
        )
    elif not (last and last.exit_code):
        yield fine("nights", f"the last good night was {ago(since)}: {good.status.replace('_', ' ')}")
