"""Places beyond this machine: whether they answer, what may be done there, and whether readers there see what is published."""

from __future__ import annotations

import os
from collections.abc import Iterator

from models.errors import TouchlineError
from models.settings import Source
from models.shown import first_few
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.night.copying import POINTER
from pipelines.night.generation import current_generation
from pipelines.night.object_names import objects_of, places_of, unread_keys
from pipelines.storage.place import Place, open_place
from pipelines.storage.versions import read_pointer

PROBE = ".touchline-doctor"
"""An object that the doctor writes and deletes: what may be done at a place is known only by doing it."""


def check_places(patient: Patient) -> Iterator[Finding]:
    """Tries `storage.publish` (reads its pointer, lists, writes, deletes), and lists the inboxes of sources."""
    settings = patient.settings
    for source in settings.sources if settings else ():
        yield from _check_inbox(patient, source)
    if settings is None or settings.storage.publish is None:
        return
    try:
        place = open_place(settings.storage.publish, settings.storage, os.environ)
        _try_rights(place)
        yield from _compare(patient, place)
    except TouchlineError as error:
        yield fail("storage.publish", error.what, error.remedy)


def _check_inbox(patient: Patient, source: Source) -> Iterator[Finding]:
    """What a source finds in an object store, and that it may be read there: listing is another right."""
    settings, name = patient.settings, f"source {source.name}" + (f"/{source.entity}" if source.entity else "")
    urls = places_of(source)
    if settings is None or not urls:
        return
    try:
        places = {url: open_place(url, settings.storage, os.environ) for url in urls}
        keys = {url: [one.key for one in place.list()] for url, place in places.items()}
        found = list(objects_of(patient.workspace.home, settings, source, keys))
        for _, url, key in found[:1]:
            next(places[url].blocks(key), b"")
    except TouchlineError as error:
        yield fail(name, error.what, error.remedy)
        return
    if unread := unread_keys(patient.workspace.home, settings, source, keys):
        yield warn(
            name,
            f"not read, for their names are no entity's: {first_few(unread, 5)}",
            "Rename them, or download one and describe it as a mapped source (touchline inspect FILE).",
        )
    elif found:
        yield fine(name, f"{len(found):,} objects at {source.path}")
    else:
        yield warn(
            name, f"no object is found at {source.path}", "Put exports there, or mend the path in touchline.yaml."
        )


def _try_rights(place: Place) -> None:
    place.list("generations")
    place.put(PROBE, b"may be deleted\n")
    place.delete([PROBE])


def _compare(patient: Patient, place: Place) -> Iterator[Finding]:
    """What the pointer names, and what is published here."""
    published = current_generation(patient.workspace)
    found = read_pointer(place, POINTER)
    there = found[0].about.get("generation") if found else None
    if published is not None and there != published.number:
        yield warn(
            "storage.publish",
            f"{place.url} can be read and written, and holds {f'generation {there}' if found else 'no generation yet'};"
            f" {published.number} is published here",
            "The next night copies it, also one with nothing new: touchline run",
        )
        return
    missing = _missing(place, found[0].prefix, {one.key: one.size for one in found[0].files}) if found else []
    if missing:
        yield fail(
            "storage.publish",
            f"{place.url} lacks what its pointer names: {', '.join(missing[:5])}",
            f"See who deletes there (a lifecycle rule?), delete {POINTER} there, then: touchline run",
        )
        return
    held = f", and holds generation {there}" if there is not None else ""
    yield fine("storage.publish", f"{place.url} can be read and written{held}")


def _missing(place: Place, prefix: str, named: dict[str, int]) -> list[str]:
    there = {one.key: one.size for one in place.list(prefix.rstrip("/"))}
    return [key for key, size in named.items() if there.get(key) != size]
