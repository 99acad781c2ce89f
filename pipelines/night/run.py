"""One night, from landing to publication: generation n × new inputs × as_of → generation n+1.

Plain Python: `touchline run`, Dagster and the tests all call `run_night`. Nothing here asks what time it is.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import sql
from data_quality.reconcile import reconcile_all
from models.errors import BlockedError, TouchlineError
from models.settings import Settings, Source
from models.tables import Severity
from pipelines.night.fingerprint import fingerprint_of
from pipelines.night.generation import (
    Generation,
    begin_build,
    current_generation,
    discard_build,
    keep_failed,
    one_night_at_a_time,
    publish,
)
from pipelines.night.identity import workspace_key
from pipelines.night.inputs import company_day, write_inputs
from pipelines.night.joins import is_join
from pipelines.night.landing import LandedFile, land_sources, unread_files
from pipelines.night.ledger import (
    KnownLoad,
    Sorted,
    accepted_loads,
    deferred_summary,
    mapping_fingerprint,
    repeated_summary,
    sort_inbox,
    write_load,
)
from pipelines.night.load import Load, Loader
from pipelines.night.merges import quarantine_merge_cycles
from pipelines.night.outcome import LoadSummary, NightOutcome, write_outcome
from pipelines.night.publication import read_publication, seal_databases, write_publication
from pipelines.night.steps import Progress, Quiet, Steps
from pipelines.night.tables import build_tables, carry_ledger
from pipelines.night.workspace import Workspace
from sql.catalog import Catalogue, load_catalogue
from sql.checks import CheckResult
from sql.ledger import create_ledger, ledger_tables
from sql.warehouse import Warehouse

STAGED_IN_MEMORY_BYTES = 256 << 20
SQL_FOLDER = Path(sql.__file__).parent
__all__ = ["NightRequest", "Progress", "run_night"]


@cache
def shipped_catalogue() -> Catalogue:
    """The tables that Touchline ships; read once a process."""
    return load_catalogue(SQL_FOLDER, inputs=ledger_tables())


@dataclass(frozen=True)
class NightRequest:
    """What to run. `as_of` and `started_at` are aware instants; `only` are the tables of a partial build."""

    workspace: Workspace
    as_of: datetime
    started_at: datetime
    run_id: str
    full_refresh: bool = False
    dry_run: bool = False
    only: frozenset[str] | None = None


@dataclass(frozen=True)
class Plan:
    """What tonight has to do, decided before anything is built."""

    previous: Generation | None
    catalogue: Catalogue
    fingerprint: str
    known: tuple[KnownLoad, ...]
    inbox: Sorted
    is_full: bool
    why_full: str


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
        discard_build(workspace)
        try:
            outcome = _night(request, settings, steps)
        except TouchlineError as error:
            _record_failure(request, error, steps, begun)
            raise
        except Exception as error:
            _record_failure(request, error, steps, begun)
            raise
        finally:
            discard_build(workspace)
        outcome = replace(outcome, seconds=round(time.perf_counter() - begun, 3), steps=steps.seconds())
        write_outcome(outcome, workspace.last_night)
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
        plan = _land_and_plan(request, settings, steps)
        if not _is_nothing_new(request, settings, plan):
            return None
        outcome = replace(_nothing_new(request, settings, plan), seconds=round(time.perf_counter() - begun, 3))
        write_outcome(outcome, request.workspace.last_night)
        return outcome


def _record_failure(request: NightRequest, error: Exception, steps: Steps, begun: float) -> None:
    blocked = error.outcome if isinstance(error, _Blocked) else None
    outcome = blocked or NightOutcome("failed", request.as_of, request.run_id)
    code = error.exit_code if isinstance(error, TouchlineError) else 1
    outcome = replace(
        outcome, error=str(error), exit_code=code, steps=steps.seconds(), seconds=round(time.perf_counter() - begun, 3)
    )
    write_outcome(outcome, request.workspace.last_night)


class _Blocked(BlockedError):
    """A BlockedError that carries what the night did."""

    def __init__(self, what: str, remedy: str, outcome: NightOutcome) -> None:
        super().__init__(what, remedy)
        self.outcome = outcome


def _night(request: NightRequest, settings: Settings, steps: Steps) -> NightOutcome:
    workspace = request.workspace
    plan = _land_and_plan(request, settings, steps)
    if _is_nothing_new(request, settings, plan):
        return _nothing_new(request, settings, plan)
    notes = _notes(request, settings, plan)
    with steps.step("copy"):
        build = begin_build(workspace, None if plan.is_full else plan.previous)
    with _warehouse(settings, build, plan, workspace) as warehouse:
        outcome = _build(request, settings, plan, build, warehouse, steps, notes)
    if any(check["severity"] == Severity.BLOCK and not check["passed"] for check in outcome.failed_checks):
        _block(request, build, outcome)
    if request.dry_run:
        return replace(outcome, status="dry_run", generation=None)
    with steps.step("publish"):
        seal_databases(build)
        publish(workspace, build, settings.engine.keep_generations)
    return outcome


def _land_and_plan(request: NightRequest, settings: Settings, steps: Steps) -> Plan:
    with steps.step("land") as rows:
        landed = land_sources(request.workspace, settings, steps.progress.advance)
        rows.append(len(landed))
    with steps.step("plan"):
        return _plan(request, settings, landed)


def _nothing_new(request: NightRequest, settings: Settings, plan: Plan) -> NightOutcome:
    number = plan.previous.number if plan.previous else None
    notes = tuple(_notes(request, settings, plan))
    return NightOutcome("nothing_new", request.as_of, request.run_id, number, loads=_standing(plan), notes=notes)


def _block(request: NightRequest, build: Generation, outcome: NightOutcome) -> None:
    failed = [check for check in outcome.failed_checks if check["severity"] == Severity.BLOCK]
    if not request.dry_run:
        keep_failed(request.workspace, build)
    lines = "\n".join(
        f"  {check['table_name']}: {check['check_name']} ({check['failing_rows']} rows, such as {check['sample']})"
        for check in failed
    )
    raise _Blocked(
        f"{len(failed)} blocking checks failed, nothing was published:\n{lines}",
        f"The last good night stays published. Look at the build in {request.workspace.failed}, mend the cause, run again.",
        replace(outcome, status="blocked", generation=None),
    )


@contextmanager
def _warehouse(settings: Settings, build: Generation, plan: Plan, workspace: Workspace) -> Iterator[Warehouse]:
    warehouse = Warehouse(
        crm=build.crm,
        staging=_staging_file(workspace, plan),
        private=build.private,
        previous=plan.previous.crm if plan.previous else None,
        memory_limit=settings.engine.memory_limit,
        threads=settings.engine.threads,
    )
    with warehouse:
        yield warehouse


def _staging_file(workspace: Workspace, plan: Plan) -> Path | None:
    """Staged rows stay in memory unless tonight is large: writing them to disk and back costs as much as reading them."""
    hashes = [file.sha256 for file in plan.inbox.new]
    hashes += [load.sha256 for load in accepted_loads(plan.known)] if plan.is_full else []
    size = sum((workspace.landed / sha256).stat().st_size for sha256 in hashes)
    return workspace.building / "staging.duckdb" if size > STAGED_IN_MEMORY_BYTES else None


def _plan(request: NightRequest, settings: Settings, landed: list[LandedFile]) -> Plan:
    catalogue = shipped_catalogue()
    fingerprint = fingerprint_of(settings, catalogue)
    previous = current_generation(request.workspace)
    known: tuple[KnownLoad, ...] = ()
    published: dict[str, object] | None = None
    if previous is not None:
        published, known = read_publication(previous)
    sources = {(source.name, entity): source for source in settings.sources for entity in _entities(source, landed)}
    fingerprints = {key: mapping_fingerprint(settings, source) for key, source in sources.items()}
    inbox = sort_inbox(landed, known, fingerprints)
    why = _why_full(request, previous, published, fingerprint, inbox, known)
    return Plan(previous, catalogue, fingerprint, tuple(known), inbox, bool(why), why)


def _entities(source: Source, landed: list[LandedFile]) -> set[str]:
    if source.kind == "canonical":
        return {file.entity for file in landed if file.source == source.name}
    joins = {f"join:{source.entity}:{name}" for name in source.joins}
    return {str(source.entity), *joins}


def _why_full(
    request: NightRequest,
    previous: Generation | None,
    published: dict[str, object] | None,
    fingerprint: str,
    inbox: Sorted,
    known: tuple[KnownLoad, ...],
) -> str:
    """Why everything must be rebuilt; blank when tonight can build on the last generation."""
    if previous is None or published is None:
        return "it is the first night"
    if request.full_refresh:
        return "a full refresh was asked for"
    if published["fingerprint"] != fingerprint:
        return "settings, contracts, SQL or time zone rules changed"
    if request.as_of < _as_instant(published["as_of"]):
        return "as_of lies before that of the last generation"
    joined = {(load.source, load.entity.split(":")[1]) for load in known if is_join(load.entity)}
    joined |= {(file.source, file.entity.split(":")[1]) for file in inbox.new if is_join(file.entity)}
    if any(is_join(file.entity) or (file.source, file.entity) in joined for file in inbox.new):
        return "a side of a join changed"
    return ""


def _as_instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


def _is_nothing_new(request: NightRequest, settings: Settings, plan: Plan) -> bool:
    if plan.previous is None or plan.is_full or plan.inbox.new or request.only:
        return False
    published, _ = read_publication(plan.previous)
    zone = settings.company.timezone
    return company_day(_as_instant(published["as_of"]), zone) == company_day(request.as_of, zone)


def _notes(request: NightRequest, settings: Settings, plan: Plan) -> list[str]:
    notes = [] if not plan.is_full or plan.previous is None else [f"Everything is rebuilt: {plan.why_full}."]
    for source in settings.sources:
        for path in unread_files(request.workspace.home, source):
            notes.append(
                f"{source.name}: {path.name} is not read; canonical files are called <entity>*.csv, .jsonl, .parquet, .xlsx …"
            )
    names = {source.name for source in settings.sources}
    for gone in sorted({load.source for load in plan.known} - names):
        notes.append(f"{gone} is no longer among the sources: its rows are left out; name it again to bring them back.")
    return notes


def _standing(plan: Plan) -> tuple[LoadSummary, ...]:
    repeated = tuple(repeated_summary(file, "", same_as) for file, same_as in plan.inbox.repeated)
    deferred = tuple(deferred_summary(file, "") for file in plan.inbox.deferred)
    return (*plan.inbox.standing, *repeated, *deferred)


def _build(
    request: NightRequest,
    settings: Settings,
    plan: Plan,
    build: Generation,
    warehouse: Warehouse,
    steps: Steps,
    notes: list[str],
) -> NightOutcome:
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
    )
    loader.prepare(workspace_key(request.workspace.secret_key, os.environ))
    if plan.is_full and plan.previous is not None:
        carry_ledger(connection, plan.previous)
    loads, number = _loads(settings, plan, build)
    loader.remember_loads(
        {load.load_number or 0: load.load_id for load in accepted_loads(plan.known)} if not plan.is_full else {}
    )
    with steps.step("load") as rows:
        rows.append(loader.load(loads, steps.progress.advance))
    _note_unread(loader, plan, build, number)
    with steps.step("merges"):
        quarantine_merge_cycles(loader)
    with steps.step("inputs"):
        write_inputs(connection, settings, request.as_of)
    with steps.step("tables"):
        built = build_tables(connection, plan.catalogue, plan.is_full, request.only, steps.progress.advance)
    with steps.step("reconcile"):
        checks = [*(check for result in built for check in result.checks), *reconcile_all(connection)]
    with steps.step("publication"):
        tables = write_publication(connection, request, build, plan.fingerprint, checks, steps, plan.catalogue)
    return NightOutcome(
        "published",
        request.as_of,
        request.run_id,
        build.number,
        loads=(*loader.summaries, *plan.inbox.standing),
        tables=tables,
        failed_checks=tuple(map(_check_json, (check for check in checks if not check.passed))),
        quarantine=dict(
            Counter(f"{row.field or 'record'}: {row.rule}" for row in loader.rejected if _is_new(row.load_id, loads))
        ),
        notes=(*notes, *loader.notes),
    )


def _is_new(load_id: str, loads: list[Load]) -> bool:
    return any(load.load_id == load_id and load.is_new for load in loads)


def _check_json(check: CheckResult) -> dict[str, object]:
    return {
        "table_name": check.table, "check_name": check.check_name, "kind": check.kind, "severity": str(check.severity),
        "passed": check.passed, "failing_rows": check.failing_rows, "sample": check.sample,
    }  # fmt: skip


def _loads(settings: Settings, plan: Plan, build: Generation) -> tuple[list[Load], int]:
    """The loads to read tonight, and how many ids of this generation they use up."""
    by_entity = {(source.name, source.entity): source for source in settings.sources}
    old = accepted_loads(plan.known)
    loads = []
    for known in old if plan.is_full else []:
        source = _source_of(by_entity, known.source, known.entity)
        if source is not None:
            file = LandedFile(known.source, known.entity, known.file_name, known.sha256, 0)
            loads.append(Load(file, source, known.load_id, known.load_number or 0, False, ""))
    last = max((load.load_number or 0 for load in old), default=0)
    for place, file in enumerate(plan.inbox.new, start=1):
        source = _source_of(by_entity, file.source, file.entity)
        assert source is not None
        loads.append(
            Load(file, source, _load_id(build, place), last + place, True, mapping_fingerprint(settings, source))
        )
    return loads, len(plan.inbox.new)


def _source_of(by_entity: dict[tuple[str, str | None], Source], name: str, entity: str) -> Source | None:
    mapped = entity.split(":")[1] if is_join(entity) else entity
    return by_entity.get((name, mapped)) or by_entity.get((name, None))


def _load_id(build: Generation, place: int) -> str:
    return f"{build.number:06d}-{place:04d}"


def _note_unread(loader: Loader, plan: Plan, build: Generation, used: int) -> None:
    """Known bytes under a new name, and files that could not be taken, are named in ops.load too."""
    waiting = [(file, repeated_summary(file, "", same_as)) for file, same_as in plan.inbox.repeated]
    waiting += [(file, deferred_summary(file, "")) for file in plan.inbox.deferred]
    for place, (file, nameless) in enumerate(waiting, start=used + 1):
        summary = replace(nameless, load_id=_load_id(build, place))
        loader.summaries.append(summary)
        write_load(loader.connection, summary, file, None, None, loader.now, loader.as_of)
