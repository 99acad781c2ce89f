"""The contract of a table (its YAML) as a suite: columns in order, required values, unique grain, words and bounds.

The transaction that built a table has asked most of this already; asked again of the closed file, it is what the Data
Docs show and what a later change of the build cannot bypass. Any table of core and marts has a suite by being in the
catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from data_quality.expected import Expected, Fact, Suite
from models.tables import Check, CheckKind, Severity, TableSpec, WriteMode
from sql.checks import broken_cell
from sql.quoting import identifier, literal, qualified

JUDGED_LAYERS = ("core", "marts")
_LOOK = "Look at the failed build with: touchline status; mend what builds {table}, and run again."
_BOUNDS = {CheckKind.NOT_NEGATIVE: "Not negative", CheckKind.SHARE: "From 0 to 1"}
_WORDS_NAMED = 20


def judged_specs(specs: Iterable[TableSpec]) -> list[TableSpec]:
    """The tables that have a suite: what people read. Winners of records are judged by what is new in them."""
    return [
        spec
        for spec in specs
        if spec.schema_name in JUDGED_LAYERS and not spec.name.startswith(("latest_", "ref_", "parameter"))
    ]


def contract_suites(specs: Iterable[TableSpec], fewest_rows: Mapping[str, int]) -> list[Suite]:
    """A suite for every judged table; `fewest_rows` are those that tables must keep of what they last held."""
    return [_suite(spec, fewest_rows) for spec in judged_specs(specs)]


def _suite(spec: TableSpec, fewest_rows: Mapping[str, int]) -> Suite:
    """A view of which only the columns are asked is not read: it would work out all its rows to count none."""
    of_rows = tuple(_of_rows(spec, fewest_rows))
    rows = f"select * from crm.{qualified(spec.table)}" if of_rows else "select 1 as no_rows_needed"
    return Suite(spec.table, spec.table, rows, (_columns(spec), *of_rows), spec.description)


def _of_rows(spec: TableSpec, fewest_rows: Mapping[str, int]) -> Iterator[Expected]:
    if spec.write is not WriteMode.VIEW:
        yield _unique_grain(spec)
        if any(column.required for column in spec.columns):
            yield _required(spec)
        if spec.table in fewest_rows:
            yield _keeps_rows(spec, fewest_rows[spec.table])
    for check in spec.checks:
        yield from _declared(spec, check)


def _columns(spec: TableSpec) -> Expected:
    declared = ", ".join(column.name for column in spec.columns)
    found = (
        "(select string_agg(column_name, ', ' order by column_index) from duckdb_columns() where database_name = 'crm'"
        f" and schema_name = {literal(spec.schema_name)} and table_name = {literal(spec.name)})"
    )
    return Expected(
        "expect_columns",
        Severity.BLOCK,
        f"The columns are {declared}",
        f"{spec.table} has the columns {{found}}, its YAML declares others. {_look(spec)}",
        f"({found} is distinct from {literal(declared)})::integer",
        high=0,
        named=f"select {found}",
    )


def _unique_grain(spec: TableSpec) -> Expected:
    columns = ", ".join(identifier(name) for name in spec.grain)
    grain = ", ".join(spec.grain)
    return Expected(
        "expect_unique_grain",
        Severity.BLOCK,
        f"One row for each {grain}",
        f"{spec.table} has several rows of one {grain}. {_look(spec)}",
        f"count(*) - count(distinct hash({columns}))",
        high=0,
    )


def _required(spec: TableSpec) -> Expected:
    required = [column.name for column in spec.columns if column.required]
    broken = " or ".join(f"{identifier(name)} is null" for name in required)
    return Expected(
        "expect_required_values",
        Severity.BLOCK,
        f"Never empty: {', '.join(required)}",
        f"{spec.table} lacks required values in {{found}} rows. {_look(spec)}",
        f"count(*) filter (where {broken})",
        high=0,
    )


def _keeps_rows(spec: TableSpec, fewest: int) -> Expected:
    return Expected(
        "expect_rows_kept",
        Severity.WARN,
        f"At least {fewest:,} rows, after the last good night",
        f"{spec.table} has {{found}} rows, after the last good night at least {fewest:,} are expected: did a source go, or"
        " were records deleted by mistake? If it is meant, do nothing: the next night compares with this one.",
        "count(*)",
        Fact.NUMBER,
        low=fewest,
    )


def _declared(spec: TableSpec, check: Check) -> Iterator[Expected]:
    """Checks of single cells; those that compare tables are asked in the transaction alone."""
    told = f"{spec.table}: {check.reason} Found: {{found}}. {_look(spec)}"
    if check.kind is CheckKind.IN_SET:
        for column in check.columns:
            yield _known_words(check, column, told)
    elif check.kind in _BOUNDS:
        broken = " or ".join(broken_cell(check, identifier(name)) for name in check.columns)
        yield Expected(
            f"expect_{check.name}",
            check.severity,
            f"{_BOUNDS[check.kind]}: {', '.join(check.columns)}",
            told,
            f"count(*) filter (where {broken})",
            high=0,
        )


def _known_words(check: Check, column: str, told: str) -> Expected:
    name, broken = identifier(column), broken_cell(check, identifier(column))
    words = f"select distinct {name}::varchar as word from {{rows}} where {broken} order by word limit {_WORDS_NAMED:d}"
    return Expected(
        f"expect_{check.name}_{column}",
        check.severity,
        f"{column} is one of {', '.join(check.values)}",
        told,
        f"count(*) filter (where {broken})",
        high=0,
        named=f"select string_agg(word, ', ' order by word) from ({words})",
    )


def _look(spec: TableSpec) -> str:
    return _LOOK.format(table=spec.table)
