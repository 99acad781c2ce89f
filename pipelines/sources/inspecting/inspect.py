"""`inspect_file`: layout, columns, entity, proposal, trial; whatever the file is, an answer rather than an error."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.fields import Shape
from models.mapping import FileFormat, ReadOptions, SourceMapping
from models.settings import Settings, Source
from models.shown import first_few
from models.strict_yaml import parse_yaml
from pipelines.night.landing import entity_of
from pipelines.sources.header_match import as_field_name
from pipelines.sources.inspecting.calendars_mail import ENTITY, Proposed, propose_fields
from pipelines.sources.inspecting.crm_export import CrmExport, find_crm_export, find_read_object
from pipelines.sources.inspecting.crm_table import CrmTable, find_crm_table, find_read_table
from pipelines.sources.inspecting.inspection import ColumnGuess, Inspection
from pipelines.sources.inspecting.layout import Layout, find_layout
from pipelines.sources.inspecting.matching import Match, is_telling, match_entities, named_thing
from pipelines.sources.inspecting.proposal_text import (
    canonical_text,
    crm_text,
    exports_read_elsewhere,
    exports_read_there,
    mapped_text,
    source_there,
)
from pipelines.sources.inspecting.propose import FieldProposals
from pipelines.sources.inspecting.sample import SampledColumn, find_decimal_mark, sample_columns
from pipelines.sources.inspecting.trial import MAX_TRIED, Plan, count_repeated_keys, load_rows, try_plan
from pipelines.sources.reading import TextRows
from pipelines.sources.readings import CRM_NAMES, crm_of, without_joins

_SAMPLES, _NEAREST = 4, 3
_REPORT = (
    "it is a Salesforce report, and its rows carry no id, so that the same row could not be known when it comes again:"
    " add the column 'Activity ID' or 'Opportunity ID' to the report and inspect it again, or better export the objects"
    " with Data Loader (docs/sources_salesforce.md)"
)


def inspect_file(path: Path, settings: Settings, home: Path = Path()) -> Inspection:
    """What the file is, and how it could be read; a file that cannot be read gives notes that say why.

    `home` is the workspace, in which the settings' sources have mappings of their own.
    """
    with tempfile.TemporaryDirectory(prefix="touchline_inspect_") as folder:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute("set TimeZone = 'UTC'")
            return _inspect(connection, path, settings, home, Path(folder))
        except UnreadableFileError as error:
            return Inspection(file_format=path.suffix.lstrip(".") or "unknown", notes=_refusal(error))
        finally:
            connection.close()


def _refusal(error: UnreadableFileError) -> tuple[str, ...]:
    return (f"cannot be read ({error.rule}): {error.what}", error.remedy)


def _inspect(
    connection: duckdb.DuckDBPyConnection, path: Path, settings: Settings, home: Path, scratch: Path
) -> Inspection:
    layout = find_layout(path, scratch)
    found = Inspection(
        file_format=str(layout.file_format),
        compression=layout.compression,
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        skip_rows=layout.read.skip_rows,
        notes=layout.notes,
    )
    try:
        rows = load_rows(connection, path, layout.read, scratch)
    except UnreadableFileError as error:
        return dataclasses.replace(found, notes=(*found.notes, *_refusal(error)))
    columns = sample_columns(connection, rows)
    guesses = tuple(ColumnGuess(column.name, column.kind, column.values[:_SAMPLES]) for column in columns)
    found = dataclasses.replace(found, columns=guesses)
    if not rows.rows:
        return dataclasses.replace(found, notes=(*found.notes, "the file holds no row"))
    if rows.rows > MAX_TRIED:
        found = dataclasses.replace(
            found, notes=(*found.notes, f"the first {MAX_TRIED:,} of {rows.rows:,} rows are tried")
        )
    return _understood(connection, found, path, settings, home, layout, rows, columns, scratch)


def _understood(
    connection: duckdb.DuckDBPyConnection,
    found: Inspection,
    path: Path,
    settings: Settings,
    home: Path,
    layout: Layout,
    rows: TextRows,
    columns: Sequence[SampledColumn],
    scratch: Path,
) -> Inspection:
    """What the columns mean: a calendar or mailbox, a canonical file, a CRM's export, or any table to be mapped."""
    if (proposed := propose_fields(connection, layout.file_format)) is not None:
        return _personal(connection, found, path, settings, proposed, rows)
    usual = "," if layout.delimiter == ";" else "."  # spreadsheets write a semicolon where a comma is in the numbers
    decimal = find_decimal_mark(columns, usual)
    found = dataclasses.replace(found, notes=(*found.notes, *decimal.notes))
    canonical = None
    if (entity := _canonical_entity(path, layout, rows)) is not None:
        canonical = _canonical(connection, found, path, settings, entity, rows)
    elif layout.read == ReadOptions():
        export = _find_of_a_crm(path, settings, home, columns)
        if isinstance(export, CrmTable):
            return _crm_table(found, path, settings, export)
        if export is not None and not export.lacking:
            return _crm_export(connection, found, path, settings, export, rows)
        if export is not None:
            found = dataclasses.replace(found, notes=(*found.notes, _lacks(export)))
    if canonical is not None and not canonical.rejected.count:
        return canonical
    read = layout.read.model_copy(update={"decimal": decimal.mark})
    if decimal.mark != "." and layout.file_format is FileFormat.XLSX:  # its true numbers are read with the mark, too
        rows = load_rows(connection, path, read, scratch)
        columns = sample_columns(connection, rows)
    found = dataclasses.replace(found, decimal=decimal.mark)
    mapped = _mapped(connection, found, path, settings, read, rows, columns)
    if canonical is not None and not _reads_more(mapped, canonical):
        return canonical
    if mapped.entity is None and layout.is_salesforce_report:
        return dataclasses.replace(mapped, notes=(_REPORT, *mapped.notes))
    return mapped


