"""A proposed source tried on a sample, exactly as a night would map and judge it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from data_quality.validate import Violation, contract_sql, explain
from models.contracts import CONTRACTS
from models.mapping import SourceMapping
from pipelines.sources.mapping_sql import MappedSql, canonical_sql, explain_failure, mapped_sql
from pipelines.sources.reading import TextRows
from sql.quoting import identifier


@dataclass(frozen=True)
class Rejection:
    """One row that would be rejected, and why; `line` is the file's physical line."""

    line: int
    field: str
    rule: str
    message: str
    found: str


@dataclass(frozen=True)
class Trial:
    """The first mapped rows (canonical texts), the first rejections, and how many rows break which rule."""

    mapped_rows: tuple[dict[str, str | None], ...]
    rejections: tuple[Rejection, ...]
    rejected_rows: int
    reasons: dict[str, int]


def try_source(
    connection: duckdb.DuckDBPyConnection,
    entity: str,
    mapping: SourceMapping | None,
    rows: TextRows,
    sample: str,
    zones: tuple[str, str],
    shown: int = 10,
) -> Trial:
    """`sample` is a table with the first rows of `rows`; `zones` are the source's and the company's."""
    contract = CONTRACTS[entity]
    mapped = canonical_sql(contract, rows.columns) if mapping is None else mapped_sql(mapping, rows.columns, zones[0])
    judged = contract_sql(contract, *zones, present=mapped.fields)
    texts = ", ".join(f"{expression} as {identifier(field)}" for field, expression in mapped.fields.items())
    inner = f"select raw.rowid as _place, raw as _cells, {mapped.failure_mask} as _failed, {texts} from {sample} as raw"
    fields = ", ".join(identifier(field) for field in mapped.fields)
    connection.execute(f"create or replace temp table tried as select *, {judged.mask} as _broken from ({inner})")
    good = connection.execute(
        f"select {fields} from tried where _broken = 0 and _failed = 0 order by _place limit {shown}"
    )
    mapped_rows = tuple(dict(zip(mapped.fields, row, strict=True)) for row in good.fetchall())
    bad = connection.execute(
        f"select _place, _failed, _cells, {fields} from tried where _broken <> 0 or _failed <> 0 order by _place limit 1000"
    ).fetchall()
    (count,) = connection.execute("select count(*) from tried where _broken <> 0 or _failed <> 0").fetchone() or (0,)
    found = [
        (place, violation)
        for place, failed, cells, *values in bad
        for violation in _violations(
            entity, mapping, mapped, failed, cells, dict(zip(mapped.fields, values, strict=True))
        )
    ]
    return Trial(mapped_rows, _listed(rows, found, shown), count + len(rows.rejects), _reasons(rows, found))


def _violations(
    entity: str,
    mapping: SourceMapping | None,
    mapped: MappedSql,
    failed: int,
    cells: Mapping[str, str | None],
    texts: Mapping[str, str | None],
) -> list[Violation]:
    fields = [field for bit, field in enumerate(mapped.failure_bits) if failed >> bit & 1]
    unconverted = [explain_failure(mapping, field, cells) for field in fields if mapping is not None]
    broken = explain(CONTRACTS[entity], texts)
    return [*unconverted, *(violation for violation in broken if violation.field not in fields)]


def _listed(rows: TextRows, found: Sequence[tuple[int, Violation]], shown: int) -> tuple[Rejection, ...]:
    structural = [
        Rejection(reject.line_number, "", reject.rule, reject.message, reject.text[:200]) for reject in rows.rejects
    ]
    judged = [
        Rejection(rows.line_of(place), violation.field, violation.rule, violation.message, violation.found)
        for place, violation in found[:shown]
    ]
    return tuple((structural[:shown] + judged)[:shown])


def _reasons(rows: TextRows, found: Sequence[tuple[int, Violation]]) -> dict[str, int]:
    """Rule and field → rows, the commonest first."""
    counted = Counter(f"{violation.field}: {violation.rule}" for _, violation in found)
    counted.update(reject.rule for reject in rows.rejects)
    return dict(counted.most_common())
