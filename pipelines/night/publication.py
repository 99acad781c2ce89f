"""The last step of a build: what this generation is, what its checks said, and two closed, whole files; and reading that again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from models.errors import TouchlineError
from models.settings import KINDS_TELLING_DELETES
from pipelines.night.fingerprint import time_zone_rules, version_of
from pipelines.night.generation import Generation
from pipelines.night.ledger import KnownLoad, read_ledger
from pipelines.night.steps import Steps
from sql.checks import CheckResult
from sql.quoting import literal
from sql.warehouse import open_published

if TYPE_CHECKING:
    from pipelines.night.plan import NightRequest, Plan


def read_publication(generation: Generation) -> tuple[dict[str, object], tuple[KnownLoad, ...]]:
    """ops.publication and the ledger of a published generation."""
    with open_published(generation.crm) as connection:
        cursor = connection.execute("select * from ops.publication")
        names = [column[0] for column in cursor.description or []]
        row = cursor.fetchone()
        if row is None:
            raise TouchlineError(
                f"{generation.crm} holds no ops.publication", "Point var/published at an earlier generation."
            )
        return dict(zip(names, row, strict=True)), tuple(read_ledger(connection))


def erased_in(published: Generation) -> dict[str, int]:
    """The orders to forget that a generation holds, and the generation that carried each out."""
    with open_published(published.crm) as connection:
        try:
            found = connection.execute(
                "select order_id, generation from ops.operator_order where kind = 'forget'"
            ).fetchall()
        except duckdb.CatalogException:
            return {}
    return dict(found)


def has_happened(published: Generation, since: datetime, until: datetime) -> bool:
    """Whether something that was delivered lies between two instants: an activity, a meeting's end, a deal's or a lead's
    creation, a close, a change of stage."""
    if until <= since:
        return False
    ended = "coalesce(ended_at, occurred_at + to_seconds(coalesce(duration_seconds, 0)))"
    instants = {
        "activities": ("occurred_at", f"case when channel = 'meeting' then {ended} end"),
        "leads": ("created_at",),
        "opportunities": ("created_at", "closed_at"),
        "stage_changes": ("changed_at",),
    }
    asked = " or ".join(
        f"exists (from core.latest_{entity} where {' or '.join(f'{at} > $since and {at} <= $until' for at in columns)})"
        for entity, columns in instants.items()
    )
    with open_published(published.crm) as connection:
        (found,) = connection.execute(f"select {asked}", {"since": since, "until": until}).fetchone() or (False,)
    return bool(found)


def write_publication(
    connection: duckdb.DuckDBPyConnection,
    request: NightRequest,
    build: Generation,
    plan: Plan,
    checks: Sequence[CheckResult],
    steps: Steps,
) -> dict[str, int]:
    """Writes ops.check_result, run_step, source and publication; returns rows by table."""
    _write_checks(connection, checks)
    _write_sources(connection)
    done = [(request.run_id, step.name, step.rows, step.seconds, step.peak_mb) for step in steps.done]
    _replace_rows(connection, "ops.run_step", done)
    connection.execute("delete from ops.publication")
    counts = _count_rows(connection) | {"ops.publication": 1}
    connection.execute(
        """
        insert into ops.publication by name select ? as generation, ? as built_on, ? as published_at, ? as as_of, ? as run_id, ? as version,
            ? as git_revision, ? as tzdata_version, ? as fingerprint, ? as alerts_fingerprint,
            ? as row_counts
        """,
        [
            build.number, plan.previous.number if plan.previous else None, request.started_at, request.as_of, request.run_id, version_of("touchline"), _git_revision(),
            time_zone_rules(), plan.fingerprint, plan.alerts_fingerprint, json.dumps(counts, sort_keys=True),
        ],
    )  # fmt: skip
    return counts


def _write_checks(connection: duckdb.DuckDBPyConnection, checks: Sequence[CheckResult]) -> None:
    rows = [
        (
            check.table,
            check.check_name,
            check.kind,
            str(check.severity),
            check.passed,
            check.failing_rows,
            check.sample,
            check.seconds,
        )
        for check in checks
    ]
    _replace_rows(connection, "ops.check_result", rows)


def _replace_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """The table with these rows only; parallel unnest, since a statement a row pays for each."""
    connection.execute(f"delete from {table}")
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(f"insert into {table} select {', '.join('unnest(?)' for _ in columns)}", columns)


def _write_sources(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from ops.source")
    connection.execute(
        """
        insert into ops.source by name
        with events as (
            select activity.source,
                max(activity.occurred_at) filter (where activity.occurred_at <= parameter.as_of) as newest_event_at,
                bool_or(coalesce(activity.is_deleted, false)) as has_deletes
            from core.latest_activities as activity cross join core.parameter as parameter
            group by activity.source
        ),
        unsaid as (
            select activity.source, count(*) as meetings
            from core.latest_activities as activity cross join core.parameter as parameter
            left join core.activity_copy as copy on activity.activity_id = copy.activity_id
            where activity.channel = 'meeting' and activity.status is null and activity.occurred_at <= parameter.as_of
                and activity.is_deleted is not true and copy.activity_id is null
            group by activity.source
        ),
        loads as (select source, max(landed_at) as last_load_at from ops.load where status = 'accepted' group by source)
        select source.source, source.kind, events.newest_event_at, loads.last_load_at,
            coalesce(events.has_deletes, false) or list_contains($telling_deletes, source.kind) as deletes_observable,
            case when source.assume_past_meetings_held then coalesce(unsaid.meetings, 0) else 0 end as assumed_meetings,
            case when source.assume_past_meetings_held then 0 else coalesce(unsaid.meetings, 0) end as unconfirmed_meetings
        from core.source as source left join events using (source) left join unsaid using (source) left join loads using (source)
        """,
        {"telling_deletes": list(KINDS_TELLING_DELETES)},
    )


def _count_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = connection.execute(
        """
        select schema_name || '.' || table_name from duckdb_tables()
        where database_name = 'crm' and schema_name in ('core', 'marts', 'quarantine', 'ops') order by 1
        """
    ).fetchall()
    union = " union all ".join(f"select '{table}', count(*) from {table}" for (table,) in tables)
    return dict(connection.execute(union).fetchall())


def seal_databases(build: Generation) -> None:
    """Opens both files once more, read-only: what is published must open, whole, with no log beside it."""
    with duckdb.connect() as connection:
        for path in (build.crm, build.private):
            connection.execute(f"attach {literal(str(path))} as sealed (read_only)")
            (tables,) = connection.execute("select count(*) from duckdb_tables()").fetchone() or (0,)
            connection.execute("detach sealed")
            if not tables:
                raise TouchlineError(f"{path.name} holds no table after the build", "Run the night again.")


@cache
def _git_revision() -> str | None:
    """Of the code that runs: what is checked out meanwhile is not."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
