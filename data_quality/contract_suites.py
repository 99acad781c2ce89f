"""The contract of a table (its YAML) as a suite: columns in order, required values, unique grain, words and bounds.

The transaction that built a table has asked most of this already; asked again of the closed file, it is what the Data
Docs show and what a later change of the build cannot bypass. Any table of core and marts has a suite by being in the
catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from data_quality.expected import Expected, Question, Suite
from models.tables import Check, CheckKind, Severity, TableSpec, WriteMode
from sql.checks import offending_rows
from sql.quoting import identifier, qualified

JUDGED_LAYERS = ("core", "marts")
_LOOK = "Look at the failed build with: touchline status; mend what builds {table}, and run again."
_CELL_CHECKS = (CheckKind.NOT_NEGATIVE, CheckKind.SHARE)


def judged_specs(specs: Iterable[TableSpec]) -> list[TableSpec]:
    """The tables that have a suite: what people read. Winners of records are judged by what is new in them."""
    return [
        spec
        for spec in specs
        if spec.schema_name in JUDGED_LAYERS and not spec.name.startswith(("latest_", "ref_", "parameter"))
    ]


def contract_suites(specs: Iterable[TableSpec], fewest_rows: Mapping[str, int]) -> list[Suite]:
    """A suite for every judged table; `fewest_rows` are those that tables must keep of what they last held."""
    return [
        Suite(spec.table, spec.table, f"select * from crm.{qualified(spec.table)}", tuple(_expected(spec, fewest_rows)))
        for spec in judged_specs(specs)
    ]


def _expected(spec: TableSpec, fewest_rows: Mapping[str, int]) -> Iterator[Expected]:
    yield Expected(
        "expect_columns",
        Question.COLUMNS,
        Severity.BLOCK,
        f"{spec.table} has the columns {{found}}, its YAML declares others. {_look(spec)}",
        words=tuple(column.name for column in spec.columns),
    )
    if spec.write is not WriteMode.VIEW:
        yield _unique_grain(spec)
        if any(column.required for column in spec.columns):
            yield _required(spec)
        if spec.table in fewest_rows:
            yield _keeps_rows(spec, fewest_rows[spec.table])
    for check in spec.checks:
        yield from _declared(spec, check)


def _unique_grain(spec: TableSpec) -> Expected:
    columns = ", ".join(identifier(name) for name in spec.grain)
    return Expected(
        "expect_unique_grain",
        Question.NO_ROWS,
        Severity.BLOCK,
        f"{spec.table} has several rows of one {', '.join(spec.grain)}. {_look(spec)}",
        sql=f"select counted from (select count(*) as counted, count(distinct hash({columns})) as hashes from {{batch}})"
        " where counted <> hashes",
    )


def _required(spec: TableSpec) -> Expected:
    required = [column.name for column in spec.columns if column.required]
    broken = " or ".join(f"{identifier(name)} is null" for name in required)
    return Expected(
        "expect_required_values",
        Question.NO_ROWS,
        Severity.BLOCK,
        f"{spec.table} lacks required values in {{found}} rows. {_look(spec)}",
        sql=f"select 1 from {{batch}} where {broken} limit 1000",
    )


def _keeps_rows(spec: TableSpec, fewest: int) -> Expected:
    return Expected(
        "expect_rows_kept",
        Question.ROWS,
        Severity.WARN,
        f"{spec.table} has {{found}} rows, after the last good night at least {fewest:,} are expected: did a source go, or"
        " were records deleted by mistake? If it is meant, do nothing: the next night compares with this one.",
        low=fewest,
    )


def _declared(spec: TableSpec, check: Check) -> Iterator[Expected]:
    """Checks of single cells; those that compare tables are asked in the transaction alone."""
    told = f"{spec.table}: {check.reason} Found: {{found}}. {_look(spec)}"
    if check.kind is CheckKind.IN_SET:
        for column in check.columns:
            name = f"expect_{check.name}_{column}"
            yield Expected(name, Question.WORDS, check.severity, told, column, check.values)
    elif check.kind in _CELL_CHECKS:
        offending = offending_rows(spec, check).replace("{", "{{").replace("}", "}}")
        sql = offending.replace(f"from {qualified(spec.table)} where", "from {batch} where") + " limit 1000"
        yield Expected(f"expect_{check.name}", Question.NO_ROWS, check.severity, told, sql=sql)


def _look(spec: TableSpec) -> str:
    return _LOOK.format(table=spec.table)
