"""Whether a file is an export of a CRM's object: by its headers, with its name as a hint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.settings import EXPORT_KINDS, Source
from pipelines.sources.header_match import find_named
from pipelines.sources.readings import readers_of, readings

_NAMED_SHARE, _UNNAMED_SHARE, _FEWEST = 0.25, 0.5, 4
_EXPLAINED = 0.75


@dataclass(frozen=True)
class CrmExport:
    """The kind of source and its object. `is_named` says whether a file of this name would be read for it, `lacking`
    which columns the object needs and the file has not."""

    kind: str
    object: str
    is_named: bool
    has_joins: bool
    matched: tuple[str, ...]
    lacking: tuple[str, ...]


def find_crm_export(file_name: str, columns: Sequence[str]) -> CrmExport | None:
    """The object that explains the most of the file's columns; None when the file has too few of any.

    One that lacks a column is found, too: else a file of one CRM would be taken for the next best of another.
    """
    found: list[tuple[float, CrmExport]] = []
    for kind in EXPORT_KINDS:
        source = Source.model_validate({"name": kind.removesuffix("_export"), "kind": kind, "path": "inbox"})
        named = {reading.object for reading, join in readers_of(source, Path(), file_name) if not join}
        for reading in readings(source, Path()):
            export = _judge(kind, reading, reading.object in named, columns) if reading.object else None
            if export is not None:
                known = len(export.matched) / len(columns) + len(export.matched) / len(reading.mapping().columns())
                found.append((known + export.is_named, export))
    return max(found, key=lambda one: one[0], default=(0.0, None))[1]


def _judge(kind: str, reading: Source, is_named: bool, columns: Sequence[str]) -> CrmExport | None:
    mapping = reading.mapping()
    there = {name: find_named(mapping, name, columns) for name in mapping.columns()}
    needed = mapping.columns() if mapping.needs is None else mapping.needs
    lacking = tuple(name for name in needed if there.get(name) is None)
    own = {column for column in there.values() if column is not None}
    share = len(own) / len(there)
    if len(own) < _FEWEST or share < (_NAMED_SHARE if is_named else _UNNAMED_SHARE):
        return None
    if lacking and (not is_named or len(own) < _EXPLAINED * len(columns)):
        return None
    return CrmExport(kind, reading.object, is_named, bool(reading.joins), tuple(sorted(own)), lacking)
