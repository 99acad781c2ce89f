"""A mapping's joins: LEFT JOIN clauses that find a row's partners and never multiply the row.

A join table has `join_key VARCHAR` and a VARCHAR column for each column that the mapping takes, one row a joined
record, the row that shall win first. Looked-up columns stand under the join's own name; collected ones (JSON array
texts of the distinct values, sorted) under `collected_alias`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data_quality.kind_sql import clean
from models.mapping import SourceMapping
from sql.quoting import identifier, literal


def collected_alias(join: str) -> str:
    """The name under which a join's collected columns stand."""
    return f"{join} collected"


def join_clauses(mapping: SourceMapping, cell_of: Callable[[str], str], tables: Mapping[str, str]) -> str:
    """Text to append after the file's relation; blank when the mapping joins nothing.

    `cell_of` gives the cleaned cell of a column that the mapping names, `tables` the table of each join.
    """
    clauses = []
    for name, join in mapping.joins.items():
        table, own = tables.get(name, identifier(name)), cell_of(join.on)
        if joined_columns(mapping, name, collect=False):
            clauses.append(_left_join(_first_rows(table), name, own))
        if columns := joined_columns(mapping, name, collect=True):
            clauses.append(_left_join(_collected(table, columns), collected_alias(name), own))
    return " ".join(clauses)


def joined_columns(mapping: SourceMapping, join: str, collect: bool | None = None) -> list[str]:
    """The columns of a joined side that the mapping takes; None: collected or not."""
    rules = [part for rule in mapping.fields.values() for part in rule.alternatives() if part.join == join]
    return sorted({rule.column for rule in rules if rule.column is not None and collect in (None, rule.collect)})


def _left_join(rows: str, name: str, own: str) -> str:
    return f"left join ({rows}) as {identifier(name)} on {identifier(name)}.join_key = {own}"


def _first_rows(table: str) -> str:
    ranked = "row_number() over (partition by join_key order by rowid) = 1"
    return f"select * from {table} where join_key is not null qualify {ranked}"


def _collected(table: str, columns: list[str]) -> str:
    lists = ", ".join(f"{_as_json(clean(identifier(column)))} as {identifier(column)}" for column in columns)
    return f"select join_key, {lists} from {table} where join_key is not null group by join_key"


def _as_json(cell: str) -> str:
    """Quotes alone: the contract's lists know no escapes, so a value that needs one is refused there, not garbled."""
    quoted = f"concat({literal(chr(34))}, {cell}, {literal(chr(34))})"
    return f"'[' || string_agg(distinct {quoted}, ', ' order by {quoted}) filter ({cell} is not null) || ']'"
