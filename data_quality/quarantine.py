"""Rejected rows: the masked line that people read in crm.duckdb, and the row as it came in private.duckdb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from models.personal import masked

EXCERPT_LENGTH = 200


@dataclass(frozen=True)
class Rejected:
    """One broken rule of one record; `raw` is the record as it came, as JSON or text.

    `record_id` is what core would show of it; `found` is masked on its way into crm.duckdb.
    """

    load_id: str
    source: str
    entity: str
    file_name: str
    line_number: int
    record_id: str | None
    field: str | None
    rule: str
    message: str
    found: str
    raw: str

    @property
    def rejected_id(self) -> str:
        """The same for the same load, line, field and rule, so that a rebuild recognises it."""
        return f"{self.load_id}:{self.line_number}:{self.field or ''}:{self.rule}"


def excerpt(text: str) -> str:
    """The text with e-mail addresses and phone numbers masked, control characters shown, cut to length."""
    return visible(masked(text))[:EXCERPT_LENGTH]


def visible(text: str) -> str:
    """The text with control characters shown as `\\x1b`, so that nothing that a source wrote moves a terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def create_private_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """private.quarantined_row: the record behind each rejected line."""
    connection.execute(
        "create table if not exists private.quarantined_row (load_id varchar, line_number bigint, raw varchar)"
    )


def write_rejected(connection: duckdb.DuckDBPyConnection, rejected: Sequence[Rejected]) -> None:
    """Adds the rows to quarantine.rejected and private.quarantined_row; rows already there are left as they are."""
    new = _not_yet_there(connection, rejected)
    if not new:
        return
    messages = {message: masked(message) for message in {row.message for row in new}}  # thousands of rows share one
    columns = list(zip(*(_line(row, messages[row.message]) for row in new), strict=True))
    connection.execute(
        f"insert into quarantine.rejected select {_unnested(len(columns))}, null, null, null, null",
        [list(column) for column in columns],
    )
    write_rows_as_they_came(connection, new)


def write_rows_as_they_came(connection: duckdb.DuckDBPyConnection, rejected: Sequence[Rejected]) -> None:
    """The records behind rejected lines, in the place of what stood there."""
    if not rejected:
        return
    lines = {(row.load_id, row.line_number): row.raw for row in rejected}
    loads, numbers, raws = (list(column) for column in zip(*((*key, raw) for key, raw in lines.items()), strict=True))
    connection.execute(
        "delete from private.quarantined_row where (load_id, line_number) in (select (unnest(?), unnest(?)))",
        [loads, numbers],
    )
    connection.execute(f"insert into private.quarantined_row select {_unnested(3)}", [loads, numbers, raws])


def show_anew(connection: duckdb.DuckDBPyConnection, rejected: Sequence[Rejected]) -> None:
    """Rows that stand in quarantine as their file has them now: after an erasure it no longer names the person."""
    if not rejected:
        return
    lists = [list(column) for column in zip(*((r.load_id, r.line_number, r.raw) for r in rejected), strict=True)]
    connection.execute(
        f"""
        update private.quarantined_row as known set raw = said.raw
        from (select {_unnested(3)}) as said (load_id, line_number, raw)
        where (known.load_id, known.line_number) = (said.load_id, said.line_number)
        """,
        lists,
    )
    shown = [[row.rejected_id for row in rejected], [excerpt(row.found) for row in rejected]]
    connection.execute(
        f"""
        update quarantine.rejected as known set excerpt = said.excerpt
        from (select {_unnested(2)}) as said (rejected_id, excerpt)
        where known.rejected_id = said.rejected_id and known.excerpt <> ''
        """,
        shown,
    )


def _line(row: Rejected, message: str) -> tuple[object, ...]:
    record_id = None if row.record_id is None else visible(row.record_id)[:EXCERPT_LENGTH]
    where = (row.rejected_id, row.load_id, row.source, row.entity, row.file_name, row.line_number, record_id)
    return (*where, row.field, row.rule, message, excerpt(row.found))


def _unnested(lists: int) -> str:
    """Parallel unnest of bound lists: one statement for any number of rows (executemany pays for each row)."""
    return ", ".join("unnest(?)" for _ in range(lists))


def _not_yet_there(connection: duckdb.DuckDBPyConnection, rejected: Sequence[Rejected]) -> list[Rejected]:
    loads = sorted({row.load_id for row in rejected})
    there = {
        key
        for (key,) in connection.execute(
            "select rejected_id from quarantine.rejected where load_id in (select unnest(?::varchar[]))", [loads]
        ).fetchall()
    }
    unique = {row.rejected_id: row for row in rejected if row.rejected_id not in there}
    return list(unique.values())
