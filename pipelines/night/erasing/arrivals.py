"""Landed files and the people in them who were forgotten: those of an order, and those who are delivered again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from models.contracts import CONTRACTS
from models.mapping import ReadOptions
from models.settings import Settings, Source
from pipelines.night.erasing.landed import redact_file
from pipelines.night.erasing.layout import Layout, layout_of
from pipelines.night.erasing.redactor import Redactor
from pipelines.night.erasing.registry import Registry, store_forms
from pipelines.night.joins import is_join
from pipelines.night.workspace import Workspace
from pipelines.sources.readings import reading_of

_ROSTERS = ("contacts", "reps", "users")
_ROUNDS = 4
"""How far an earlier address may lead to a still earlier one."""


@dataclass(frozen=True)
class Landed:
    """A file of var/landed and what reads it."""

    source: str
    entity: str
    name: str
    sha256: str
    object: str


@dataclass(frozen=True)
class _Place:
    """Where files lie, how they are read, and where they may be unpacked."""

    workspace: Workspace
    settings: Settings
    scratch: Path


def redact_landed(
    workspace: Workspace,
    settings: Settings,
    files: Iterable[Landed],
    registry: Registry,
    scratch: Path,
    *,
    look: bool = False,
) -> list[Landed]:
    """Redacts the files; those in which somebody forgotten was named. People's own records first: what names them
    there, such as an earlier address, is looked for in all others. `look` changes nothing; `scratch` takes unpacked files.

    A file that two entities read is redacted as each.
    """
    known, place = list(dict.fromkeys(files)), _Place(workspace, settings, scratch)
    for _ in range(_ROUNDS):
        learnt = [_learn(place, file, registry, look=look) for file in known if file.entity in _ROSTERS]
        if not any(learnt):
            break
    return [file for file in known if _redact(place, file, _redactor(registry, file), look=look)]


def _learn(place: _Place, file: Landed, registry: Registry, *, look: bool) -> bool:
    """Stores what people's own records tell, before any file is changed: a killed night must not lose it."""
    redactor = _redactor(registry, file)
    _redact(place, file, redactor, look=True)
    learnt = False
    for erasure_id, identity in redactor.harvest.items():
        new = registry.add(erasure_id, identity)
        learnt |= bool(new)
        if new and not look:
            store_forms(place.workspace.operator_store, erasure_id, new)
    return learnt


def _redactor(registry: Registry, file: Landed) -> Redactor:
    return Redactor(
        registry, (file.source,), {"contacts": "contact", "reps": "rep", "users": "rep"}.get(file.entity, "")
    )


def _redact(place: _Place, file: Landed, redactor: Redactor, *, look: bool) -> bool:
    path = place.workspace.landed / file.sha256
    if not path.is_file():
        return False
    read, layout = _reading(place.workspace.home, place.settings, file)
    return redact_file(path, file.name, read, layout, redactor, place.scratch, look=look)


def _reading(home: Path, settings: Settings, file: Landed) -> tuple[ReadOptions, Layout]:
    """How the file is read. What no source reads any more is read as its name says, in canonical columns."""
    entity = file.entity.split(":")[1] if is_join(file.entity) else file.entity
    source = reading_of(settings, home, file.source, entity, file.object)
    if source is None or entity not in CONTRACTS:
        return ReadOptions(), Layout({}, "", frozenset())
    return _side(source, file.entity), layout_of(source, file.entity)


def _side(source: Source, entity: str) -> ReadOptions:
    """The reading options, for the joined side of a mapping its own."""
    return source.joins[entity.split(":")[2]].read if is_join(entity) else source.read
