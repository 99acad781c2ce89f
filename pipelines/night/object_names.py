"""Which objects of an object store a source reads, by their names alone: the same rules as for files in a folder.

What belongs here: from a path of the settings to a place to list, and from keys to what they are read as. What does not:
listing and reading (objects.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from models.personal import masked_name
from models.settings import Settings, Source
from models.storage_settings import is_remote
from pipelines.night.landing import HALF_DONE, InboxFile, is_passed_over, join_entity, readings_of_name

Keys = Mapping[str, Iterable[str]]
"""What was found at each place, by its URL."""
_WILD = "*?["


def has_objects(settings: Settings) -> bool:
    """Whether any source has its inbox in an object store."""
    return any(places_of(source) for source in settings.sources)


def places_of(source: Source) -> list[str]:
    """The places that have to be listed for a source: its folder, or what stands before the wildcards of its globs."""
    if source.kind != "mapped":
        return [_folder(source)] if is_remote(source.path) else []
    globs = [source.path, *(join.path for join in source.joins.values())]
    return list(dict.fromkeys(_root(glob) for glob in globs if is_remote(glob)))


def _folder(source: Source) -> str:
    return source.path.rstrip("/")


def _root(glob: str) -> str:
    wild = min((glob.find(mark) for mark in _WILD if mark in glob), default=len(glob))
    return glob[:wild].rsplit("/", 1)[0]


def objects_of(home: Path, settings: Settings, source: Source, keys: Keys) -> Iterator[tuple[InboxFile, str, str]]:
    """What a source reads: each file with its place and key, by key. Uploads that are not whole are among them."""
    if source.kind == "mapped":
        assert source.entity is not None
        globs = [(source.entity, source.path)]
        globs += [(join_entity(source, name), join.path) for name, join in source.joins.items()]
        for entity, glob in globs:
            if is_remote(glob):
                yield from _globbed(source, entity, glob, keys)
    elif is_remote(source.path):
        yield from _in_folder(home, settings, source, keys)


def unread_keys(home: Path, settings: Settings, source: Source, keys: Keys) -> list[str]:
    """Objects right in a source's folder that belong to no entity or object: told, never silently skipped."""
    if source.kind == "mapped" or not is_remote(source.path):
        return []
    url = _folder(source)
    named = _named_by_mappings(settings, url, keys)
    here = [key for key in keys.get(url, ()) if "/" not in key and not is_passed_over(Path(key))]
    return [key for key in here if key not in named and not any(readings_of_name(home, source, Path(key)))]


def _in_folder(home: Path, settings: Settings, source: Source, keys: Keys) -> Iterator[tuple[InboxFile, str, str]]:
    url = _folder(source)
    named = _named_by_mappings(settings, url, keys)
    for key in sorted(key for key in keys.get(url, ()) if "/" not in key and not _is_hidden(key)):
        whole = Path(key).with_suffix("") if key.lower().endswith(HALF_DONE) else Path(key)
        for file in readings_of_name(home, source, whole):
            if file.entity not in named.get(key, ()):
                yield _called(file, key), url, key


def _globbed(source: Source, entity: str, glob: str, keys: Keys) -> Iterator[tuple[InboxFile, str, str]]:
    url = _root(glob)
    for key in sorted(keys.get(url, ())):
        if not _is_hidden(key) and _fits(glob, url, key):
            yield _called(InboxFile(source.name, entity, Path(key), "", Path()), key), url, key


def _fits(glob: str, url: str, key: str) -> bool:
    """Under its own name, or under that of an upload that is not whole."""
    wanted = "/" + glob.removeprefix(f"{url}/")
    return any(PurePosixPath(f"/{key}").match(wanted + ending) for ending in ("", *HALF_DONE))


def _called(file: InboxFile, key: str) -> InboxFile:
    path = Path(key)
    return replace(file, path=path, name=masked_name(path.name), root=path.parent)


def _is_hidden(key: str) -> bool:
    return PurePosixPath(key).name.startswith((".", "~$"))


def _named_by_mappings(settings: Settings, url: str, keys: Keys) -> dict[str, set[str | None]]:
    """Which entities mapped sources read of which object at a place."""
    named: dict[str, set[str | None]] = {}
    for one in settings.sources:
        if one.kind == "mapped" and is_remote(one.path) and one.path.startswith(f"{url}/"):
            for key in keys.get(url, ()):
                if _fits(one.path, url, key):
                    named.setdefault(key, set()).add(one.entity)
    return named
