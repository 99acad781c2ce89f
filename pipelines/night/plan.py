"""What tonight has to do, decided before anything is built: what is new, and whether everything is rebuilt."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from models.errors import UsageError
from models.settings import Settings, Source
from pipelines.night.backfill import check_window
from pipelines.night.erasing.forget import names_shown
from pipelines.night.fetch import FetchedTonight
from pipelines.night.fingerprint import alerts_fingerprint_of, fingerprint_of
from pipelines.night.generation import Generation, current_generation
from pipelines.night.identity import workspace_key
from pipelines.night.inputs import company_day
from pipelines.night.joins import is_join
from pipelines.night.landing import LandedFile
from pipelines.night.ledger import (
    KnownLoad,
    Sorted,
    accepted_loads,
    deferred_summary,
    mapping_fingerprint,
    repeated_summary,
    sort_inbox,
)
from pipelines.night.load import Load
from pipelines.night.orders import Orders, orders_for
from pipelines.night.outcome import LoadSummary
from pipelines.night.publication import has_happened, read_publication
from pipelines.night.shipped import SQL_FOLDER, shipped_catalogue, shipped_fingerprint
from pipelines.night.tables import Window
from pipelines.night.unread import unread_notes
from pipelines.night.workspace import Workspace
from pipelines.sources.readings import mappings_fingerprint, reading_of
from sql.catalog import Catalogue


@dataclass(frozen=True)
class NightRequest:
    """What to run. `as_of` and `started_at` are aware instants; `only` are the tables of a partial build, `window`
    the company days that a backfill rebuilds."""

    workspace: Workspace
    as_of: datetime
    started_at: datetime
    run_id: str
    full_refresh: bool = False
    dry_run: bool = False
    only: frozenset[str] | None = None
    window: Window | None = None

    @property
    def is_partial(self) -> bool:
        """Whether it rebuilds a part of what is published, and leaves new files and orders to a whole night."""
        return self.only is not None or self.window is not None


@dataclass(frozen=True)
class Plan:
    """What tonight has to do, decided before anything is built; `published` is the row of the previous ops.publication,
    `subjects` those whose tables are built."""

    previous: Generation | None
    published: Mapping[str, object]
    subjects: tuple[str, ...]
    fingerprint: str
    alerts_fingerprint: str
    known: tuple[KnownLoad, ...]
    inbox: Sorted
    is_full: bool
    why_full: str
    orders: Orders
    fetched: FetchedTonight = field(default_factory=FetchedTonight)

    @property
    def judged_at(self) -> datetime:
        """The `as_of` of the generation that stands; there must be one."""
        return _as_instant(self.published["as_of"])

    @cached_property
    def catalogue(self) -> Catalogue:
        """The tables to build; a night with nothing new never asks, and is spared parsing them."""
        return shipped_catalogue().of_subjects(self.subjects)


def make_plan(request: NightRequest, settings: Settings, landed: list[LandedFile]) -> Plan:
    """Compares what landed with the ledger of the published generation. Raises UsageError for a partial build that cannot be."""
    key = workspace_key(request.workspace.secret_key, os.environ)
    fingerprint = fingerprint_of(
        settings, shipped_fingerprint(), mappings_fingerprint(settings, request.workspace.home), key
    )
    previous = current_generation(request.workspace)
    known: tuple[KnownLoad, ...] = ()
    published: dict[str, object] = {}
    if previous is not None:
        published, known = read_publication(previous)
        shown = names_shown(request.workspace)
        known = tuple(replace(load, file_name=shown(load.file_name)) for load in known)
    home = request.workspace.home
    kinds = {(file.source, file.entity, file.object) for file in landed}
    sources = {kind: source for kind in kinds if (source := source_of(settings, home, *kind)) is not None}
    fingerprints = {kind: mapping_fingerprint(settings, source) for kind, source in sources.items()}
    orders = orders_for(request.workspace.operator_store, previous, readings_by_file(known, landed))
    orders = orders.without_erasures() if request.dry_run else orders
    inbox = sort_inbox(landed, known, fingerprints, orders.dismissed.files, orders.files_to_retry())
    if request.is_partial:
        inbox, orders = replace(inbox, new=(), repeated=(), deferred=()), replace(orders, pending=())
    why = _why_full(request, previous, published, fingerprint, inbox, known)
    if request.is_partial:
        _refuse_partial(why)
        if request.window is not None and previous is not None:
            check_window(previous, request.window)
    elif not why and orders.replays:
        why = "quarantined rows are to be judged again"
    elif not why and orders.erases:
        why = "somebody is to be forgotten"
    alerts = alerts_fingerprint_of(settings, SQL_FOLDER)
    subjects = settings.metrics.subjects
    return Plan(previous, published, subjects, fingerprint, alerts, tuple(known), inbox, bool(why), why, orders)


def readings_by_file(known: Iterable[KnownLoad], landed: Iterable[LandedFile]) -> dict[tuple[str, str, str], set[str]]:
    """The objects that are read from each file, or were."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for load in known:
        found.setdefault((load.source, load.entity, load.sha256), set()).add(load.object)
    for file in landed:
        found.setdefault((file.source, file.entity, file.sha256), set()).add(file.object)
    return found


