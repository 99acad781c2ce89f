"""Inboxes in object stores: what a source's `path: s3://…` holds is listed each night, and what is new is landed.

The same rules as for files: nothing is taken away there, unchanged objects are not read again, what changes while it is
looked at waits for the next night. A store that is down fails no night: what it holds stays new, and a note says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from models.personal import masked_name
from models.settings import Settings
from models.shown import first_few
from pipelines.night.landing import ASIDE, HALF_DONE, InboxFile, LandedFile, deferred_file, keep_landed, read_index
from pipelines.night.object_names import Keys, objects_of, places_of, unread_keys
from pipelines.night.whole_file import sync, write_whole
from pipelines.night.workspace import Workspace
from pipelines.storage.faults import MissingObjectError, PlaceError
from pipelines.storage.place import Place, StoredObject, open_place

_SHOWN = 5


@dataclass
class LandedObjects:
    """Tonight's objects, landed or deferred, and what people should know."""

    files: list[LandedFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Listing:
    place: Place
    objects: dict[str, StoredObject]


def land_objects(
    workspace: Workspace,
    settings: Settings,
    begun: datetime,
    wait: Callable[[float], None],
    reduced: Container[tuple[str, str, str, str]] = (),
) -> LandedObjects:
    """Lands every object of every source, in the order of the settings, then of the keys.

    Objects that are younger than `engine.settle_seconds` when the night has `begun` are looked at twice, so long apart.
    Raises SettingsError when a variable of `storage` is not set, nothing of a store.
    """
    tonight = LandedObjects()
    places = list(dict.fromkeys(url for source in settings.sources for url in places_of(source)))
    listings = {url: found for url in places if (found := _listing(url, settings, tonight)) is not None}
    moving = _moving(settings, listings, begun, wait, tonight)
    keys = {url: listing.objects.keys() for url, listing in listings.items()}
    index = read_index(workspace.object_index)
    workspace.landed.mkdir(mode=0o700, parents=True, exist_ok=True)
    broken: set[str] = set()
    for source in settings.sources:
        for file, url, key in objects_of(workspace.home, settings, source, keys):
            if file.path.name.lower().endswith(HALF_DONE):
                tonight.files.append(
                    deferred_file(file, f"its name says that it is not whole yet ({file.path.suffix})")
                )
            elif f"{url}/{key}" in moving:
                tonight.files.append(deferred_file(file, "it is still being written"))
            elif url not in broken:
                try:
                    tonight.files.append(_land(workspace, file, listings[url], key, index, reduced))
                except PlaceError as error:
                    broken.add(url)
                    tonight.notes.append(_note(url, "could not be read to the end", error))
    tonight.notes += _unread(workspace.home, settings, keys)
    sync(workspace.landed)
    _write_index(workspace, index, listings)
    return tonight


def objects_seen(workspace: Workspace, settings: Settings) -> list[InboxFile]:
    """What the sources would read of the objects that the last listing found; asks no network."""
    known = read_index(workspace.object_index)
    places = {url for source in settings.sources for url in places_of(source)}
    keys = {url: [one.removeprefix(f"{url}/") for one in known if one.startswith(f"{url}/")] for url in places}
    return [file for source in settings.sources for file, _, _ in objects_of(workspace.home, settings, source, keys)]


def _listing(url: str, settings: Settings, tonight: LandedObjects) -> _Listing | None:
    place = open_place(url, settings.storage, os.environ)
    try:
        return _Listing(place, {one.key: one for one in place.list()})
    except PlaceError as error:
        tonight.notes.append(_note(url, "could not be listed", error))
        return None


def _note(url: str, what: str, error: PlaceError) -> str:
    return f"{url} {what}: {error.what}. {error.remedy} What is new there waits for the next night."


def _moving(
    settings: Settings,
    listings: Mapping[str, _Listing],
    begun: datetime,
    wait: Callable[[float], None],
    tonight: LandedObjects,
) -> set[str]:
    """Objects that change while the night waits; no young object, no wait. An object that is listed is whole, but who
    writes several, or one anew again and again, may not be done."""
    seconds = settings.engine.settle_seconds
    since = begun.timestamp() - seconds
    young = {
        url: {key: one for key, one in listing.objects.items() if one.modified_at.timestamp() >= since}
        for url, listing in listings.items()
    }
    if not seconds or not any(young.values()):
        return set()
    wait(seconds)
    moving = set()
    for url, before in young.items():
        again = _listing(url, settings, tonight) if before else None
        moving |= {f"{url}/{key}" for key, one in before.items() if again is None or again.objects.get(key) != one}
    return moving


def _land(
    workspace: Workspace,
    file: InboxFile,
    listing: _Listing,
    key: str,
    index: dict[str, list[int | str]],
    reduced: Container[tuple[str, str, str, str]],
) -> LandedFile:
    """The object's copy in var/landed, by its hash; what was read before and has not changed is not read again."""
    one, url = listing.objects[key], f"{listing.place.url}/{key}"
    identity: list[int | str] = [one.e_tag, one.size, one.modified_at.isoformat()]
    known = index.get(url)
    if known is not None and known[:3] == identity:
        sha256 = str(known[3])
        if (workspace.landed / sha256).is_file() or (file.source, file.entity, sha256, file.object) in reduced:
            return LandedFile(file.source, file.entity, file.name, sha256, one.size, object=file.object)
    aside = workspace.landed / f"{ASIDE}{os.getpid()}"
    try:
        sha256, size = _copy(listing.place, key, aside)
        if size != one.size:
            return deferred_file(file, "it changed while it was read")
        if (file.source, file.entity, sha256, file.object) not in reduced:
            keep_landed(aside, workspace.landed / sha256)
    except MissingObjectError:
        return deferred_file(file, "it was removed while it was read")
    finally:
        aside.unlink(missing_ok=True)
    index[url] = [*identity, sha256]
    return LandedFile(file.source, file.entity, file.name, sha256, size, object=file.object)


def _copy(place: Place, key: str, aside: Path) -> tuple[str, int]:
    """Streams an object to a file for its owner alone, on the disk when this returns."""
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as copy:
        found = place.download(key, copy)
        copy.flush()
        os.fsync(copy.fileno())
    return found


def _unread(home: Path, settings: Settings, keys: Keys) -> list[str]:
    return [
        f"{source.name}: not read: {first_few([masked_name(key) for key in unread], _SHOWN)} at {source.path}."
        " Download one: touchline inspect FILE says what it is, and proposes a source that reads it."
        for source in settings.sources
        if (unread := unread_keys(home, settings, source, keys))
    ]


def _write_index(workspace: Workspace, index: Mapping[str, list[int | str]], listings: Mapping[str, _Listing]) -> None:
    """Of places that were listed only what is there; of those that were not, what was known."""
    there = {f"{url}/{key}" for url, listing in listings.items() for key in listing.objects}
    listed = tuple(f"{url}/" for url in listings)
    kept = {url: entry for url, entry in index.items() if url in there or not url.startswith(listed)}
    write_whole(workspace.object_index, json.dumps(kept))