def _personal(
    connection: duckdb.DuckDBPyConnection,
    found: Inspection,
    path: Path,
    settings: Settings,
    proposed: Proposed,
    rows: TextRows,
) -> Inspection:
    """A calendar or a mailbox."""
    zone = settings.company.timezone
    text = mapped_text(path, settings, ENTITY, ReadOptions(), proposed.fields, has_times=True)
    mapping = Source.model_validate(parse_yaml(text)[0]).mapping()
    accepted, rejected = try_plan(connection, Plan(ENTITY, mapping, zone, zone), rows)
    kept = _kept([column for column in rows.columns if column not in mapping.columns()])
    return dataclasses.replace(
        found,
        entity=ENTITY,
        source_kind="mapped",
        proposal=text,
        rows=accepted,
        rejected=rejected,
        notes=(*found.notes, *proposed.notes, *kept),
    )


def _find_of_a_crm(
    path: Path, settings: Settings, home: Path, columns: Sequence[SampledColumn]
) -> CrmExport | CrmTable | None:
    """By name and headers; else as the source of its folder reads it by its name alone, or as a table beside objects."""
    export = find_crm_export(path.name, columns)
    if export is not None and export.is_named and not export.lacking:
        return export
    there = exports_read_there(path, settings)
    read = None
    if there is not None:
        read = find_read_object(path.name, columns, there, home) or find_read_table(path.name, columns, there, home)
    return read or (find_crm_table(path.name, columns) if export is None else None) or export


def _crm_table(found: Inspection, path: Path, settings: Settings, table: CrmTable) -> Inspection:
    """A table that a CRM's objects are joined to: it is no entity, and a mapping of it would count its rows again."""
    crm = CRM_NAMES[str(crm_of(table.kind))]
    note = (
        f"it is a table of {crm} to which {first_few(table.objects, 8)} are joined, and is read with them, never alone"
    )
    found = dataclasses.replace(found, source_kind=table.kind, notes=(*found.notes, note))
    return _with_its_source(found, path, settings, table.kind)


def _with_its_source(found: Inspection, path: Path, settings: Settings, kind: str) -> Inspection:
    """Which source reads a file of this CRM; one to paste only when none does."""
    there, elsewhere = source_there(path, settings), exports_read_elsewhere(path, settings, kind)
    if there is not None and crm_of(there.kind) == crm_of(kind):
        return dataclasses.replace(found, notes=(*found.notes, _is_read_by(there)))
    if elsewhere is not None:
        note = f"the source '{elsewhere.name}' reads it once it is in {elsewhere.path}/: nothing is to be pasted"
        return dataclasses.replace(found, notes=(*found.notes, note))
    replaced = None if there is None else there.name
    return dataclasses.replace(found, replaces=replaced, proposal=crm_text(path, settings, kind))


def _crm_export(
    connection: duckdb.DuckDBPyConnection,
    found: Inspection,
    path: Path,
    settings: Settings,
    export: CrmExport,
    rows: TextRows,
) -> Inspection:
    """A CRM's object: the shipped mapping reads it, so the proposal names the kind alone."""
    crm, zone = str(crm_of(export.kind)), settings.company.timezone
    mapping = without_joins(export.reading.mapping())
    accepted, rejected = try_plan(connection, Plan(mapping.entity, mapping, zone, zone), rows)
    notes = [f"it is {export.object} of {CRM_NAMES[crm]}: the shipped mapping reads it"]
    if export.reading.joins:
        notes.append("what stands in files beside it is blank here; it is joined when a night runs")
    if not export.is_named:
        notes.append(f"its name does not say so: call it {export.object}{''.join(path.suffixes)}")
    kept = _kept([column for column in rows.columns if column not in export.matched])
    found = dataclasses.replace(
        found,
        entity=mapping.entity,
        source_kind=export.kind,
        rows=accepted,
        rejected=rejected,
        notes=(*found.notes, *notes, *kept),
    )
    return _with_its_source(found, path, settings, export.kind)


