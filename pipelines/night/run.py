"""One night, from landing to publication: generation n × new inputs × as_of → generation n+1.

Plain Python: `touchline run`, Dagster and the tests all call `run_night`. Nothing here asks what time it is.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from models.errors import BlockedError, TouchlineError, causes_of
from models.personal import masked
from models.settings import Settings
from models.tables import IN_WORDS, Severity
from pipelines.alerting.credentials import check_channels
from pipelines.alerting.telling import tell_of_night
from pipelines.alerting.tonight import refuse_wrong_alerts
from pipelines.collecting import cycles_sought_rarely
from pipelines.night.audit import auditor
from pipelines.night.build import Night, build_generation, close_books
from pipelines.night.copying import copy_published, note_on_copy
from pipelines.night.erasing.forget import (
    Standing,
    finish_erasures,
    names_shown,
    redact_arrivals,
    redact_kept,
    standing_erasures,
)
from pipelines.night.fetch import FetchedTonight, Fetching, fetch_sources, read_cursors
from pipelines.night.generation import (
    Generation,
    begin_build,
    current_generation,
    keep_failed,
    one_night_at_a_time,
    publish,
)
from pipelines.night.history import read_nights, record_night
from pipelines.night.landing import in_order_of_landing, land_sources
from pipelines.night.leftovers import find_leftovers, notes_on_leftovers, remove_leftovers
from pipelines.night.object_names import has_objects
from pipelines.night.objects import land_objects
from pipelines.night.outcome import NightOutcome
from pipelines.night.plan import (
    NightRequest,
    Plan,
    is_nothing_new,
    make_plan,
    notes_of,
    standing_loads,
)
from pipelines.night.publication import read_publication, seal_databases
from pipelines.night.report_step import FOLDER, NIGHTS, night_report
from pipelines.night.retention import is_due, reduced_readings, retire_landed, write_anew
from pipelines.night.shipped import shipped_catalogue
from pipelines.night.steps import Progress, Quiet, Steps
from pipelines.night.storage import storage_error
from pipelines.night.uploads import find_moving, find_unfinished
from pipelines.night.workspace import Workspace
from sql.checks import CheckResult

__all__ = ["NightRequest", "Progress", "find_nothing_new", "run_night"]


def run_night(request: NightRequest, settings: Settings, progress: Progress | None = None) -> NightOutcome:
    """Runs one night and publishes it.

    Raises BusyError when another night holds the workspace, BlockedError when a blocking check failed (the build is
    kept in var/failed), TouchlineError when something else must be mended. Whatever happens, the last good
    generation stays published and var/last_night.json says what happened.
    """
    refuse_wrong_alerts(settings, os.environ)
    steps = Steps(progress or Quiet())
    begun = time.perf_counter()
    workspace = request.workspace
    with one_night_at_a_time(workspace), cycles_sought_rarely():
        removed = remove_leftovers(workspace)
        with _failures_recorded(request, settings, steps, begun):
            forgotten = finish_erasures(workspace, request.started_at)
            outcome = _night(request, settings, steps)
            forgotten += finish_erasures(workspace, request.started_at)
            retired = [] if request.dry_run else retire_landed(workspace, settings, request.started_at)
        outcome = replace(outcome, notes=(*outcome.notes, *forgotten, *retired))
        outcome = _copied(request, settings, steps, outcome)
        untold = tell_of_night(workspace, settings, outcome, request.started_at)
        notes = (*notes_on_leftovers(removed), *outcome.notes, *([untold] if untold else []))
        outcome = replace(outcome, notes=notes, seconds=_since(begun), steps=steps.seconds())
        _record_done(workspace, outcome, request.started_at)
        return outcome


def find_nothing_new(
    request: NightRequest, settings: Settings, progress: Progress | None = None
) -> NightOutcome | None:
    """The outcome of a night that has nothing to build; None when `run_night` has something to do.

    Cheap: the command line asks it before it imports an orchestrator, and no table's SQL is parsed. Raises BusyError
    like `run_night`, and SettingsError when a channel of `alerts:` could never send; that its rules exist is known, for
    other settings of them are something new.
    """
    if settings.alerts.enabled:
        check_channels(settings.alerts, os.environ)
    steps = Steps(progress or Quiet())
    begun = time.perf_counter()
    with one_night_at_a_time(request.workspace):
        if find_leftovers(request.workspace) or standing_erasures(request.workspace) != Standing():
            return None
        if is_due(request.workspace, settings, request.started_at):
            return None
        with _failures_recorded(request, settings, steps, begun):
            plan = _land_and_plan(request, settings, steps)
            if not is_nothing_new(request, settings, plan):
                return None
            outcome = _nothing_new(request, settings, plan)
        outcome = replace(_copied(request, settings, steps, outcome), seconds=_since(begun))
        tell_of_night(request.workspace, settings, outcome, request.started_at)
        _record_done(request.workspace, outcome, request.started_at)
        return outcome


def _copied(request: NightRequest, settings: Settings, steps: Steps, outcome: NightOutcome) -> NightOutcome:
    """The outcome once the copy at `storage.publish` was brought up to it, or a note says why it could not be."""
    if settings.storage.publish is None or request.dry_run:
        return outcome
    with steps.step("copy out"):
        standing = copy_published(request.workspace, settings, request.started_at, steps.progress.step)
    note = note_on_copy(standing)
    return outcome if note is None else replace(outcome, notes=(*outcome.notes, note), copy_behind=note)


def _record_done(workspace: Workspace, outcome: NightOutcome, started_at: datetime) -> None:
    """Notes a night that ended well. What it published stands, also when there is no room left to say so."""
    try:
        record_night(workspace, outcome, started_at)
    except OSError as error:
        fault = storage_error(error, "The night is done, but its record cannot be written", workspace.var)
        raise (fault or error) from error


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 3)


@contextmanager
def _failures_recorded(request: NightRequest, settings: Settings, steps: Steps, begun: float) -> Iterator[None]:
    """However the night ends, nothing half done is left; a failure is recorded, faults of the disk told as such. Somebody
    who stops it knows: that is no failure."""
    try:
        yield
    except Exception as error:
        if _is_interrupted(error):
            raise KeyboardInterrupt from error
        remove_leftovers(request.workspace)  # first: on a full disk it makes room for the record
        fault = storage_error(error, "The night cannot be written", request.workspace.var) or error
        with suppress(OSError):  # what happened must not be hidden by a record that cannot be written
            _record_failure(request, settings, fault, steps, begun)
        if fault is error:
            raise
        raise fault from error
    finally:
        remove_leftovers(request.workspace)


def _is_interrupted(error: Exception) -> bool:
    """DuckDB, when Ctrl-C reaches it in the midst of a statement, raises an error of its own."""
    return any(type(link) is RuntimeError and str(link) == "Query interrupted" for link in causes_of(error))


def _record_failure(request: NightRequest, settings: Settings, error: Exception, steps: Steps, begun: float) -> None:
    blocked = error.outcome if isinstance(error, _Blocked) else None
    outcome = blocked or NightOutcome("failed", request.as_of, request.run_id)
    code = error.exit_code if isinstance(error, TouchlineError) else 1
    outcome = replace(outcome, error=_told(error), exit_code=code, steps=steps.seconds(), seconds=_since(begun))
    if not request.dry_run:
        tell_of_night(request.workspace, settings, outcome, request.started_at)
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
    with ThreadPoolExecutor(1) as aside:
        aside.submit(shipped_catalogue)  # it is parsed while files are read and hashed
        plan = _land_and_plan(request, settings, steps)
    if is_nothing_new(request, settings, plan):
        return _nothing_new(request, settings, plan)
    notes = notes_of(request, settings, plan)
    with auditor(settings) as judges, night_report(request, settings, plan.previous) as report:
        with steps.step("copy"):
            build = begin_build(workspace, None if plan.is_full else plan.previous)
        plan = _without_the_forgotten(request, settings, steps, plan, notes)
        night = Night(request, settings, plan, steps)
        built = build_generation(night, build)
        if built.rows_expired:
            write_anew(build.private)
        if judges is not None and built.suites:
            judges.ask(build, built.suites, _about(night, build))
        if report is not None and not _blocks(built.checks):
            with steps.step("pages"):
                report.write_of_tables(build)
        if judges is not None and built.suites:
            with steps.step("expectations"):
                built = replace(built, checks=built.checks + judges.answers())
        outcome = close_books(night, build, built)
        outcome = replace(outcome, notes=(*notes, *outcome.notes))
        if _blocks(built.checks):
            _block(request, build, outcome)
        if request.dry_run:
            return replace(outcome, status="dry_run", generation=None)
        if report is not None:
            with steps.step("report"):
                unwritten = report.finish(build, read_nights(workspace, NIGHTS))
            outcome = replace(outcome, notes=(*outcome.notes, *([unwritten] if unwritten else [])))
    with steps.step("publish"):
        seal_databases(build)
        publish(workspace, build, settings.engine.keep_generations, plan.previous)
    return outcome


def _about(night: Night, build: Generation) -> str:
    """Which night the pages speak of, for somebody who was not here."""
    company, previous = night.settings.company, night.plan.previous
    as_of = night.request.as_of.astimezone(ZoneInfo(company.timezone))
    compared = (
        "It is the first, so there is nothing to compare it with"
        if previous is None
        else (f"It is compared with generation {previous.number}, the last good night")
    )
    return (
        f"{company.name}, generation {build.number}, as of {as_of:%A %d %B %Y, %H:%M} ({company.timezone}). {compared}."
    )


def _without_the_forgotten(
    request: NightRequest, settings: Settings, steps: Steps, plan: Plan, notes: list[str]
) -> Plan:
    """The plan once nothing that the night reads names anybody who was or is to be forgotten."""
    if plan.orders.erases:
        with steps.step("forget"):
            return redact_kept(request.workspace, settings, plan, request.workspace.building / "before")
    notes += redact_arrivals(request.workspace, settings, plan.inbox.new)
    return plan


def _at_the_published_instant(request: NightRequest) -> NightRequest:
    """A partial build keeps the published as_of: tables of two instants must not stand side by side."""
    published = current_generation(request.workspace) if request.is_partial else None
    if published is None:
        return request
    as_of = read_publication(published)[0]["as_of"]
    assert isinstance(as_of, datetime)
    return replace(request, as_of=as_of)


def _land_and_plan(request: NightRequest, settings: Settings, steps: Steps) -> Plan:
    fetched = FetchedTonight()
    if not request.is_partial and any(source.api is not None for source in settings.sources):
        with steps.step("fetch") as rows:
            fetched = _fetch(request, settings, steps)
            rows.append(len(fetched.files))
    with steps.step("land") as rows:
        moving = find_moving(request.workspace, settings, request.started_at, time.sleep)
        reduced = reduced_readings(request.workspace)
        landed = land_sources(request.workspace, settings, steps.progress.advance, moving, reduced)
        landed += find_unfinished(request.workspace, settings)
        if has_objects(settings):
            objects = land_objects(request.workspace, settings, request.started_at, time.sleep, reduced)
            fetched.notes += objects.notes
            landed = in_order_of_landing(request.workspace, [*landed, *objects.files])
        shown = names_shown(request.workspace)
        landed = [replace(file, name=shown(file.name)) for file in landed]
        rows.append(len(landed))
    with steps.step("plan"):
        return replace(make_plan(request, settings, [*landed, *fetched.files]), fetched=fetched)


def _fetch(request: NightRequest, settings: Settings, steps: Steps) -> FetchedTonight:
    published = current_generation(request.workspace)
    known = read_publication(published)[1] if published is not None else ()
    accepted = {(load.source, load.sha256) for load in known if load.status == "accepted"}
    cursors = read_cursors(published) if published is not None else {}
    return fetch_sources(
        Fetching(
            request.workspace, settings, published, cursors, accepted, os.environ, request.started_at, steps.progress
        )
    )


def _nothing_new(request: NightRequest, settings: Settings, plan: Plan) -> NightOutcome:
    number = plan.previous.number if plan.previous else None
    notes = tuple(notes_of(request, settings, plan))
    return NightOutcome("nothing_new", plan.judged_at, request.run_id, number, loads=standing_loads(plan), notes=notes)


def _blocks(checks: Sequence[CheckResult]) -> bool:
    return any(check.blocks for check in checks)


def _block(request: NightRequest, build: Generation, outcome: NightOutcome) -> None:
    failed = [check for check in outcome.failed_checks if check["severity"] == Severity.BLOCK]
    shutil.rmtree(build.folder / FOLDER, ignore_errors=True)  # half of one, if any
    if not request.dry_run:
        keep_failed(request.workspace, build)
    lines = "\n".join(f"  {_failed_line(check)}" for check in failed)
    raise _Blocked(
        f"{len(failed)} blocking checks failed, nothing was published:\n{lines}",
        f"The last good night stays published. Look at the build in {request.workspace.failed}, mend the cause, run again.",
        replace(outcome, status="blocked", generation=None),
    )


def _failed_line(check: dict[str, object]) -> str:
    """One failed check: its own sentence where it has one, else the rule and the rows that break it."""
    if check["kind"] in IN_WORDS:
        return str(check["sample"])
    return f"{check['table_name']}: {check['check_name']} ({check['failing_rows']} rows, such as {check['sample']})"
