"""The build of a night: rows loaded, tables made, sums asked; then, once it was judged, its books closed.

Everything here happens aside, in `var/building`; what is published, and when, is `run`'s.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from data_quality.expected import Suite
from data_quality.reconcile import reconcile_all
from models.settings import Settings
from pipelines.alerting.tonight import judge_tonight, summary
from pipelines.night.audit import expectations_of
from pipelines.night.engine import engine_of
from pipelines.night.erasing.forget import registry_of
from pipelines.night.fetch import write_cursors
from pipelines.night.generation import Generation
from pipelines.night.identity import workspace_key
from pipelines.night.inputs import write_inputs
from pipelines.night.kept_rows import carry_identities
from pipelines.night.ledger import accepted_loads, deferred_summary, repeated_summary, write_load
from pipelines.night.load import Loader
from pipelines.night.merges import quarantine_merge_cycles
from pipelines.night.night_budget import judge_night
from pipelines.night.orders import mark_dismissed, write_orders
from pipelines.night.outcome import NightOutcome
from pipelines.night.plan import NightRequest, Plan, load_id_of, loads_of
from pipelines.night.publication import write_publication
from pipelines.night.restatements import restate_past
from pipelines.night.retention import expire_rejected
from pipelines.night.steps import Steps
from pipelines.night.tables import build_tables, carry_ledger
from pipelines.night.workspace import Workspace
from pipelines.sources.reading.formats import COMPRESSIONS
from sql.checks import CheckResult
from sql.dictionary import write_comments
from sql.ledger import create_ledger
from sql.side_by_side import another
from sql.warehouse import Warehouse

STAGED_IN_MEMORY_BYTES = 1 << 30
"""Of text: its rows take about twice as much."""
_PACKED = (*COMPRESSIONS, ".parquet", ".xlsx")
_UNPACKED_FACTOR = 8


@dataclass(frozen=True)
class Night:
    """What the steps of one night share."""

    request: NightRequest
    settings: Settings
    plan: Plan
    steps: Steps


@dataclass(frozen=True)
class Built:
    """What a build did; `suites` are still to be asked of it, once its databases are closed. `rows_expired` are rejected
    rows that were kept long enough."""

    outcome: NightOutcome
    checks: list[CheckResult]
    suites: tuple[Suite, ...]
    rows_expired: int = 0


def build_generation(night: Night, build: Generation) -> Built:
    """Fills the build's databases and closes them again. What a blocking check stopped is in `checks`, not raised."""
    engine, plan, workspace = night.settings.engine, night.plan, night.request.workspace
    with Warehouse(
        crm=build.crm,
        staging=_staging_file(workspace, plan),
        private=build.private,
        previous=plan.previous.crm if plan.previous else None,
        memory_limit=engine.memory_limit,
        threads=engine.threads,
        spill=workspace.building / "spill",
    ) as warehouse:
        connection = warehouse.connection
        create_ledger(connection)
        loader, orders = _load(night, build, connection)
        checks, is_whole = _build_tables(night, build, loader)
        alerts = _judge_alerts(night, connection, loader) if is_whole else {}
        suites: tuple[Suite, ...] = ()
        if is_whole and night.settings.quality.expectations:
            with night.steps.step("history"):
                suites = expectations_of(connection, night.settings, plan.catalogue)
        expired = (
            0 if night.request.is_partial else expire_rejected(connection, night.settings, night.request.started_at)
        )
    return Built(replace(_outcome(night, build, loader, orders), alerts=alerts), checks, suites, expired)


def close_books(night: Night, build: Generation, built: Built) -> NightOutcome:
    """Writes what the audit found and what this generation is, after which the build stays closed."""
    engine = night.settings.engine
    with (
        night.steps.step("publication"),
        Warehouse(crm=build.crm, memory_limit=engine.memory_limit, threads=engine.threads) as warehouse,
    ):
        tables = write_publication(warehouse.connection, night.request, build, night.plan, built.checks, night.steps)
    expectations: dict[str, dict[str, str]] = {}
    for check in built.checks:
        if check.kind == "expectation":
            expectations.setdefault(check.table, {})[check.check_name] = check.sample or "holds"
    failed = tuple(_check_json(check) for check in built.checks if not check.passed)
    return replace(built.outcome, tables=tables, failed_checks=failed, expectations=expectations)


def _staging_file(workspace: Workspace, plan: Plan) -> Path | None:
    """Staged rows stay in memory unless tonight is large: writing them to disk costs as much as reading them."""
    files = [(file.sha256, file.name) for file in plan.inbox.new]
    files += [(load.sha256, load.file_name) for load in accepted_loads(plan.known)] if plan.is_full else []
    size = sum(_size_as_text(workspace.landed / sha256, name) for sha256, name in files)
    return workspace.building / "staging.duckdb" if size > STAGED_IN_MEMORY_BYTES else None


def _size_as_text(path: Path, name: str) -> int:
    """Bytes of a landed file, about; 0 when its kept rows stand for it."""
    factor = _UNPACKED_FACTOR if name.lower().endswith(_PACKED) else 1
    return path.stat().st_size * factor if path.exists() else 0


