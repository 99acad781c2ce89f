"""What a night says of columns that came or went: once, with what they most likely are and the lines to add."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import duckdb

from models.contracts import CONTRACTS
from models.mapping import SourceMapping
from models.settings import Settings, Source
from models.shown import first_few
from models.yaml_line import yaml_entry
from pipelines.night.columns import Change, KnownColumn, shown
from pipelines.night.stage_sql import staged_table
from pipelines.sources.column_advice import likely_column, likely_field
from pipelines.sources.header_match import WHERE_MAPPINGS_ARE
from sql.quoting import literal

_NAMED = 8
_SAMPLED = 1000


@dataclasses.dataclass(frozen=True)
class Arrived:
    """The load whose columns are told."""

    source: Source
    entity: str
    file_name: str
    load_number: int

    @property
    def mapping(self) -> SourceMapping | None:
        """None for a canonical file: its columns are called like the fields."""
        return self.source.mapping() if self.source.kind == "mapped" else None


def advise(connection: duckdb.DuckDBPyConnection, settings: Settings, arrived: Arrived, change: Change) -> None:
    """Writes beside each new column what it looks like, and what to add so that it is read.

    A shipped mapping leaves most of a CRM's columns aside, as it should: of those of its first night nothing is said.
    """
    if arrived.source.object and change.is_first_night:
        return
    renamed = _renamed(arrived, change)
    mapping = arrived.mapping
    taken = {"is_deleted", *(mapping.fields if mapping is not None else ())}
    taken |= set() if settings.privacy.keep_subjects else {"subject"}
    if mapping is None:
        taken |= {one for gone in change.gone for one in (gone.feeds or "").split(", ")}
        taken |= change.read
    for column, one in change.new.items():
        if column in renamed:
            was = renamed[column]
            one.looks_like, one.proposal = was.feeds, _alias(mapping, was.column_name, column)
        elif (found := likely_field(arrived.entity, column, taken)) is not None:
            taken.add(found)
            one.looks_like = found
            one.proposal = _field(connection, settings, arrived, found, column)
        if one.proposal is not None:
            one.proposal = shown(one.proposal)


def column_notes(arrived: Arrived, change: Change) -> Iterator[str]:
    """The sentences; a column of a CRM's first night is only counted, by the caller."""
    where = f"{arrived.source.name}/{arrived.file_name}"
    if change.new and not (arrived.source.object and change.is_first_night):
        names = [one.column_name for one in change.new.values()]
        yield (
            f"{where}: columns that nothing names are kept in private.duckdb only: {first_few(names, _NAMED)}."
            " Map those that belong to a field."
        )
    for one in change.new.values():
        if one.looks_like is not None:
            yield f"{where}: '{one.column_name}' looks like {one.looks_like}: {_what_to_do(arrived, one)}"
    for gone in change.gone:
        fed = f" (it fed {gone.feeds})" if gone.feeds and gone.feeds != gone.column_name else ""
        yield (
            f"{where}: the column '{gone.column_name}'{fed} is no longer there: its cells count as not supplied."
            " Have it exported again; if it is gone for good, do nothing: this is said once."
        )


def _what_to_do(arrived: Arrived, one: KnownColumn) -> str:
    if arrived.mapping is None:
        return f"in the export, {one.proposal}; or describe the file as a mapped source (touchline inspect FILE)."
    return f"to have it read, add to the mapping ({WHERE_MAPPINGS_ARE}): {one.proposal}"


def _renamed(arrived: Arrived, change: Change) -> dict[str, KnownColumn]:
    """New columns that a missing one most likely is now."""
    found: dict[str, KnownColumn] = {}
    for gone in change.gone:
        free = [column for column in change.new if column not in found]
        fields = gone.feeds.split(", ") if gone.feeds else []
        if (column := likely_column(arrived.entity, fields, gone.column_name, free)) is not None:
            found[column] = gone
    return found


def _alias(mapping: SourceMapping | None, name: str, column: str) -> str:
    if mapping is None:
        return f"rename it to {name}"
    return yaml_entry({"aliases": {name: [*mapping.aliases.get(name, ()), column]}})


def _field(connection: duckdb.DuckDBPyConnection, settings: Settings, arrived: Arrived, field: str, column: str) -> str:
    """The rule as a mapping writes it, with the unit, format or words that the load's own values show."""
    if arrived.mapping is None:
        return f"rename it to {field}"
    from pipelines.sources.inspecting.propose_one import (
        propose_rule,  # few nights meet a column that looks like a field
    )

    pointer = "/" + column.replace("~", "~0").replace("/", "~1")
    cells = (
        f"select json_extract_string(_extra, {literal(pointer)}) from {staged_table(CONTRACTS[arrived.entity])}"
        f" where _load_number = {arrived.load_number:d} and _extra is not null limit {_SAMPLED}"
    )
    company = settings.company.model_copy(update={"timezone": arrived.source.timezone or settings.company.timezone})
    return yaml_entry({"fields": {field: propose_rule(connection, arrived.entity, field, column, cells, company)}})
