"""Records that a vendor no longer lists: found by comparing ids, published as deleted versions of what stood.

A hard delete leaves no trace in most APIs. All ids of an object are listed now and then; what core holds and the list
lacks is delivered as canonical rows with `is_deleted`, at the instant at which the listing began.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from models.activities import Activity
from models.fields import Shape
from sql.quoting import identifier, literal
from sql.records import PREFIXED_REFERENCES, column_name, stored_fields

MOST_SHARE = 0.5
"""If more than this share is missing, the list is doubted and nothing is deleted."""
_KEY_PREFIX = 3


@dataclass(frozen=True)
class Vanished:
    """`body` is JSON lines of canonical activities; `doubt` says why the list was not believed."""

    records: int = 0
    body: bytes = b""
    doubt: str = ""


def listed_ids(bodies: Iterable[bytes], form: str) -> list[str]:
    """The ids in the pages of a listing: of CSV the column Id, of JSON `id` in the list of each line."""
    found: list[str] = []
    for body in bodies:
        if form == "csv":
            found += [row["Id"] for row in csv.DictReader(io.StringIO(body.decode("utf-8")))]
        else:
            found += [str(item["id"]) for line in body.splitlines() if line for item in _items(json.loads(line))]
    return found


def _items(value: Any) -> Iterator[dict[str, Any]]:
    """The records of a page, wherever the vendor puts them."""
    page = value.get("page", value)
    for name in ("results", "data", "records"):
        if isinstance(page.get(name), list):
            yield from (item for item in page[name] if item is not None)
            return


def find_vanished(
    connection: duckdb.DuckDBPyConnection, source: str, prefix: str, ids: list[str], began: datetime
) -> Vanished:
    """Living activities of the source whose id begins with `prefix` and is not among `ids`, unchanged since `began`.

    `connection` has the published file. Without a prefix the ids' first three characters are it: those of one
    Salesforce object share them.
    """
    if not ids:
        return Vanished(doubt="it is empty")
    start = prefix or ids[0][:_KEY_PREFIX]
    mine = f"source = {literal(source)} and starts_with(activity_id, {literal(f'{source}:{start}')})"
    living = f"{mine} and is_deleted is not true and coalesce(_updated_at, created_at, occurred_at) < ?"
    listed = [f"{source}:{prefix}{one}" for one in ids]
    connection.execute("create or replace temp table listed as select unnest(?) as activity_id", [listed])
    where = f"from core.latest_activities where {living} and activity_id not in (select activity_id from listed)"
    (missing,) = connection.execute(f"select count(*) {where}", [began]).fetchone() or (0,)
    (all_there,) = connection.execute(
        f"select count(*) from core.latest_activities where {living}", [began]
    ).fetchone() or (0,)
    if missing > MOST_SHARE * all_there:
        return Vanished(doubt=f"it lacks {missing:,} of {all_there:,} known records")
    rows = connection.execute(f"select {_as_json(source, began)} {where} order by activity_id", [began]).fetchall()
    return Vanished(missing, "".join(f"{row}\n" for (row,) in rows).encode())


def _as_json(source: str, began: datetime) -> str:
    """A stored activity as the canonical row of its deletion."""
    cells = [f"{literal(field)}: {_cell(source, field)}" for field in stored_fields(Activity) if field != "subject"]
    cells = [cell for cell in cells if not cell.startswith(("'is_deleted'", "'updated_at'"))]
    told = f"'is_deleted': 'true', 'updated_at': {literal(began.isoformat())}"
    return f"to_json({{{', '.join(cells)}, {told}}})::varchar"


def _cell(source: str, field: str) -> str:
    column = identifier(column_name(Activity, field))
    start = len(source) + 2
    if Activity.kinds()[field].shape is Shape.ID_LIST:
        return f"list_transform({column}, lambda one: substr(one, {start}))"
    if (field,) == Activity.KEY or field in PREFIXED_REFERENCES:
        return f"substr({column}, {start})"
    return f"{column}::varchar"
