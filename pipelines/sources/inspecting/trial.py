"""The proposal tried on the file by the night's own reader and SQL, in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from data_quality.validate import ContractSql, Violation, contract_sql, explain
from models.contracts import CONTRACTS
from models.mapping import ReadOptions, SourceMapping
from pipelines.sources.cell_sql import ROWS
from pipelines.sources.inspecting.inspection import BrokenRule, Rejected, RejectedCell
from pipelines.sources.inspecting.sample import TABLE
from pipelines.sources.mapping_sql import MappedSql, canonical_sql, explain_failure, mapped_sql
from pipelines.sources.reading import TextRows, read_rows, reconcile
from sql.quoting import identifier, literal

MAX_TRIED = 200_000
_SHOWN_ROWS, _SHOWN_CELLS, _EXPLAINED_TOGETHER = 10, 50, 10_000


@dataclass(frozen=True)
class Plan:
    """How the loaded rows are to be judged; without a mapping the columns are the contract's own."""

    entity: str
    mapping: SourceMapping | None
    timezone: str
    company_timezone: str


def load_rows(connection: duckdb.DuckDBPyConnection, path: Path, options: ReadOptions, scratch: Path) -> TextRows:
    """The first rows as a table of texts; the careful reader when DuckDB's own does not agree with the survey."""
    rows = read_rows(connection, path, options, path.name, scratch)
    try:
        if reconcile(rows, _load(connection, rows)) or rows.rows > MAX_TRIED:
            return rows
    except duckdb.Error:
        if rows.path_taken != "fast":
            raise
    rows = read_rows(connection, path, options, path.name, scratch, force_slow=True)
    _load(connection, rows)
    return rows


def _load(connection: duckdb.DuckDBPyConnection, rows: TextRows) -> int:
    select = f"select * from {rows.relation} limit {MAX_TRIED}"
    connection.execute(f"create or replace table {TABLE} as {select}")
    (count,) = connection.execute(f"select count(*) from {TABLE}").fetchone() or (0,)
    return int(count)


def try_plan(
    connection: duckdb.DuckDBPyConnection, plan: Plan, rows: TextRows
) -> tuple[tuple[dict[str, Any], ...], Rejected]:
    """The first ten accepted rows, and what would be quarantined with its reasons."""
    mapped = _mapped(plan, rows)
    contract = contract_sql(CONTRACTS[plan.entity], plan.timezone, plan.company_timezone, present=mapped.fields)
    connection.execute(f"create or replace table judged as {_judged_sql(mapped, contract)}")
    shown = ", ".join(identifier(field) for field in mapped.fields)
    good = connection.execute(f"select {shown} from judged where not _bad order by _row limit {_SHOWN_ROWS}").fetchall()
    rejected = _rejected(connection, plan, mapped, rows)
    return tuple(dict(zip(mapped.fields, row, strict=True)) for row in good), rejected


def _rejected(connection: duckdb.DuckDBPyConnection, plan: Plan, mapped: MappedSql, rows: TextRows) -> Rejected:
    counted = "select count(*), count(*) filter (where _bad) from judged"
    tried, broken = connection.execute(counted).fetchone() or (0, 0)
    cells = [RejectedCell(r.line_number, "", r.rule, r.message, r.text[:200]) for r in rows.rejects[:_SHOWN_CELLS]]
    rules = Counter(("", reject.rule) for reject in rows.rejects)
    for row, why in _violations(connection, plan, mapped):
        rules[why.field, why.rule] += 1
        if rules.total() <= len(rows.rejects) + _SHOWN_CELLS:
            cells.append(RejectedCell(rows.line_of(row), why.field, why.rule, why.message, why.found))
    cells.sort(key=lambda cell: cell.line)
    counts = tuple(BrokenRule(field, rule, number) for (field, rule), number in rules.most_common())
    return Rejected(tried + len(rows.rejects), broken + len(rows.rejects), tuple(cells[:_SHOWN_CELLS]), counts)


def count_repeated_keys(connection: duckdb.DuckDBPyConnection, mapping: SourceMapping) -> tuple[tuple[str, ...], int]:
    """The fields of the key that the mapping gives, and how many accepted rows of the last trial repeat one's values."""
    contract = CONTRACTS[mapping.entity]
    key = tuple(name for name in contract.KEY if name in mapping.fields)
    key = tuple(
        dict.fromkeys((*key, *(contract.KEY_DEFAULTS[name] for name in contract.KEY_DEFAULTS if name not in key)))
    )
    listed = ", ".join(map(identifier, key))
    (repeated,) = connection.execute(
        f"select count(*) - count(distinct row({listed})) from judged where not _bad"
    ).fetchone() or (0,)
    return key, int(repeated)


def _mapped(plan: Plan, rows: TextRows) -> MappedSql:
    if plan.mapping is None:
        return canonical_sql(CONTRACTS[plan.entity], rows.columns)
    return mapped_sql(plan.mapping, rows.columns, plan.timezone)


def _judged_sql(mapped: MappedSql, contract: ContractSql) -> str:
    """Typed values of every row, whether a night would quarantine it, and what explains that."""
    names = {field: identifier(field) for field in mapped.fields}
    typed = ", ".join(f"{contract.values[field]} as {name}" for field, name in names.items())
    texts = ", ".join(f"{mapped.fields[field]} as {name}" for field, name in names.items())
    fields = ", ".join(f"{literal(field)}: {name}" for field, name in names.items())
    return f"""
        select
            _row, _unmapped, _broken <> 0 or _unmapped <> 0 as _bad, {typed},
            case when _broken <> 0 or _unmapped <> 0 then {mapped.cells.record()} end as _raw,
            case when _broken <> 0 or _unmapped <> 0 then to_json({{{fields}}})::varchar end as _fields
        from (
            select *, {contract.mask} as _broken
            from (
                select {ROWS}.*, {mapped.failure_mask} as _unmapped, {texts}
                from {mapped.source(TABLE, f"{ROWS}.rowid as _row")}
                where not ({mapped.ignored})
            )
        )
    """


def _violations(
    connection: duckdb.DuckDBPyConnection, plan: Plan, mapped: MappedSql
) -> Iterator[tuple[int, Violation]]:
    """Every broken rule of every rejected row, with the row's place, in the order of the file."""
    found = connection.execute("select _row, _unmapped, _raw, _fields from judged where _bad order by _row")
    while page := found.fetchmany(_EXPLAINED_TOGETHER):
        for row, unmapped, cells, texts in page:
            for why in _reasons(plan, mapped, unmapped, json.loads(cells), json.loads(texts)):
                yield row, why


def _reasons(
    plan: Plan, mapped: MappedSql, unmapped: int, cells: dict[str, str | None], texts: dict[str, str | None]
) -> list[Violation]:
    failed = [field for bit, field in enumerate(mapped.failure_bits) if unmapped >> bit & 1]
    found = [explain_failure(plan.mapping, field, cells) for field in failed if plan.mapping is not None]
    return found + [why for why in explain(CONTRACTS[plan.entity], texts) if why.field not in failed]
