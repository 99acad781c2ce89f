"""One night, from landing to publication: generation n × new inputs × as_of → generation n+1.

Plain Python: `touchline run`, Dagster and the tests all call `run_night`. Nothing here asks what time it is.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from data_quality.expected import Suite
from data_quality.reconcile import reconcile_all
from models.errors import BlockedError, TouchlineError
from models.personal import masked
from models.settings import Settings
from models.tables import Severity
from pipelines.night.audit import auditor, expectations_of
from pipelines.night.generation import (
    Generation,
    begin_build,
    current_generation,
    keep_failed,
    one_night_at_a_time,
    publish,
)
from pipelines.night.history import record_night
from pipelines.night.identity import workspace_key
from pipelines.night.inputs import write_inputs
from pipelines.night.landing import land_sources
from pipelines.night.ledger import accepted_loads, deferred_summary, repeated_summary, write_load
from pipelines.night.leftovers import find_leftovers, notes_on_leftovers, remove_leftovers
from pipelines.night.load import Load, Loader
from pipelines.night.merges import quarantine_merge_cycles
from pipelines.night.orders import mark_dismissed, write_orders
from pipelines.night.outcome import NightOutcome
from pipelines.night.plan import (
    NightRequest,
    Plan,
    is_nothing_new,
    load_id_of,
    loads_of,
    make_plan,
    notes_of,
    shipped_catalogue,
    standing_loads,
)
from pipelines.night.publication import read_publication, seal_databases, write_publication
from pipelines.night.restatements import restate_past
from pipelines.night.steps import Progress, Quiet, Steps
from pipelines.night.storage import storage_error
from pipelines.night.tables import build_tables, carry_ledger
from pipelines.night.workspace import Workspace
from sql.checks import CheckResult
from sql.ledger import create_ledger
from sql.warehouse import Warehouse

STAGED_IN_MEMORY_BYTES = 256 << 20
__all__ = ["NightRequest", "Progress", "find_nothing_new", "run_night", "shipped_catalogue"]


def run_night(request: NightRequest, settings: Settings, progress: Progress | None = None) -> NightOutcome:
    """Runs one night and publishes it.

    Raises BusyError when another night holds the workspace, BlockedError when a blocking check failed (the build is
    kept in var/failed), TouchlineError when something else must be mended. Whatever happens, the last good
    generation stays published and var/last_night.json says what happened.
    """
    steps = Steps(progress or Quiet())
    begun = time.perf_counter()
    workspace = request.workspace
    with one_night_at_a_time(workspace):
        removed = remove_leftovers(workspace)
        with _failures_recorded(request, steps, begun):
            outcome = _night(request, settings, steps)
        notes = (*notes_on_leftovers(removed), *outcome.notes)
        outcome = replace(outcome, notes=notes, seconds=_since(begun), steps=steps.seconds())
        record_night(workspace, outcome, request.started_at)
        return outcome


def find_nothing_new(
    request: NightRequest, settings: Settings, progress: Progress | None = None
) -> NightOutcome | None:
    """The outcome of a night that has nothing to build; None when `run_night` has something to do.

    Cheap: the command line asks it before it imports an orchestrator. Raises BusyError like `run_night`.
    """
    steps = Steps(progress or Quiet())
    begun = time.perf_counter()
    with one_night_at_a_time(request.workspace):
        if find_leftovers(request.workspace):
            return None
        with _failures_recorded(request, steps, begun):
            plan = _land_and_plan(request, settings, steps)
            if not is_nothing_new(request, settings, plan):
                return None
            outcome = replace(_nothing_new(request, settings, plan), seconds=_since(begun))
        record_night(request.workspace, outcome, request.started_at)
        return outcome


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 3)


@contextmanager
def _failures_recorded(request: NightRequest, steps: Steps, begun: float) -> Iterator[None]:
    """However the night ends, nothing half done is left; a failure is recorded, faults of the disk told as such."""
    try:
        yield
    except Exception as error:
        remove_leftovers(request.workspace)  # first: on a full disk it makes room for the record
        fault = storage_error(error, "The night cannot be written", request.workspace.var) or error
        with suppress(OSError):  # what happened must not be hidden by a record that cannot be written
            _record_failure(request, fault, steps, begun)
        if fault is error:
            raise
        raise fault from error
    finally:
        remove_leftovers(request.workspace)


def _record_failure(request: NightRequest, error: Exception, steps: Steps, begun: float) -> None:
    blocked = error.outcome if isinstance(error, _Blocked) else None
    outcome = blocked or NightOutcome("failed", request.as_of, request.run_id)
    code = error.exit_code if isinstance(error, TouchlineError) else 1
    outcome = replace(outcome, error=_told(error), exit_code=code, steps=steps.seconds(), seconds=_since(begun))
    record_night(request.workspace, outcome, request.started_at)


def _told(error: Exception) -> str:
    """The error's text; one that is not ours may quote a cell, so addresses in it are masked."""
    return str(error) if isinstance(error, TouchlineError) else masked(str(error))


