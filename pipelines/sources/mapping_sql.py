"""A mapping as SQL: each contract field's canonical text, and one bit for each cell that could not be converted.

What does not belong here: how one kind of text is converted (`conversions`), and whether the canonical text keeps the
contract (`data_quality.validate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_quality.validate import Violation, blank_to_null, clean
from models.contracts import CONTRACTS
from models.fields import BLANKS, Kind, Shape
from models.mapping import FieldRule, SourceMapping
from models.records import Record
from pipelines.sources.conversions.conversion import Conversion
from pipelines.sources.conversions.durations import convert_duration
from pipelines.sources.conversions.numbers import convert_number
from pipelines.sources.conversions.times import convert_time
from pipelines.sources.conversions.words import convert_words
from pipelines.sources.header_match import find_column, match_columns, match_fields
from pipelines.sources.join_sql import collected_alias, join_clauses
from sql.quoting import identifier, literal


@dataclass(frozen=True)
class MappedSql:
    """A mapping over the columns of one file, to be selected `from <file> as <alias> <joins>`.

    `fields` has the canonical text of each contract field that the mapping gives (cleaned: trimmed, blank is NULL).
    `failure_mask` is a BIGINT whose bit i is set when the cell of `failure_bits[i]` is not blank and could not be
    converted; its field is NULL then. `unnamed` are the file's columns that the mapping does not name.
    """

    fields: dict[str, str]
    failure_bits: tuple[str, ...]
    failure_mask: str
    unnamed: tuple[str, ...]
    joins: str = ""


def mapped_sql(
    mapping: SourceMapping,
    columns: Sequence[str],
    source_timezone: str,
    alias: str = "raw",
    join_tables: Mapping[str, str] | None = None,
) -> MappedSql:
    """The mapping over a file with these columns; UnreadableFileError missing_column when one that it names is not there.

    `join_tables` names the table of each join (see `pipelines.sources.join_sql` for its columns).
    """
    matched = match_columns(mapping.columns(), columns)
    kinds = CONTRACTS[mapping.entity].kinds()
    converted = {
        field: _convert(rule, kinds[field], _cell(rule, matched, alias), mapping.read.decimal, source_timezone)
        for field, rule in mapping.fields.items()
    }
    fallible = {field: conversion.failed for field, conversion in converted.items() if conversion.failed is not None}
    bits = [f"cast({failed} as bigint) * {1 << bit}" for bit, failed in enumerate(fallible.values())]
    return MappedSql(
        fields={field: conversion.text for field, conversion in converted.items()},
        failure_bits=tuple(fallible),
        failure_mask=" + ".join(bits) or "0::bigint",
        unnamed=tuple(column for column in columns if column not in matched.values()),
        joins=join_clauses(mapping, matched, join_tables or {}, alias),
    )


def canonical_sql(
    contract: type[Record], columns: Sequence[str], alias: str = "raw", is_plain: bool = False
) -> MappedSql:
    """Columns named like the contract's fields, in any case; UnreadableFileError missing_column without a required one.

    Of a file that is plain throughout (`TextRows.is_plain`) no cell is cleaned: that is an eighth of reading it.
    """
    cell = blank_to_null if is_plain else clean
    matched = match_fields(contract.kinds(), contract.required(), columns)
    return MappedSql(
        fields={field: cell(f"{alias}.{identifier(column)}") for field, column in matched.items()},
        failure_bits=(),
        failure_mask="0::bigint",
        unnamed=tuple(column for column in columns if column not in matched.values()),
    )


def explain_failure(mapping: SourceMapping, field: str, row: Mapping[str, str | None]) -> Violation:
    """Why a cell could not be converted; `row` has the file's cells by its own column names."""
    rule = mapping.fields[field]
    conversion = _convert(rule, CONTRACTS[mapping.entity].kinds()[field], "cell", mapping.read.decimal, "UTC")
    names = rule.coalesce or (str(rule.column),)
    found = [(name, text) for name in names if (text := _found(name, row)) and rule.join is None]
    name, text = found[0] if found else (names[0], "")
    where = f"column '{name}'" if rule.join is None else f"column '{name}' of the join '{rule.join}'"
    return Violation(field, conversion.rule, f"{where}: expected {conversion.expects}", text[:200])


def _found(name: str, row: Mapping[str, str | None]) -> str:
    column = find_column(name, list(row))
    return (row[column] or "").strip(BLANKS) if column is not None else ""


def _cell(rule: FieldRule, matched: Mapping[str, str], alias: str) -> str:
    """The cleaned source cell of a rule."""
    if rule.const is not None:
        return clean(literal(rule.const))
    if rule.coalesce:
        return f"coalesce({', '.join(clean(f'{alias}.{identifier(matched[name])}') for name in rule.coalesce)})"
    column = identifier(str(rule.column))
    if rule.join is not None:
        side = collected_alias(rule.join) if rule.collect else rule.join
        return clean(f"{identifier(side)}.{column}")
    return clean(f"{alias}.{identifier(matched[str(rule.column)])}")


def _convert(rule: FieldRule, kind: Kind, cell: str, decimal_mark: str, source_timezone: str) -> Conversion:
    if rule.map is not None:
        return convert_words(cell, rule.map, rule.otherwise)
    if rule.const is not None:
        return Conversion(cell)
    if kind.shape in (Shape.INSTANT, Shape.DAY, Shape.MONTH):
        return convert_time(cell, kind, rule.format, rule.timezone, source_timezone)
    if rule.unit is not None:
        return convert_duration(cell, rule.unit, decimal_mark)
    if kind.shape in (Shape.WHOLE, Shape.NUMBER):
        return convert_number(cell, kind, decimal_mark)
    return Conversion(cell)