def _load(
    night: Night, build: Generation, connection: duckdb.DuckDBPyConnection
) -> tuple[Loader, tuple[dict[str, object], ...]]:
    """Tonight's rows into core.latest_*, and what people ordered; the rows of ops.operator_order that it added."""
    request, plan = night.request, night.plan
    registry = registry_of(request.workspace)
    loader = Loader(
        connection,
        night.settings,
        request.workspace.landed,
        request.workspace.building,
        request.started_at,
        request.as_of,
        rebuilding=plan.is_full,
        is_first=plan.previous is None,
        dismissed=plan.orders.dismissed,
        forgotten=registry.forgotten_since() if registry is not None else {},
        erases=plan.orders.erases,
    )
    loader.prepare(workspace_key(request.workspace.secret_key, os.environ))
    if plan.is_full and plan.previous is not None:
        carry_ledger(connection, plan.previous)
    if not plan.is_full:
        loader.remember_loads({load.load_number or 0: load.load_id for load in accepted_loads(plan.known)})
    loads, number = loads_of(night.settings, request.workspace.home, plan, build)
    with night.steps.step("load") as rows:
        rows.append(loader.load(loads, night.steps.progress.advance))
    if plan.is_full and plan.previous is not None:
        carry_identities(connection, plan.previous, loader.kept())
    _note_unread(loader, plan, build, number)
    with night.steps.step("merges"):
        quarantine_merge_cycles(loader)
    loader.drop_staged()
    write_cursors(connection, plan.fetched.cursors)
    if not request.is_partial:
        mark_dismissed(connection, plan.orders.dismissed)
    return loader, write_orders(connection, plan.orders.pending, build.number)


def _note_unread(loader: Loader, plan: Plan, build: Generation, used: int) -> None:
    """Known bytes under a new name, and files that could not be taken, are named in ops.load too."""
    waiting = [(file, repeated_summary(file, "", same_as)) for file, same_as in plan.inbox.repeated]
    waiting += [(file, deferred_summary(file, "")) for file in plan.inbox.deferred]
    for place, (file, nameless) in enumerate(waiting, start=used + 1):
        summary = replace(nameless, load_id=load_id_of(build, place))
        loader.summaries.append(summary)
        write_load(loader.connection, summary, file, None, None, loader.now, loader.as_of)


def _build_tables(night: Night, build: Generation, loader: Loader) -> tuple[list[CheckResult], bool]:
    """Every table with its checks, what moved of the past, and what must add up; False when a table was stopped."""
    connection, request, steps = loader.connection, night.request, night.steps
    with steps.step("inputs"):
        write_inputs(connection, night.settings, request.as_of)
    with steps.step("tables"), engine_of(request, night.settings, night.plan, loader.notes) as engine:
        built = build_tables(
            connection, night.plan.catalogue, night.plan.is_full, request.only, request.window, steps.progress.advance,
            engine,
        )  # fmt: skip
    checks = [check for result in built for check in result.checks]
    if not all(result.committed for result in built):
        return checks, False
    with steps.step("restatements") as rows:
        moved, told = restate_past(connection, night.plan, build.number)
        rows.append(moved)
        loader.notes += [*told, *_without_roster(connection)]
    with steps.step("reconcile"), ThreadPoolExecutor(1) as aside, another(connection) as beside:
        commented = aside.submit(write_comments, beside, night.plan.catalogue.specs().values())
        checks += reconcile_all(connection, tonight=not night.plan.is_full)
        commented.result()
    checks.append(judge_night(night.settings, loader.summaries, loader.rejected))
    return checks, True


def _without_roster(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The first thing that a new user of a CRM's data has to know."""
    (reps, activities) = connection.execute(
        "select (select count(*) from core.latest_reps), (select count(*) from core.latest_activities)"
    ).fetchone() or (0, 0)
    if reps or not activities:
        return []
    return [
        f"There is no roster, so all {activities:,} activities are credited to nobody. Put reps.csv (rep_id, full_name,"
        " rep_type, hire_date, and email to find the CRM's users) into a source's folder; docs/sources.md says how."
    ]


def _judge_alerts(night: Night, connection: duckdb.DuckDBPyConnection, loader: Loader) -> dict[str, dict[str, object]]:
    request = night.request
    with night.steps.step("alerts") as rows:
        judged = judge_tonight(connection, request.workspace, night.settings, request.as_of)
        rows.append(len(judged.transitions))
        alerts = summary(connection, judged)
    refused = [(rule, said["reason"]) for rule, said in alerts.items() if said["status"] == "refused"]
    loader.notes += [
        f"The alert rule {rule} could not be judged: {reason}. The others were." for rule, reason in refused
    ]
    return alerts


def _outcome(night: Night, build: Generation, loader: Loader, orders: tuple[dict[str, object], ...]) -> NightOutcome:
    new = {load.load_id for load in loader.summaries}
    rejected = Counter(f"{row.field or 'record'}: {row.rule}" for row in loader.rejected if row.load_id in new)
    return NightOutcome(
        "published",
        night.request.as_of,
        night.request.run_id,
        build.number,
        loads=(*loader.summaries, *night.plan.inbox.standing),
        quarantine=dict(rejected),
        notes=tuple(loader.notes),
        orders=orders,
    )


def _check_json(check: CheckResult) -> dict[str, object]:
    return {
        "table_name": check.table, "check_name": check.check_name, "kind": check.kind, "severity": str(check.severity),
        "passed": check.passed, "failing_rows": check.failing_rows, "sample": check.sample,
    }  # fmt: skip