class _Blocked(BlockedError):
    """A BlockedError that carries what the night did."""

    def __init__(self, what: str, remedy: str, outcome: NightOutcome) -> None:
        super().__init__(what, remedy)
        self.outcome = outcome


def _night(request: NightRequest, settings: Settings, steps: Steps) -> NightOutcome:
    workspace = request.workspace
    request = _at_the_published_instant(request)
    plan = _land_and_plan(request, settings, steps)
    if is_nothing_new(request, settings, plan):
        return _nothing_new(request, settings, plan)
    notes = notes_of(request, settings, plan)
    with auditor(settings) as judges:
        with steps.step("copy"):
            build = begin_build(workspace, None if plan.is_full else plan.previous)
        with _warehouse(settings, build, plan, workspace) as warehouse:
            built = _build(request, settings, plan, build, warehouse, steps, notes)
        checks = built.checks
        if judges is not None and built.suites:
            with steps.step("expectations"):
                checks += judges.judge(build, built.suites)
    outcome = _close_books(request, settings, plan, build, steps, replace(built, checks=checks))
    if any(check["severity"] == Severity.BLOCK and not check["passed"] for check in outcome.failed_checks):
        _block(request, build, outcome)
    if request.dry_run:
        return replace(outcome, status="dry_run", generation=None)
    with steps.step("publish"):
        seal_databases(build)
        publish(workspace, build, settings.engine.keep_generations, plan.previous)
    return outcome


def _at_the_published_instant(request: NightRequest) -> NightRequest:
    """A partial build keeps the published as_of: tables of two instants must not stand side by side."""
    published = current_generation(request.workspace) if request.is_partial else None
    if published is None:
        return request
    as_of = read_publication(published)[0]["as_of"]
    assert isinstance(as_of, datetime)
    return replace(request, as_of=as_of)


def _land_and_plan(request: NightRequest, settings: Settings, steps: Steps) -> Plan:
    with steps.step("land") as rows, ThreadPoolExecutor(1) as aside:
        aside.submit(shipped_catalogue)  # it is parsed while files are read and hashed
        landed = land_sources(request.workspace, settings, steps.progress.advance)
        rows.append(len(landed))
    with steps.step("plan"):
        return make_plan(request, settings, landed)


def _nothing_new(request: NightRequest, settings: Settings, plan: Plan) -> NightOutcome:
    number = plan.previous.number if plan.previous else None
    notes = tuple(notes_of(request, settings, plan))
    return NightOutcome("nothing_new", request.as_of, request.run_id, number, loads=standing_loads(plan), notes=notes)


def _block(request: NightRequest, build: Generation, outcome: NightOutcome) -> None:
    failed = [check for check in outcome.failed_checks if check["severity"] == Severity.BLOCK]
    if not request.dry_run:
        keep_failed(request.workspace, build)
    lines = "\n".join(f"  {_failed_line(check)}" for check in failed)
    raise _Blocked(
        f"{len(failed)} blocking checks failed, nothing was published:\n{lines}",
        f"The last good night stays published. Look at the build in {request.workspace.failed}, mend the cause, run again.",
        replace(outcome, status="blocked", generation=None),
    )


def _failed_line(check: dict[str, object]) -> str:
    """One failed check: an expectation's own sentence, else the rule and the rows that break it."""
    if check["kind"] == "expectation":
        return str(check["sample"])
    return f"{check['table_name']}: {check['check_name']} ({check['failing_rows']} rows, such as {check['sample']})"


@contextmanager
def _warehouse(settings: Settings, build: Generation, plan: Plan, workspace: Workspace) -> Iterator[Warehouse]:
    warehouse = Warehouse(
        crm=build.crm,
        staging=_staging_file(workspace, plan),
        private=build.private,
        previous=plan.previous.crm if plan.previous else None,
        memory_limit=settings.engine.memory_limit,
        threads=settings.engine.threads,
        spill=workspace.building / "spill",
    )
    with warehouse:
        yield warehouse


def _staging_file(workspace: Workspace, plan: Plan) -> Path | None:
    """Staged rows stay in memory unless tonight is large: writing them to disk and back costs as much as reading them."""
    hashes = [file.sha256 for file in plan.inbox.new]
    hashes += [load.sha256 for load in accepted_loads(plan.known)] if plan.is_full else []
    size = sum((workspace.landed / sha256).stat().st_size for sha256 in hashes)
    return workspace.building / "staging.duckdb" if size > STAGED_IN_MEMORY_BYTES else None


