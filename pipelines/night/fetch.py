"""Tonight's windows of the API sources: which are due, fetched page by page, and what of them a night has to read.

A cursor is the end of the last window that a published generation holds (ops.source_cursor); a window that landed whole
and is in no generation yet waits on its shelf, so that a crash or a blocked night fetches nothing twice. A fault of a
vendor never fails the night: the window stays open, the cursor stays, and a note says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, time, timedelta

import duckdb

from models.errors import TouchlineError
from models.settings import Settings, Source
from pipelines.night.generation import Generation
from pipelines.night.landing import LandedFile
from pipelines.night.steps import Progress
from pipelines.night.vanished import find_vanished, listed_ids
from pipelines.night.workspace import Workspace
from pipelines.sources.connectors import connect
from pipelines.sources.extraction.faults import BudgetError, DeniedError, ExpiredError, ExtractionError, LockedOutError
from pipelines.sources.extraction.pages import ApiObject, Connector, Window
from pipelines.sources.extraction.shelf import Fetched, Shelf
from pipelines.sources.readings import readings_of
from sql.warehouse import open_published

JUST_NOW = timedelta(minutes=10)
"""What was fetched so lately is not asked for again."""
A_WRONG_CLOCK = timedelta(hours=6)
"""So far ahead of now no cursor lies that an honest clock has set."""

Cursors = Mapping[tuple[str, str], datetime]
"""The end of the last window in the published generation, by source and object."""


@dataclass(frozen=True)
class Cursor:
    """Where the next window of an object begins: a row of ops.source_cursor."""

    source: str
    object: str
    fetched_until: datetime
    fetched_at: datetime
    pages: int
    records: int


@dataclass
class FetchedTonight:
    """What the API sources have for tonight: landed files, cursors to publish, and what went wrong, for people."""

    files: list[LandedFile] = field(default_factory=list)
    cursors: list[Cursor] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fetching:
    """What the fetching of one night shares. `accepted` are (source, sha256) of files that the ledger has accepted."""

    workspace: Workspace
    settings: Settings
    published: Generation | None
    cursors: Cursors
    accepted: Collection[tuple[str, str]]
    environment: Mapping[str, str]
    now: datetime
    progress: Progress


def read_cursors(published: Generation) -> dict[tuple[str, str], datetime]:
    """ops.source_cursor of a published generation; one of an earlier version has none."""
    with open_published(published.crm) as connection:
        try:
            found = connection.execute("select source, object, fetched_until from ops.source_cursor").fetchall()
        except duckdb.CatalogException:
            return {}
    return {(source, name): until for source, name, until in found}


def write_cursors(connection: duckdb.DuckDBPyConnection, cursors: Iterable[Cursor]) -> None:
    """Moves the cursors of tonight's windows, in the generation that holds their rows."""
    for cursor in cursors:
        connection.execute(
            "delete from ops.source_cursor where source = ? and object = ?", [cursor.source, cursor.object]
        )
        connection.execute("insert into ops.source_cursor values (?, ?, ?, ?, ?, ?)", list(astuple(cursor)))


def fetch_sources(fetching: Fetching) -> FetchedTonight:
    """Fetches what is due of every API source. Raises SettingsError when a secret is missing, nothing else of a vendor."""
    tonight = FetchedTonight()
    for source in fetching.settings.sources:
        if source.api is None:
            continue
        connector = connect(source, fetching.environment)
        try:
            _fetch_source(fetching, source, connector, tonight)
        finally:
            connector.close()
    return tonight


def shelf_of(workspace: Workspace, source: str, wanted: ApiObject) -> Shelf:
    """Where an object's pages wait."""
    return Shelf(workspace.fetched / source / wanted.name, workspace.landed, wanted)


def _fetch_source(fetching: Fetching, source: Source, connector: Connector, tonight: FetchedTonight) -> None:
    stopped = False
    failed: dict[str, tuple[TouchlineError, list[str]]] = {}
    for wanted in _wanted(source, connector):
        shelf = shelf_of(fetching.workspace, source.name, wanted)
        _clear(fetching, source, wanted, shelf)
        if not stopped:
            try:
                _fetch_object(fetching, source, connector, wanted, shelf, tonight)
            except ExtractionError as error:
                if not (wanted.is_optional and isinstance(error, DeniedError)):
                    failed.setdefault(error.what, (error, []))[1].append(wanted.name)
                stopped = isinstance(error, BudgetError | LockedOutError)
        _collect(fetching, source, wanted, shelf, tonight)
    tonight.notes += [_note(source, names, error) for error, names in failed.values()]


def _wanted(source: Source, connector: Connector) -> list[ApiObject]:
    """The objects to ask for: those that the settings name, with their passes over archived ones and ids."""
    assert source.api is not None
    named = source.api.objects
    found = [one for one in connector.objects() if one.kind != "ids" or source.api.check_ids_every_days]
    return [one for one in found if not named or one.name in named or any(one.name.startswith(f"{n}_") for n in named)]


