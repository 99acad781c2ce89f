"""A mapping as SQL: each contract field's canonical text, and one bit for each cell that could not be converted.

What does not belong here: how one kind of text is converted (`conversions`), and whether the canonical text keeps the
contract (`data_quality.validate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from data_quality.validate import Violation, clean
from models.contracts import CONTRACTS
from models.fields import BLANKS, REP_ID, Kind, Shape
from models.mapping import FieldRule, SourceMapping
from models.records import Record
from pipelines.sources.cell_sql import Cells
from pipelines.sources.condition_sql import conditions_sql
from pipelines.sources.conversions.conversion import Conversion
from pipelines.sources.conversions.durations import convert_duration
from pipelines.sources.conversions.ids import convert_rep_id, convert_salesforce_id
from pipelines.sources.conversions.numbers import convert_number
from pipelines.sources.conversions.times import convert_time
from pipelines.sources.conversions.words import convert_words
from pipelines.sources.header_match import find_column, match_columns, match_fields
from pipelines.sources.join_sql import collected_alias, join_clauses
from sql.quoting import identifier, literal


@dataclass(frozen=True)
class MappedSql:
    """A mapping over the columns of one file, to be selected from `source`.

    `fields` has the canonical text of each contract field that the mapping gives (cleaned: trimmed, blank is NULL).
    `failure_mask` is a BIGINT whose bit i is set when the cell of `failure_bits[i]` is not blank and could not be
    converted; its field is NULL then. `unnamed` are the file's columns that the mapping does not name. `ignored` is
    a condition: the row is no record of the entity. `matched` leads from each column that is looked for to the file's;
    None for one that it may lack and does.
    """

    fields: dict[str, str]
    failure_bits: tuple[str, ...]
    failure_mask: str
    unnamed: tuple[str, ...]
    matched: Mapping[str, str | None]
    cells: Cells
    joins: str = ""
    ignored: str = "false"

    def source(self, relation: str, *also: str) -> str:
        """The FROM clause over the file's relation, with what else is to be taken along of its rows."""
        return f"{self.cells.rows(relation, *also)} {self.joins}"


def mapped_sql(
    mapping: SourceMapping,
    columns: Sequence[str],
    source_timezone: str,
    join_tables: Mapping[str, str] | None = None,
) -> MappedSql:
    """The mapping over a file with these columns; UnreadableFileError missing_column when one that it names is not there.

    `join_tables` names the table of each join (see `pipelines.sources.join_sql` for its columns).
    """
    matched = match_columns(mapping, columns)
    kinds = CONTRACTS[mapping.entity].kinds()
    cells = Cells(tuple(columns), frozenset(column for column in matched.values() if column is not None))
    read = _Reading(matched, cells, mapping.read.decimal, source_timezone)
    converted = {field: _convert_field(rule, kinds[field], read) for field, rule in mapping.fields.items()}
    fallible = {field: conversion.failed for field, conversion in converted.items() if conversion.failed is not None}
    bits = [f"cast({failed} as bigint) * {1 << bit}" for bit, failed in enumerate(fallible.values())]
    return MappedSql(
        fields={field: conversion.text for field, conversion in converted.items()},
        failure_bits=tuple(fallible),
        failure_mask=" + ".join(bits) or "0::bigint",
        unnamed=tuple(column for column in columns if column not in matched.values()),
        matched=matched,
        cells=cells,
        joins=join_clauses(mapping, read.own_cell, join_tables or {}),
        ignored=" or ".join(conditions_sql(rule.when, read.own_cell) for rule in mapping.ignore) or "false",
    )


def canonical_sql(contract: type[Record], columns: Sequence[str], is_plain: bool = False) -> MappedSql:
    """Columns named like the contract's fields, in any case; UnreadableFileError missing_column without a required one."""
    matched = match_fields(contract, columns)
    cells = Cells(tuple(columns), frozenset(matched.values()), is_plain)
    return MappedSql(
        fields={
            field: convert_rep_id(text).text if contract.kinds()[field] is REP_ID else text
            for field, column in matched.items()
            for text in [cells.cleaned(column)]
        },
        failure_bits=(),
        failure_mask="0::bigint",
        unnamed=tuple(column for column in columns if column not in matched.values()),
        matched=matched,
        cells=cells,
    )


