"""Whether a file is a table that a CRM's objects are joined to: read beside them, and no source of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.settings import EXPORT_KINDS, Source
from pipelines.sources.header_match import find_column
from pipelines.sources.inspecting.crm_export import bare_source
from pipelines.sources.inspecting.matching import is_telling
from pipelines.sources.inspecting.sample import SampledColumn
from pipelines.sources.join_sql import joined_columns
from pipelines.sources.readings import readers_of


@dataclass(frozen=True)
class CrmTable:
    """The kind of source that reads the table, and the objects that it is joined to."""

    kind: str
    objects: tuple[str, ...]


def find_read_table(
    file_name: str, columns: Sequence[SampledColumn], source: Source, home: Path = Path()
) -> CrmTable | None:
    """The table for which this source reads a file of the name; None when none of its joins finds its key there."""
    names = [column.name for column in columns]
    sides = [(reading, join) for reading, join in readers_of(source, home, file_name) if join]
    objects = [reading.object for reading, join in sides if find_column(reading.joins[join].key, names) is not None]
    return CrmTable(source.kind, tuple(objects)) if objects else None


def find_crm_table(file_name: str, columns: Sequence[SampledColumn]) -> CrmTable | None:
    """The table by name and header, where no source says so: it has all that the joins take, and more than ids and e-mails."""
    for source in map(bare_source, EXPORT_KINDS):
        table = find_read_table(file_name, columns, source)
        if table is not None and _has_all(file_name, columns, source):
            return table
    return None


def _has_all(file_name: str, columns: Sequence[SampledColumn], source: Source) -> bool:
    names = [column.name for column in columns]
    taken: set[str] = set()
    for reading, join in readers_of(source, Path(), file_name):
        if join:
            taken |= {reading.joins[join].key, *joined_columns(reading.mapping(), join)}
    there = {find_column(name, names) for name in taken}
    return None not in there and any(column.name in there and is_telling(column) for column in columns)
