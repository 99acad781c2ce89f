"""From which columns each published column is made, down to the fields that sources deliver, as it is shipped.

Reading it from the SQL takes seconds (sql/lineage.py), so `make docs` does that once and writes sql/lineage.json, which
`make check` holds fresh; the report's dictionary and Dagster's UI read the file. A field of a contract stands in it as
a column of `landing.<entity>`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from models.contracts import CONTRACTS
from models.records import Record
from sql.catalog import Catalogue
from sql.records import column_name, record_key_column, record_table, stored_fields

Origins = Mapping[str, Mapping[str, Mapping[str, list[str]]]]
"""By table and column, the columns that it is computed from, by their table."""

LANDING = "landing."
LINEAGE = Path(__file__).with_name("lineage.json")


@cache
def shipped_origins() -> Origins:
    """The origins of every published column that is made of others; read once a process."""
    found: Origins = json.loads(LINEAGE.read_text(encoding="utf-8"))
    return found


def origins_text(catalogue: Catalogue) -> str:
    """What sql/lineage.json should say, a line a table. Takes seconds."""
    from sql.lineage import column_lineage  # it brings sqlglot's optimizer: not for a night

    computed = {
        table: {column: _by_table(pairs) for column, pairs in columns.items() if pairs}
        for table, columns in column_lineage(catalogue).items()
        if not table.startswith("staging.")
    }
    fields = {f"core.latest_{entity}": field_origins(contract) for entity, contract in CONTRACTS.items()}
    lines = [f"{json.dumps(table)}: {json.dumps(columns)}" for table, columns in sorted((computed | fields).items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def field_origins(contract: type[Record]) -> dict[str, dict[str, list[str]]]:
    """Of the columns of core.latest_<entity>, the contract's fields that they hold or are derived from."""
    stored = {column_name(contract, field): [field] for field in stored_fields(contract)}
    key = {record_key_column(contract): list(contract.KEY)}
    derived = {
        "contact_key": ["email", "phone"],
        "activity_date": ["occurred_at"],
        "created_date": ["created_at"],
        "_row_hash": list(contract.kinds()),
    }
    found = stored | key | {name: fields for name, fields in derived.items() if name not in stored}
    columns = [column.name for column in record_table(contract).columns]
    return {name: {f"{LANDING}{contract.ENTITY}": found[name]} for name in columns if name in found}


def _by_table(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in sorted(pairs):
        found.setdefault(table, []).append(column)
    return found