def _refuse_partial(why_full: str) -> None:
    """A partial build stands on a published generation of the same settings; new files wait for a whole night."""
    if why_full:
        raise UsageError(
            f"only a whole night can be built: {why_full}",
            "Run it: touchline run (in the web UI, launch the job nightly)",
        )


def _why_full(
    request: NightRequest,
    previous: Generation | None,
    published: Mapping[str, object],
    fingerprint: str,
    inbox: Sorted,
    known: tuple[KnownLoad, ...],
) -> str:
    """Why everything must be rebuilt; blank when tonight can build on the last generation."""
    if previous is None:
        return "it is the first night"
    if request.full_refresh:
        return "a full refresh was asked for"
    if published["fingerprint"] != fingerprint:
        return "settings, contracts, SQL, the secret key or time zone rules changed"
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


def is_nothing_new(request: NightRequest, settings: Settings, plan: Plan) -> bool:
    """No file, no order, the same settings, alert rules and report too, and the same company day, in which nothing that was
    delivered has happened since: then nothing is built."""
    if plan.published.get("alerts_fingerprint") != plan.alerts_fingerprint:
        return False
    if plan.previous is None or plan.is_full or plan.inbox.new or plan.orders.pending or request.is_partial:
        return False
    zone = settings.company.timezone
    if company_day(plan.judged_at, zone) != company_day(request.as_of, zone):
        return False
    return not has_happened(plan.previous, plan.judged_at, request.as_of)


def notes_of(request: NightRequest, settings: Settings, plan: Plan) -> list[str]:
    """What the user should know that is no error."""
    notes = [] if not plan.is_full or plan.previous is None else [f"Everything is rebuilt: {plan.why_full}."]
    notes += plan.fetched.notes
    notes += unread_notes(request.workspace.home, settings, names_shown(request.workspace))
    names = {source.name for source in settings.sources}
    for gone in sorted({load.source for load in plan.known} - names):
        notes.append(f"{gone} is no longer among the sources: its rows are left out; name it again to bring them back.")
    return notes


def standing_loads(plan: Plan) -> tuple[LoadSummary, ...]:
    """Files of the inbox that are not read tonight, each with the reason."""
    repeated = tuple(repeated_summary(file, "", same_as) for file, same_as in plan.inbox.repeated)
    deferred = tuple(deferred_summary(file, "") for file in plan.inbox.deferred)
    return (*plan.inbox.standing, *repeated, *deferred)


def loads_of(settings: Settings, home: Path, plan: Plan, build: Generation) -> tuple[list[Load], int]:
    """The loads to read tonight, and how many ids of this generation they use up."""
    old = accepted_loads(plan.known)
    loads = []
    for known in old if plan.is_full else []:
        source = source_of(settings, home, known.source, known.entity, known.object)
        if source is not None:
            file = LandedFile(known.source, known.entity, known.file_name, known.sha256, 0, object=known.object)
            loads.append(Load(file, source, known.load_id, known.load_number or 0, False, ""))
    last = max((load.load_number or 0 for load in old), default=0)
    for place, file in enumerate(plan.inbox.new, start=1):
        source = source_of(settings, home, file.source, file.entity, file.object)
        assert source is not None
        loads.append(
            Load(file, source, load_id_of(build, place), last + place, True, mapping_fingerprint(settings, source))
        )
    return loads, len(plan.inbox.new)


def source_of(settings: Settings, home: Path, name: str, entity: str, object_name: str) -> Source | None:
    """What reads an entity (or a joined side of it) of a source; None when nothing does any more."""
    mapped = entity.split(":")[1] if is_join(entity) else entity
    return reading_of(settings, home, name, mapped, object_name)


def load_id_of(build: Generation, place: int) -> str:
    """`000042-0001`: the first load of generation 42."""
    return f"{build.number:06d}-{place:04d}"
