"""One file → typed, judged rows in `staging.rows_<entity>`, and the reasons of those that were rejected.

pydantic explains only the rows whose mask is not 0. What is not here: the statement itself (stage_sql.py), which
version of an id wins (winners.py), and whether the file is new at all (ledger.py).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_quality.quarantine import Rejected
from data_quality.validate import Violation, contract_sql, explain
from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.personal import HIDDEN_PHONE
from models.records import Record
from models.settings import Settings, Source
from pipelines.night.admission import admission_of, admit
from pipelines.night.stage_sql import IGNORED, EntityPlan, is_prefixed, stage_sql, staged_table
from pipelines.sources.mapping_sql import MappedSql, canonical_sql, explain_failure, mapped_sql
from pipelines.sources.reading import TextRows, read_rows, reconcile
from sql.quoting import identifier
from sql.records import column_name, record_table, stored_columns


@dataclass(frozen=True)
class FileResult:
    """Where a file's records went before versions are compared. `rows_valid` passed every rule.

    `matched` leads from each column that is looked for to the file's; `unnamed` are those that nothing looks for.
    `is_kept`: the file is gone and its rows stand for it (kept_rows.py), so nothing of it can be judged again.
    """

    rows_read: int
    rows_valid: int
    rows_quarantined: int
    rows_ignored: int
    rejected: tuple[Rejected, ...]
    unnamed: tuple[str, ...]
    matched: Mapping[str, str | None]
    line_of: Callable[[int], int]
    first_row: int
    row_count: int
    rows_erased: int = 0
    is_kept: bool = False

    def place_of(self, line: int) -> int | None:
        """The place (from 0) of the row that begins at this line; None when none does."""
        place = bisect_left(range(self.row_count), line, key=self.line_of)
        return place if place < self.row_count and self.line_of(place) == line else None


def plan_entity(settings: Settings, source: Source, entity: str) -> EntityPlan:
    """The plan of a source's entity; joined tables are named once they exist."""
    return EntityPlan(
        source=source.name,
        contract=CONTRACTS[entity],
        read=source.read,
        timezone=source.timezone or settings.company.timezone,
        company_timezone=settings.company.timezone,
        mapping=source.mapping() if source.kind == "mapped" else None,
        keep_subjects=settings.privacy.keep_subjects,
        join_tables={},
        admission=admission_of(source),
    )


def columns_of(source: Source, entity: str) -> tuple[str, ...]:
    """The columns that are looked for in a file: the mapping's, else the contract's."""
    return source.mapping().columns() if source.kind == "mapped" else tuple(CONTRACTS[entity].kinds())


def create_staged_table(connection: duckdb.DuckDBPyConnection, contract: type[Record]) -> None:
    """Empty `staging.rows_<entity>`: the columns of core.latest_<entity>, private fields, and the judgement."""
    columns = [
        f"{identifier(column.name)} {column.type}"
        for column in record_table(contract).columns
        if column.name != "_sequence" and column.name in stored_columns(contract)
    ]
    columns += [f"{identifier(name)} varchar" for name in contract.PRIVATE]
    columns += [
        "_load_number integer",
        "_broken bigint",
        "_unmapped bigint",
        "_raw varchar",
        "_fields varchar",
        "_extra varchar",
    ]
    connection.execute(f"create or replace table {staged_table(contract)} ({', '.join(columns)})")


def ingest_file(
    connection: duckdb.DuckDBPyConnection,
    plan: EntityPlan,
    path: Path,
    name: str,
    load_id: str,
    load_number: int,
    scratch: Path,
) -> FileResult:
    """Appends the file's rows to the staged table. Raises UnreadableFileError when nothing of the file can be used."""
    rows = _admitted(plan, read_rows(connection, path, plan.read, name, scratch))
    try:
        whole = _stage(connection, plan, rows, load_number)
    except duckdb.Error:
        if rows.path_taken != "fast":
            raise
        whole = False
    if not whole:
        forget_rows(connection, plan.contract, load_number)
        rows = _admitted(plan, read_rows(connection, path, plan.read, name, scratch, force_slow=True))
        if not _stage(connection, plan, rows, load_number):
            raise UnreadableFileError(
                "not_reconciled",
                f"{name}: not every record could be accounted for",
                "Report this file; it stays in the inbox.",
            )
    first_row = _first_rowid(connection, plan.staged, load_number)
    rejected = (
        *structural_rejects(plan.source, plan.contract.ENTITY, rows, load_id, name),
        *_explained(connection, plan, rows, load_id, name, load_number, first_row),
    )
    broken = len({row.line_number for row in rejected})
    ignored, mapped = _count_ignored(connection, plan, load_number), _mapped(plan, rows)
    return FileResult(
        rows_read=rows.rows + len(rows.rejects) + rows.ignored,
        rows_valid=rows.rows - (broken - len(rows.rejects)) - ignored,
        rows_quarantined=broken,
        rows_ignored=rows.ignored + ignored,
        rejected=rejected,
        unnamed=mapped.unnamed,
        matched=mapped.matched,
        line_of=rows.line_of,
        first_row=first_row,
        row_count=rows.rows,
    )