def _fetch_object(
    fetching: Fetching,
    source: Source,
    connector: Connector,
    wanted: ApiObject,
    shelf: Shelf,
    tonight: FetchedTonight,
) -> None:
    """Goes on with the open window, or begins the one that is due."""
    window = shelf.open_window() or _due(fetching, source, wanted, shelf)
    if window is None:
        return
    if wanted.kind == "ids" and fetching.published is None:
        shelf.take(window, lambda resume: ())  # nothing is there yet that could have vanished
        shelf.finish(fetching.now)
        return
    fetching.progress.step(f"fetch {source.name}: {wanted.name}")

    def told(records: int, total: int | None) -> None:
        fetching.progress.advance(records, max(total or 0, records))

    try:
        shelf.take(window, lambda resume: connector.pages(wanted, window, resume), told)
    except ExpiredError:
        shelf.drop_open()
        shelf.take(window, lambda resume: connector.pages(wanted, window, resume), told)
    whole = shelf.finish(fetching.now)
    if wanted.kind == "ids":
        _note_vanished(fetching, source, wanted, shelf, whole, tonight)


def _due(fetching: Fetching, source: Source, wanted: ApiObject, shelf: Shelf) -> Window | None:
    """The window to ask for now; None when the last one ended just now, or ids need not be listed yet.

    A cursor that lies far ahead was set by a clock that ran ahead: nobody knows what it really covers, so everything is
    asked for again, and the cursor is right from then on.
    """
    assert source.api is not None
    known = [window.until_at for window in shelf.windows()]
    cursor = fetching.cursors.get((source.name, wanted.name))
    last = max([*known, *([cursor] if cursor is not None else [])], default=None)
    until = fetching.now - wanted.lag
    gap = timedelta(days=source.api.check_ids_every_days) if wanted.kind == "ids" else JUST_NOW
    if last is not None and last > fetching.now + A_WRONG_CLOCK:
        last = None
    if last is not None and (until - last < gap):
        return None
    if wanted.kind != "changes":
        return Window(None, until)
    first = source.api.first_load_from
    if last is None:
        return Window(None if first is None else datetime.combine(first, time(), UTC), until)
    return Window(last - wanted.lookback, until)


def _clear(fetching: Fetching, source: Source, wanted: ApiObject, shelf: Shelf) -> None:
    """Forgets windows that are published with all their files, and those that do not follow the published cursor.

    After a rollback the cursor is an earlier one: windows that begin behind it would leave a gap.
    """
    assert source.api is not None
    cursor = fetching.cursors.get((source.name, wanted.name))
    first = source.api.first_load_from
    reached = cursor or (datetime.combine(first, time(), UTC) if first is not None else None)
    for window in shelf.windows():
        follows = not window.since or (reached is not None and datetime.fromisoformat(window.since) <= reached)
        is_in = all((source.name, file.sha256) in fetching.accepted for file in window.files)
        if not follows or (cursor is not None and window.until_at <= cursor and is_in):
            shelf.forget(window)
        else:
            reached = max(reached or window.until_at, window.until_at)


def _collect(fetching: Fetching, source: Source, wanted: ApiObject, shelf: Shelf, tonight: FetchedTonight) -> None:
    """The files of whole windows, for each reading of the object; and the cursor that they move."""
    windows = shelf.windows()
    for file in (file for window in windows for file in window.files):
        for entity, name in _readers(fetching, source, wanted, file.entity):
            tonight.files.append(LandedFile(source.name, entity, file.name, file.sha256, file.size, object=name))
    if windows:
        last = windows[-1]
        fetched_at = datetime.fromisoformat(last.fetched_at)
        tonight.cursors.append(Cursor(source.name, wanted.name, last.until_at, fetched_at, last.pages, last.records))


def _readers(fetching: Fetching, source: Source, wanted: ApiObject, entity: str) -> list[tuple[str, str]]:
    """Entity and object of what reads a landed file; canonical rows name their entity themselves."""
    if entity:
        return [(entity, "")]
    found = readings_of(source, fetching.workspace.home, wanted.of or wanted.name)
    return [(str(reading.entity), reading.object) for reading in found]


def _note_vanished(
    fetching: Fetching, source: Source, wanted: ApiObject, shelf: Shelf, whole: Fetched, tonight: FetchedTonight
) -> None:
    """Records of the published generation that the vendor no longer lists become deleted versions."""
    ids = listed_ids((shelf.read(file) for file in whole.files), wanted.form)
    shelf.keep_only(whole, None)
    if fetching.published is None:
        return
    of = readings_of(source, fetching.workspace.home, str(wanted.of))
    prefix = of[0].fields["source_record_id"].prefix if of and of[0].entity == "activities" else ""
    with open_published(fetching.published.crm) as connection:
        gone = find_vanished(connection, source.name, prefix, ids, whole.until_at)
    if gone.records:
        shelf.keep_only(whole, gone.body, "activities", f"{wanted.of} that vanished.jsonl", gone.records)
    if gone.doubt:
        tonight.notes.append(
            f"{source.name}: the list of all ids of {wanted.of} is not believed: {gone.doubt}. Nothing was deleted;"
            " look whether the token still sees everything."
        )


def _note(source: Source, names: list[str], error: TouchlineError) -> str:
    return f"{source.name}: {', '.join(names)} could not be fetched to the end: {error.what}. {error.remedy}"