def explain_failure(mapping: SourceMapping, field: str, row: Mapping[str, str | None]) -> Violation:
    """Why a cell could not be converted; `row` has the file's cells by its own column names."""
    rules = mapping.fields[field].alternatives()
    kind = CONTRACTS[mapping.entity].kinds()[field]
    tried = [(rule, _converted(rule, kind, "cell", mapping.read.decimal, "UTC")) for rule in rules]
    failing = [(rule, conversion) for rule, conversion in tried if conversion.failed is not None]
    found = [one for one in failing if one[0].join is None and _first_filled(one[0], mapping, row)[1]]
    rule, conversion = (found or failing)[0]
    name, text = _first_filled(rule, mapping, row)
    where = f"column '{name}'" if rule.join is None else f"column '{name}' of the join '{rule.join}'"
    return Violation(field, conversion.rule, f"{where}: expected {conversion.expects}", text[:200])


def _first_filled(rule: FieldRule, mapping: SourceMapping, row: Mapping[str, str | None]) -> tuple[str, str]:
    """The first column of the rule that is not blank, as the mapping names it, with its text."""
    names = rule.coalesce or rule.concat or (str(rule.column),)
    if rule.join is not None:
        return names[0], ""
    found = [(name, text) for name in names if (text := _found(name, mapping, row))]
    return found[0] if found else (names[0], "")


def _found(name: str, mapping: SourceMapping, row: Mapping[str, str | None]) -> str:
    names = (name, *mapping.aliases.get(name, ()))
    column = next((column for one in names if (column := find_column(one, list(row))) is not None), None)
    return (row[column] or "").strip(BLANKS) if column is not None else ""


@dataclass(frozen=True)
class _Reading:
    """Where the cells of one file are, and how its texts are to be read. `matched` is None for a column it lacks."""

    matched: Mapping[str, str | None]
    cells: Cells
    decimal_mark: str
    source_timezone: str

    def own_cell(self, name: str) -> str:
        """The cleaned cell of a column that the mapping names."""
        column = self.matched[name]
        return "null::varchar" if column is None else self.cells.cleaned(column)

    def cell(self, rule: FieldRule) -> str:
        """The cleaned source cell of a rule."""
        if rule.const is not None:
            return clean(literal(rule.const))
        if rule.coalesce:
            return f"coalesce({', '.join(self.own_cell(name) for name in rule.coalesce)})"
        if rule.concat:
            return clean(f"concat_ws(' ', {', '.join(self.own_cell(name) for name in rule.concat)})")
        if rule.join is not None:
            side = collected_alias(rule.join) if rule.collect else rule.join
            return clean(f"{identifier(side)}.{identifier(str(rule.column))}")
        cell = self.own_cell(str(rule.column))
        return cell if rule.clock is None else f"({cell} || coalesce(' ' || {self.own_cell(rule.clock)}, ''))"


def _convert_field(rule: FieldRule, kind: Kind, read: _Reading) -> Conversion:
    """The rule's value; of `cases` the first whose condition holds and which is not blank."""
    if not rule.cases:
        return _converted(rule, kind, read.cell(rule), read.decimal_mark, read.source_timezone)
    texts, fails = [], []
    for case in rule.cases:
        holds = conditions_sql(case.when, read.own_cell)
        one = _converted(case, kind, read.cell(case), read.decimal_mark, read.source_timezone)
        texts.append(one.text if not case.when else f"case when {holds} then {one.text} end")
        if one.failed is not None:
            fails.append(f"when {holds} and {one.failed} then true")
        fails.append(f"when {holds} and {one.text} is not null then false")
    can_fail = any(part.endswith("then true") for part in fails)
    return _prefixed(
        Conversion(f"coalesce({', '.join(texts)})", f"(case {' '.join(fails)} else false end)" if can_fail else None),
        rule,
    )


def _converted(rule: FieldRule, kind: Kind, cell: str, decimal_mark: str, source_timezone: str) -> Conversion:
    return _prefixed(_convert(rule, kind, cell, decimal_mark, source_timezone), rule)


def _prefixed(conversion: Conversion, rule: FieldRule) -> Conversion:
    return replace(conversion, text=f"({literal(rule.prefix)} || {conversion.text})") if rule.prefix else conversion


def _convert(rule: FieldRule, kind: Kind, cell: str, decimal_mark: str, source_timezone: str) -> Conversion:
    if rule.map is not None:
        return convert_words(cell, rule.map, rule.otherwise)
    if rule.normalise is not None:
        return convert_salesforce_id(cell)
    if rule.const is not None:
        return Conversion(cell)
    if kind.shape in (Shape.INSTANT, Shape.DAY, Shape.MONTH):
        return convert_time(cell, kind, rule.format, rule.timezone, source_timezone)
    if rule.unit is not None:
        return convert_duration(cell, rule.unit, decimal_mark)
    if kind.shape in (Shape.WHOLE, Shape.NUMBER):
        return convert_number(cell, kind, decimal_mark)
    return convert_rep_id(cell) if kind is REP_ID else Conversion(cell)
