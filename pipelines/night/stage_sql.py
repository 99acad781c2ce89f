"""The statement that takes a file's cells to typed rows: mapping, contract mask, casts, hidden addresses, row hash.

The judgement is one bit mask a row, computed beside the casts. What is not here: running it (ingest.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from data_quality.validate import ContractSql
from models.fields import Shape
from models.mapping import ReadOptions, SourceMapping
from models.personal import Hiding
from models.records import Record
from pipelines.night.admission import EVERYTHING, Admission
from pipelines.sources.cell_sql import ROWS
from pipelines.sources.mapping_sql import MappedSql
from pipelines.sources.reading import TextRows
from sql.quoting import identifier, literal
from sql.records import PREFIXED_REFERENCES, column_name, record_key_column

WITHHELD, IGNORED, ERASED = -1, -2, -3
"""Values of `_broken` that are no mask: a row that somebody dismissed, one that is no record of the entity, and one of
a person who had been forgotten."""
_ERASED_PRIVATE = "erased-%"
_HIDDEN_BY = {Hiding.KEY: "hidden_id", Hiding.WORD: "hidden_word", Hiding.TEXT: "hidden_text", Hiding.NONE: ""}


@dataclass(frozen=True)
class EntityPlan:
    """How the rows of one source and entity are to be read and judged."""

    source: str
    contract: type[Record]
    read: ReadOptions
    timezone: str
    company_timezone: str
    mapping: SourceMapping | None
    keep_subjects: bool
    join_tables: dict[str, str]
    admission: Admission = EVERYTHING

    @property
    def looked_for(self) -> tuple[str, ...]:
        """The columns that something reads, under every name that they may have."""
        if self.mapping is None:
            return tuple(self.contract.kinds())
        return (*self.mapping.columns(), *(alias for names in self.mapping.aliases.values() for alias in names))

    @property
    def staged(self) -> str:
        """Where the rows go."""
        return staged_table(self.contract)


def staged_table(contract: type[Record]) -> str:
    """`staging.rows_activities`."""
    return f"staging.rows_{contract.ENTITY}"


def stage_sql(
    plan: EntityPlan, rows: TextRows, mapped: MappedSql, contract: ContractSql, load_number: int, is_first: bool
) -> str:
    """Nested SELECTs: cells → canonical text and mapping failures → mask → typed values → row hash."""
    texts = [f"{_without_token(plan, field, text)} as {identifier(field)}" for field, text in mapped.fields.items()]
    texts += [f"null::varchar as {identifier(field)}" for field in plan.contract.kinds() if field not in mapped.fields]
    typed = _typed_columns(plan, contract, mapped)
    fields = ", ".join(f"{literal(field)}: {identifier(field)}" for field in mapped.fields)
    source, in_order = _in_file_order(rows, mapped)
    failed = f"(_broken not in (0, {IGNORED}) or _unmapped <> 0)"
    mask, unmapped = contract.mask, mapped.failure_mask
    if mapped.ignored != "false":
        mask, unmapped = (
            f"case when _ignored then {IGNORED} else {mask} end",
            f"case when _ignored then 0 else {unmapped} end",
        )
    # A new table takes rows at three quarters of what an INSERT costs.
    into = f"create or replace table {plan.staged} as" if is_first else f"insert into {plan.staged} by name"
    return f"""
        {into}
        select * {_row_hash(plan.contract, mapped) if plan.contract.PRIVATE else ""}
        from (
            select {", ".join(f"{expression} as {identifier(name)}" for name, expression in typed.items())},
                {load_number} as _load_number, _broken, _unmapped,
                case when {failed} then {mapped.cells.record()} end as _raw,
                case when {failed} then to_json({{{fields}}})::varchar end as _fields,
                {_extra_sql(mapped)} as _extra
            from (
                select *, {mask} as _broken
                from (
                    select {ROWS}.*, {mapped.ignored} as _ignored, {unmapped} as _unmapped, {", ".join(texts)}
                    from {source}
                )
            )
            {in_order}
        )
    """


def _without_token(plan: EntityPlan, field: str, text: str) -> str:
    """The token of a forgotten person is no name, address or number of theirs."""
    if field not in plan.contract.PRIVATE:
        return text
    return f"case when ({text}) like '{_ERASED_PRIVATE}' then null else {text} end"


def _in_file_order(rows: TextRows, mapped: MappedSql) -> tuple[str, str]:
    """The FROM clause, and the ORDER BY that a join needs: only without joins does DuckDB keep the file's order by itself."""
    if not mapped.joins:
        return mapped.source(rows.relation), ""
    return mapped.source(rows.relation, "row_number() over () as _place"), "order by _place"


