"""Whether a file is an export of a CRM's object: by its headers and ids, with its name as a hint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.settings import EXPORT_KINDS, Source
from pipelines.sources.header_match import find_named, squashed
from pipelines.sources.inspecting.matching import is_telling
from pipelines.sources.inspecting.rules import SALESFORCE_ID
from pipelines.sources.inspecting.sample import SampledColumn
from pipelines.sources.readings import crm_of, is_named_otherwise, objects_of, readers_of, readings

_NAMED_SHARE, _UNNAMED_SHARE, _FEWEST = 0.25, 0.5, 4
_EXPLAINED, _FEWEST_MARKED = 0.75, 3
_OWN_SHARE, _FEWEST_TELLING = 0.25, 2
_ID_BEGINS = {
    "Account": "001",
    "Contact": "003",
    "EmailMessage": "02s",
    "Event": "00U",
    "Group": "00G",
    "Lead": "00Q",
    "Opportunity": "006",
    "OpportunityFieldHistory": "017",
    "OpportunityHistory": "008",
    "OpportunityStage": "01J",
    "Task": "00T",
    "User": "005",
    "opportunity_versions": "006",
}
"""The first three characters of Salesforce's ids say the object, in every org."""


@dataclass(frozen=True)
class CrmExport:
    """The kind of source, its object, and what reads it. `is_named` says whether a file of this name would be read for it,
    `lacking` which columns the object needs and the file has not."""

    kind: str
    reading: Source
    is_named: bool
    matched: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def object(self) -> str:
        """The object's name, as its mapping's file has it."""
        return self.reading.object


def bare_source(kind: str) -> Source:
    """A source of a CRM's exports as nobody has configured it yet."""
    return Source.model_validate({"name": kind.removesuffix("_export"), "kind": kind, "path": "inbox"})


def find_crm_export(file_name: str, columns: Sequence[SampledColumn]) -> CrmExport | None:
    """The object that explains the most of the file's columns; None when the file has too few of any.

    One that lacks a column is found, too: else a file of one CRM would be taken for the next best of another.
    """
    found: list[tuple[float, CrmExport]] = []
    for kind in EXPORT_KINDS:
        source = bare_source(kind)
        named = {reading.object for reading, join in readers_of(source, Path(), file_name) if not join}
        is_other = is_named_otherwise(source, file_name)
        for reading in readings(source, Path()):
            if not reading.object or (is_other and reading.object not in named):
                continue
            export = _compare(kind, reading, columns, is_named=reading.object in named)
            if _is_enough(export, columns):
                known = len(export.matched) / len(columns) + len(export.matched) / len(reading.mapping().columns())
                found.append((known + export.is_named, export))
    return max(found, key=lambda one: one[0], default=(0.0, None))[1]


def find_read_object(
    file_name: str, columns: Sequence[SampledColumn], source: Source, home: Path = Path()
) -> CrmExport | None:
    """The object for which this source reads a file of the name, however few of its columns it has; None when none does."""
    named = (reading for reading, join in readers_of(source, home, file_name) if not join)
    exports = (_compare(source.kind, reading, columns, is_named=True) for reading in named)
    return next((export for export in exports if not export.lacking), None)


def _compare(kind: str, reading: Source, columns: Sequence[SampledColumn], *, is_named: bool) -> CrmExport:
    mapping, names = reading.mapping(), [column.name for column in columns]
    there = {name: find_named(mapping, name, names) for name in mapping.columns()}
    needed = mapping.columns() if mapping.needs is None else mapping.needs
    lacking = tuple(name for name in needed if there.get(name) is None)
    matched = {column for column in there.values() if column is not None}
    return CrmExport(kind, reading, is_named, tuple(sorted(matched)), lacking)


def _is_enough(export: CrmExport, columns: Sequence[SampledColumn]) -> bool:
    share = len(export.matched) / len(export.reading.mapping().columns())
    is_marked = share == 1 or any(
        name.startswith("property_") for name in export.matched
    )  # so HubSpot's connectors write
    fewest = _FEWEST_MARKED if export.is_named and is_marked else _FEWEST
    if len(export.matched) < fewest or share < (_NAMED_SHARE if export.is_named else _UNNAMED_SHARE):
        return False
    if export.is_named:
        return not export.lacking or len(export.matched) >= _EXPLAINED * len(columns)
    return not export.lacking and _is_evident(export, columns)


def _is_evident(export: CrmExport, columns: Sequence[SampledColumn]) -> bool:
    """Whether a file whose name says nothing is this object: by its ids, else by columns that few other tables have."""
    begins = _id_beginnings(export, columns)
    if begins:
        return begins == {_ID_BEGINS[export.object]}
    own = _own_columns(str(crm_of(export.kind)))
    mapping, names = export.reading.mapping(), [column.name for column in columns]
    there = {find_named(mapping, name, names) for name in mapping.columns() if squashed(name) in own}
    return sum(column.name in there and is_telling(column) for column in columns) >= _FEWEST_TELLING


def _id_beginnings(export: CrmExport, columns: Sequence[SampledColumn]) -> set[str]:
    """How the ids of Salesforce begin in the object's column `Id`; empty when it has others, as masked ones are."""
    mapping, names = export.reading.mapping(), [column.name for column in columns]
    if export.object not in _ID_BEGINS or crm_of(export.kind) != "salesforce":
        return set()
    name = find_named(mapping, "Id", names)
    values = next((column.values for column in columns if column.name == name), ())
    is_id = bool(values) and all(SALESFORCE_ID.fullmatch(value) for value in values)
    return {value[:3] for value in values} if is_id else set()


@cache
def _own_columns(crm: str) -> frozenset[str]:
    """The columns that at most a quarter of the CRM's objects have; `Id` and `CreatedDate` are in nearly all."""
    mappings = objects_of(crm, None).values()
    used = Counter(squashed(name) for mapping in mappings for name in mapping.columns())
    return frozenset(name for name, number in used.items() if number <= _OWN_SHARE * len(mappings))