@dataclass(frozen=True)
class _Built:
    """What a build did; `suites` are still to be asked of it, once its databases are closed."""

    outcome: NightOutcome
    checks: list[CheckResult]
    suites: tuple[Suite, ...]


def _build(
    request: NightRequest,
    settings: Settings,
    plan: Plan,
    build: Generation,
    warehouse: Warehouse,
    steps: Steps,
    notes: list[str],
) -> _Built:
    connection = warehouse.connection
    create_ledger(connection)
    loader = Loader(
        connection,
        settings,
        request.workspace.landed,
        request.workspace.building,
        request.started_at,
        request.as_of,
        plan.is_full,
        plan.previous is None,
        plan.orders.dismissed,
    )
    loader.prepare(workspace_key(request.workspace.secret_key, os.environ))
    if plan.is_full and plan.previous is not None:
        carry_ledger(connection, plan.previous)
    loads, number = loads_of(settings, plan, build)
    loader.remember_loads(
        {load.load_number or 0: load.load_id for load in accepted_loads(plan.known)} if not plan.is_full else {}
    )
    with steps.step("load") as rows:
        rows.append(loader.load(loads, steps.progress.advance))
    _note_unread(loader, plan, build, number)
    with steps.step("merges"):
        quarantine_merge_cycles(loader)
    if not request.is_partial:
        mark_dismissed(connection, plan.orders.dismissed)
    orders = write_orders(connection, plan.orders.pending, build.number)
    with steps.step("inputs"):
        write_inputs(connection, settings, request.as_of)
    with steps.step("tables"):
        built = build_tables(
            connection, plan.catalogue, plan.is_full, request.only, request.window, steps.progress.advance
        )
    if all(result.committed for result in built):
        with steps.step("restatements") as rows:
            moved, told = restate_past(connection, plan, build.number)
            rows.append(moved)
            loader.notes += told
    with steps.step("reconcile"):
        checks = [check for result in built for check in result.checks]
        is_whole = all(result.committed for result in built)
        if is_whole:
            checks += reconcile_all(connection)
    suites: tuple[Suite, ...] = ()
    if is_whole and settings.quality.expectations:
        with steps.step("history"):
            suites = expectations_of(connection, settings, plan.catalogue)
    outcome = NightOutcome(
        "published",
        request.as_of,
        request.run_id,
        build.number,
        loads=(*loader.summaries, *plan.inbox.standing),
        quarantine=dict(
            Counter(f"{row.field or 'record'}: {row.rule}" for row in loader.rejected if _is_new(row.load_id, loads))
        ),
        notes=(*notes, *loader.notes),
        orders=orders,
    )
    return _Built(outcome, checks, suites)


def _close_books(
    request: NightRequest, settings: Settings, plan: Plan, build: Generation, steps: Steps, built: _Built
) -> NightOutcome:
    """Writes what the audit found and what this generation is, after which the build stays closed."""
    engine = settings.engine
    with (
        steps.step("publication"),
        Warehouse(crm=build.crm, memory_limit=engine.memory_limit, threads=engine.threads) as warehouse,
    ):
        tables = write_publication(warehouse.connection, request, build, plan, built.checks, steps)
    expectations: dict[str, dict[str, str]] = {}
    for check in built.checks:
        if check.kind == "expectation":
            expectations.setdefault(check.table, {})[check.check_name] = check.sample or "holds"
    failed = tuple(_check_json(check) for check in built.checks if not check.passed)
    return replace(built.outcome, tables=tables, failed_checks=failed, expectations=expectations)


def _is_new(load_id: str, loads: list[Load]) -> bool:
    return any(load.load_id == load_id and load.is_new for load in loads)


def _check_json(check: CheckResult) -> dict[str, object]:
    return {
        "table_name": check.table, "check_name": check.check_name, "kind": check.kind, "severity": str(check.severity),
        "passed": check.passed, "failing_rows": check.failing_rows, "sample": check.sample,
    }  # fmt: skip


def _note_unread(loader: Loader, plan: Plan, build: Generation, used: int) -> None:
    """Known bytes under a new name, and files that could not be taken, are named in ops.load too."""
    waiting = [(file, repeated_summary(file, "", same_as)) for file, same_as in plan.inbox.repeated]
    waiting += [(file, deferred_summary(file, "")) for file in plan.inbox.deferred]
    for place, (file, nameless) in enumerate(waiting, start=used + 1):
        summary = replace(nameless, load_id=load_id_of(build, place))
        loader.summaries.append(summary)
        write_load(loader.connection, summary, file, None, None, loader.now, loader.as_of)