def _typed_columns(plan: EntityPlan, contract: ContractSql, mapped: MappedSql) -> dict[str, str]:
    """Column of the staged table → SQL; everything of core.latest_<entity> but `_sequence` and `_row_hash`.

    What the file does not have has nothing to hide: to plan the macros for it took as long as the rest of the statement.
    """
    values = {
        column_name(plan.contract, field): _protected(plan, field, value) if field in mapped.fields else value
        for field, value in contract.values.items()
    }
    for key, default in plan.contract.KEY_DEFAULTS.items():
        values[key] = f"coalesce({values[key]}, {values[default]})"
    if "subject" in values and not plan.keep_subjects:
        values["subject"] = "null::varchar"
    if plan.contract.ENTITY == "activities":
        zone = literal(plan.company_timezone)
        values["activity_date"] = f"timezone({zone}, {values['occurred_at']})::date"
        values["created_date"] = f"timezone({zone}, {values['created_at']})::date"
    if plan.contract.PRIVATE:
        values["contact_key"] = "contact_key_of(email, phone)"
    key_column = record_key_column(plan.contract)
    if key_column not in values:
        values[key_column] = _compound_key(plan, values)
    values["source"] = literal(plan.source)
    return values


def _protected(plan: EntityPlan, field: str, value: str) -> str:
    """The value as crm.duckdb may hold it: addresses hidden as its kind says, ids of the source's things prefixed.

    Private fields keep their text: they are taken to private.duckdb from the staged table.
    """
    kind = plan.contract.kinds()[field]
    prefix = f"{literal(plan.source + ':')} || " if is_prefixed(plan.contract, field) else ""
    if field in plan.contract.PRIVATE or not kind.may_name_a_person:
        return f"({prefix}{value})"
    if kind.shape is Shape.ID_LIST:
        return f"list_transform({value}, lambda item: {prefix}hidden_id(item))"
    return f"({prefix}{_HIDDEN_BY[kind.hiding]}({value}))"


def is_prefixed(contract: type[Record], field: str) -> bool:
    """Whether core writes the field as `<source>:<id>`."""
    return field in PREFIXED_REFERENCES or (field,) == contract.KEY


def _compound_key(plan: EntityPlan, values: dict[str, str]) -> str:
    parts = [
        f"replace(replace(coalesce(({values[column_name(plan.contract, key)]})::varchar, ''), '\\', '\\\\'), '|', '\\|')"
        for key in plan.contract.KEY
    ]
    return f"{literal(plan.source + ':')} || " + " || '|' || ".join(parts)


def _row_hash(contract: type[Record], mapped: MappedSql) -> str:
    """For contracts with private fields: md5 over the typed values in the contract's order, private ones keyed."""
    texts = []
    for field in contract.kinds():
        column = identifier(field if field in contract.PRIVATE else column_name(contract, field))
        value = f"keyed_hash({column})" if field in contract.PRIVATE else column
        texts.append(f"coalesce({value}::varchar, '')" if field in mapped.fields else "''")
    return f", md5_number_lower(concat_ws(chr(31), {', '.join(texts)})) as _row_hash"


def _extra_sql(mapped: MappedSql) -> str:
    if not mapped.unnamed:
        return "null::varchar"
    return f"case when _broken = 0 and _unmapped = 0 then {mapped.cells.record(mapped.unnamed)} end"