def _admitted(plan: EntityPlan, rows: TextRows) -> TextRows:
    return admit(rows, plan.admission, plan.looked_for)


def _count_ignored(connection: duckdb.DuckDBPyConnection, plan: EntityPlan, load_number: int) -> int:
    """Rows that the mapping takes for no record of the entity."""
    if plan.mapping is None or not plan.mapping.ignore:
        return 0
    (count,) = connection.execute(
        f"select count(*) from {plan.staged} where _load_number = ? and _broken = {IGNORED}", [load_number]
    ).fetchone() or (0,)
    return int(count)


def forget_rows(connection: duckdb.DuckDBPyConnection, contract: type[Record], load_number: int) -> None:
    """Takes a refused file's rows out of the staged table again."""
    connection.execute(f"delete from {staged_table(contract)} where _load_number = ?", [load_number])


def _first_rowid(connection: duckdb.DuckDBPyConnection, table: str, load_number: int) -> int:
    """Where the load's rows begin. Not the highest rowid before them: rows of a refused file leave theirs behind."""
    (first,) = connection.execute(
        f"select coalesce(min(rowid), 0) from {table} where _load_number = ?", [load_number]
    ).fetchone() or (0,)
    return int(first)


def _is_empty(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"select 1 from {table} limit 1").fetchone() is None


def _is_plain(plan: EntityPlan, rows: TextRows) -> bool:
    """Whether the contract's texts are the file's: constants of a mapping may hold anything."""
    return plan.mapping is None and rows.is_plain


def _mapped(plan: EntityPlan, rows: TextRows) -> MappedSql:
    if plan.mapping is None:
        return canonical_sql(plan.contract, rows.columns, is_plain=rows.is_plain)
    return mapped_sql(plan.mapping, rows.columns, plan.timezone, join_tables=plan.join_tables)


def _stage(connection: duckdb.DuckDBPyConnection, plan: EntityPlan, rows: TextRows, load_number: int) -> bool:
    """Appends the file's rows; False when the engine's count and the survey's do not agree."""
    mapped = _mapped(plan, rows)
    contract = contract_sql(plan.contract, plan.timezone, plan.company_timezone, mapped.fields, _is_plain(plan, rows))
    inserted = connection.execute(
        stage_sql(plan, rows, mapped, contract, load_number, is_first=_is_empty(connection, plan.staged))
    ).fetchone()
    return reconcile(rows, int(inserted[0]) if inserted else 0)


def structural_rejects(source: str, entity: str, rows: TextRows, load_id: str, name: str) -> Iterator[Rejected]:
    """Records that could not be split into cells. Of a file about contacts nothing of the line is shown: it holds their names."""
    names_people = entity in CONTRACTS and CONTRACTS[entity].PRIVATE
    for reject in rows.rejects:
        shown = HIDDEN_PHONE if names_people else reject.text
        where = (load_id, source, entity, name, reject.line_number, None, None)
        yield Rejected(*where, reject.rule, reject.message, shown, reject.text)


def _explained(
    connection: duckdb.DuckDBPyConnection,
    plan: EntityPlan,
    rows: TextRows,
    load_id: str,
    name: str,
    load_number: int,
    first_row: int,
) -> Iterator[Rejected]:
    mapped = _mapped(plan, rows)
    failing = connection.execute(
        f"select rowid, _unmapped, _raw, _fields, {_own_id(plan)} from {plan.staged}"
        f" where _load_number = ? and (_broken not in (0, {IGNORED}) or _unmapped <> 0) order by rowid",
        [load_number],
    ).fetchall()
    for rowid, unmapped, raw, fields, own_id in failing:
        texts = json.loads(fields)
        violations = _violations(plan, mapped, unmapped, raw, texts)
        for violation in violations:
            shown = HIDDEN_PHONE if violation.field in plan.contract.PRIVATE else violation.found
            yield Rejected(
                load_id, plan.source, plan.contract.ENTITY, name, rows.line_of(rowid - first_row), own_id,
                violation.field, violation.rule, violation.message, shown, raw,
            )  # fmt: skip


def _own_id(plan: EntityPlan) -> str:
    """The id by which people find the record, as core would show it; of a compound key its first part."""
    field = plan.contract.KEY[0]
    column = f"{identifier(column_name(plan.contract, field))}::varchar"
    return f"substr({column}, {len(plan.source) + 2})" if is_prefixed(plan.contract, field) else column


def _violations(
    plan: EntityPlan, mapped: MappedSql, unmapped: int, raw: str, texts: dict[str, str | None]
) -> list[Violation]:
    failed = [field for bit, field in enumerate(mapped.failure_bits) if unmapped >> bit & 1]
    cells = json.loads(raw) if failed else {}
    found = [explain_failure(plan.mapping, field, cells) for field in failed if plan.mapping is not None]
    found += [violation for violation in explain(plan.contract, texts) if violation.field not in failed]
    return found