def _canonical_entity(path: Path, layout: Layout, rows: TextRows) -> str | None:
    """The entity whose name and header the file has, when it also is written as canonical files are.

    `Account ID` could be read as account_id, but beside it stands an `Account Name` that only a mapping reads.
    """
    entity = entity_of(path.name)
    if entity is None or layout.read != ReadOptions():
        return None
    return entity if set(CONTRACTS[entity].required()) <= {column.lower() for column in rows.columns} else None


def _canonical(
    connection: duckdb.DuckDBPyConnection,
    found: Inspection,
    path: Path,
    settings: Settings,
    entity: str,
    rows: TextRows,
) -> Inspection:
    zone = settings.company.timezone
    accepted, rejected = try_plan(connection, Plan(entity, None, zone, zone), rows)
    kept = [c for c in rows.columns if as_field_name(c) not in CONTRACTS[entity].kinds()]
    there = source_there(path, settings)
    return dataclasses.replace(
        found,
        entity=entity,
        source_kind="canonical",
        proposal="" if there is not None else canonical_text(path, settings),
        rows=accepted,
        rejected=rejected,
        notes=(*found.notes, *([] if there is None else [_is_read_by(there)]), *_kept(kept)),
    )


def _reads_more(mapped: Inspection, canonical: Inspection) -> bool:
    """Whether a mapping is worth proposing for a file that is called and headed as the contract says."""
    return mapped.entity == canonical.entity and mapped.rejected.count < canonical.rejected.count


def _lacks(export: CrmExport) -> str:
    return (
        f"it looks like {export.object} of {CRM_NAMES[str(crm_of(export.kind))]}, but lacks {', '.join(export.lacking)}:"
        f" export it again with that, and kind: {export.kind} reads it"
    )


def _is_read_by(there: Source) -> str:
    return f"the source '{there.name}' reads it where it lies: nothing is to be pasted"


def _repeated(connection: duckdb.DuckDBPyConnection, mapping: SourceMapping) -> list[str]:
    """Says when rows share what the mapping takes for their key: often it is not their key then."""
    key, repeated = count_repeated_keys(connection, mapping)
    if not repeated:
        return []
    return [
        f"{repeated:,} rows have the {' + '.join(key)} of another row, and only the newest of those counts: check this"
    ]


def _kept(columns: Sequence[str]) -> list[str]:
    if not columns:
        return []
    return [f"kept as they are, in no field: {first_few(columns, 12)}"]


def _mapped(
    connection: duckdb.DuckDBPyConnection,
    found: Inspection,
    path: Path,
    settings: Settings,
    read: ReadOptions,
    rows: TextRows,
    columns: Sequence[SampledColumn],
) -> Inspection:
    zone = settings.company.timezone
    matches = match_entities(path.name, columns)
    for match in (match for match in matches if match.fits):
        proposals = FieldProposals(connection, match, columns, settings.company)
        proposals.propose(path.name)
        if proposals.unfilled:
            continue
        kinds = CONTRACTS[match.entity].kinds()
        has_times = any(kinds[field].shape is Shape.INSTANT for field in proposals.fields)
        text = mapped_text(path, settings, match.entity, read, proposals.fields, has_times=has_times)
        source = Source.model_validate(parse_yaml(text)[0])
        accepted, rejected = try_plan(connection, Plan(match.entity, source.mapping(), zone, zone), rows)
        used = set(source.mapping().columns())
        unused = _kept([column for column in rows.columns if column not in used])
        notes = (*found.notes, *proposals.notes, *_repeated(connection, source.mapping()), *unused)
        return dataclasses.replace(
            found,
            entity=match.entity,
            source_kind="mapped",
            proposal=text,
            rows=accepted,
            rejected=rejected,
            notes=notes,
        )
    return dataclasses.replace(found, notes=(*found.notes, *_no_entity(path.name, matches)))


def _no_entity(name: str, matches: Sequence[Match]) -> list[str]:
    """What the nearest entities would need; only the one that the file is named after, when it is."""
    named = [match for match in matches if named_thing(name) in match.words.names]
    nearest = named or matches[:_NEAREST]
    return ["no entity fits these columns; map it by hand, or join it to another file", *map(_needs, nearest)]


def _needs(match: Match) -> str:
    """What keeps a file from being taken for this entity."""
    required = CONTRACTS[match.entity].required()
    if match.missing or not any(is_telling(match.columns[name][0]) for name in required if name in match.columns):
        return f"{match.entity} would need {', '.join(match.missing or required)}"
    return f"{match.entity} has all it needs, but too little says so: if it is that, call the file {match.entity}"
