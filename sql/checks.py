"""Rules of a table as SQL that returns the rows which break them.

Every table is checked for a unique grain and for its required columns; `checks:` in its YAML adds more. A check
that cannot run raises: it never reports "failed" for that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import CatalogueError
from models.tables import Check, CheckKind, Severity, TableSpec
from sql.quoting import identifier, literal, qualified

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 3


@dataclass(frozen=True)
class CheckResult:
    """What a check found. `sample` shows the first offending rows, in an order that does not change."""

    table: str
    check_name: str
    kind: str
    severity: Severity
    passed: bool
    failing_rows: int
    sample: str
    seconds: float

    @property
    def blocks(self) -> bool:
        """True when the table must not be published."""
        return not self.passed and self.severity is Severity.BLOCK


@dataclass(frozen=True)
class Rule:
    """A named SELECT of offending rows.

    `suspicion` is a boolean aggregate over the table: false when no row offends. One pass asks all of a table's.
    """

    name: str
    offending: str
    severity: Severity = Severity.BLOCK
    suspicion: str | None = None


def rules_of(spec: TableSpec) -> list[Rule]:
    """All rules of a table: its grain, its required columns, then its own checks.

    Of a view that another table copies only its own checks: asking it would work out every row of its past again.
    """
    own = [Rule(check.name, offending_rows(spec, check), check.severity, _suspicion(check)) for check in spec.checks]
    if spec.checked_in is not None:
        return own
    required = [_required_columns(spec)] if any(column.required for column in spec.columns) else []
    return [_unique_grain(spec), *required, *own]


def _suspicion(check: Check) -> str | None:
    """For checks of single cells; the others read further tables, and are asked at once."""
    if check.kind in (CheckKind.NO_ROWS, CheckKind.REFERS):
        return None
    return f"bool_or({' or '.join(broken_cell(check, identifier(name)) for name in check.columns)})"


def offending_rows(spec: TableSpec, check: Check) -> str:
    """The SELECT that returns the rows which break a check; NULL breaks none."""
    if check.sql is not None:
        return check.sql.strip().removesuffix(";")
    broken = " or ".join(broken_cell(check, identifier(name)) for name in check.columns)
    shown = ", ".join(identifier(name) for name in dict.fromkeys((*spec.grain, *check.columns)))
    return f"select {shown} from {qualified(spec.table)} where {broken}"


def run_checks(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, is_empty: bool = False, written: str = "true"
) -> list[CheckResult]:
    """Runs every rule of a table; raises CatalogueError when one cannot run.

    What is suspected of a row need not be asked of a table that `is_empty`: half of the tables of a small company.
    `written` is the condition of the rows that were written now: only they can break a rule of single rows, and the
    grain where it holds the columns of the condition. A rule with a SELECT of its own is asked of the whole table.
    """
    rules = rules_of(spec)
    cells = [] if is_empty else [rule for rule in rules if rule.suspicion is not None]
    suspected = _suspected(connection, spec, cells, written)
    return [run_rule(connection, spec, rule, rule.suspicion is None or rule in suspected) for rule in rules]


def _suspected(connection: duckdb.DuckDBPyConnection, spec: TableSpec, rules: list[Rule], written: str) -> list[Rule]:
    """Those of the rules that may have offending rows, found in one pass over the rows that were written."""
    import duckdb

    if not rules:
        return []
    questions = ", ".join(f"coalesce({rule.suspicion}, false)" for rule in rules)
    try:
        answers = (
            connection.execute(f"select {questions} from {qualified(spec.table)} where {written}").fetchone() or ()
        )
    except duckdb.Error as error:
        raise _cannot_run(", ".join(rule.name for rule in rules), spec, error) from error
    return [rule for rule, answer in zip(rules, answers, strict=True) if answer]


def run_rule(connection: duckdb.DuckDBPyConnection, spec: TableSpec, rule: Rule, suspected: bool = True) -> CheckResult:
    """The result of one rule; without suspicion its rows need not be looked for."""
    import duckdb

    started = time.perf_counter()
    try:
        failing, sample = _offenders(connection, rule) if suspected else (0, "")
    except duckdb.Error as error:
        raise _cannot_run(rule.name, spec, error) from error
    seconds = round(time.perf_counter() - started, 3)
    return CheckResult(spec.table, rule.name, "rule", rule.severity, failing == 0, failing, sample, seconds)


def _cannot_run(names: str, spec: TableSpec, error: duckdb.Error) -> CatalogueError:
    return CatalogueError(
        f"the check {names} of {spec.table} cannot run: {error}", f"Mend `checks` in {spec.name}.yaml."
    )


def _offenders(connection: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, str]:
    counted = connection.execute(f"select count(*) from ({rule.offending}\n)").fetchone()
    failing = int(counted[0]) if counted else 0
    if failing == 0:
        return 0, ""
    rows = connection.execute(
        f"select cast(offender as varchar) from ({rule.offending}\n) as offender order by all limit {SAMPLE_ROWS}"
    ).fetchall()
    return failing, "; ".join(str(row[0]) for row in rows)


def _unique_grain(spec: TableSpec) -> Rule:
    """Text keys of millions of rows are slow to group; their hashes are not, and rarely collide."""
    columns = ", ".join(identifier(name) for name in spec.grain)
    table = qualified(spec.table)
    return Rule(
        "grain_is_unique",
        f"select {columns}, count(*) as times from {table} group by {columns} having count(*) > 1",
        suspicion=f"count(*) <> count(distinct hash({columns}))",
    )


def _required_columns(spec: TableSpec) -> Rule:
    required = [column.name for column in spec.columns if column.required]
    missing = ", ".join(f"case when {identifier(name)} is null then {literal(name)} end" for name in required)
    grain = ", ".join(identifier(name) for name in spec.grain)
    broken = " or ".join(f"{identifier(name)} is null" for name in required)
    return Rule(
        "required_is_present",
        f"select {grain}, concat_ws(', ', {missing}) as missing from {qualified(spec.table)} where {broken}",
        suspicion=f"bool_or({broken})",
    )


def broken_cell(check: Check, column: str) -> str:
    """The condition under which a cell breaks a check of single cells; NULL breaks none."""
    if check.kind is CheckKind.NOT_NEGATIVE:
        return f"{column} < 0"
    if check.kind is CheckKind.SHARE:
        return f"not ({column} between 0 and 1)"
    if check.kind is CheckKind.IN_SET:
        return f"{column} not in ({', '.join(literal(word) for word in check.values)})"
    assert check.to is not None
    table, _, target = check.to.rpartition(".")
    known = f"select {identifier(target)} from {qualified(table)} where {identifier(target)} is not null"
    return f"({column} is not null and {column} not in ({known}))"
