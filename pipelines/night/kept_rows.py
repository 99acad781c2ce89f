"""Rows that stand in the place of a landed file that grew too old: typed and protected as core has them, in Parquet.

Every version in the file's order, so that a rebuild finds the same winners; a rejected row is an empty line. No name,
address or number of a contact is in them, and no column that nothing reads. What does not belong here: when a file is
old (retention.py).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

import duckdb

from models.errors import TouchlineError
from models.records import Record
from pipelines.night.generation import Generation
from pipelines.night.ingest import FileResult
from pipelines.night.landing import ASIDE
from pipelines.night.orders import FileKey
from pipelines.night.stage_sql import WITHHELD, staged_table
from pipelines.night.whole_file import sync
from sql.quoting import identifier, literal
from sql.records import stored_columns

ROWS = "[0-9a-f]*-*.parquet"
"""How their files are called: the landed file's sha256, and a hash of what was read from it."""


def rows_file(landed: Path, key: FileKey) -> Path:
    """Where the rows of one reading of a landed file lie."""
    source, entity, sha256, object_name = key
    reading = hashlib.sha256("\x1f".join((source, entity, object_name)).encode()).hexdigest()[:12]
    return landed / f"{sha256}-{reading}.parquet"


def write_rows(connection: duckdb.DuckDBPyConnection, contract: type[Record], path: Path, key_id: str) -> None:
    """Writes the staged rows of one file; `key_id` tells under which secret key their tokens were made."""
    whole = "_broken = 0 and _unmapped = 0"
    shown = ", ".join(
        f"case when {whole} then {identifier(name)} end as {identifier(name)}" for name in _columns(contract)
    )
    aside = path.with_name(f"{ASIDE}{os.getpid()}")
    connection.execute(
        f"copy (select {shown}, if({whole}, 0, {WITHHELD}) as _broken from {staged_table(contract)} order by rowid)"
        f" to {literal(str(aside))} (format parquet, kv_metadata {{key_id: {literal(key_id)}}})"
    )
    aside.chmod(0o600)
    sync(aside)
    aside.replace(path)


def _columns(contract: type[Record]) -> list[str]:
    return [name for name in stored_columns(contract) if name != "_sequence"]


def key_id_of(path: Path) -> str:
    """Under which secret key the rows were kept."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select value from parquet_kv_metadata({literal(str(path))}) where key = 'key_id'"
        ).fetchone()
    return bytes(found[0]).decode() if found else ""


def read_kept(
    connection: duckdb.DuckDBPyConnection, contract: type[Record], path: Path, load_number: int, key_id: str
) -> FileResult:
    """Stages kept rows again. Columns that the contract has since then are blank. Raises TouchlineError under another key."""
    if key_id_of(path) != key_id:
        raise TouchlineError(
            "the secret key changed, and files older than privacy.keep_landed_days are there as rows with tokens of the"
            " former key only",
            "Set the former key again. To change it for good put those files into the inbox again first; ops.load names"
            " them.",
        )
    there = {
        row[0] for row in connection.execute(f"describe select * from read_parquet({literal(str(path))})").fetchall()
    }
    columns = ", ".join(identifier(name) for name in _columns(contract) if name in there)
    staged = staged_table(contract)
    (count,) = connection.execute(
        f"insert into {staged} ({columns}, _load_number, _broken, _unmapped)"
        f" select {columns}, {load_number}, _broken, 0 from read_parquet({literal(str(path))})"
    ).fetchone() or (0,)
    (first,) = connection.execute(
        f"select coalesce(min(rowid), 0) from {staged} where _load_number = ?", [load_number]
    ).fetchone() or (0,)
    return FileResult(
        rows_read=int(count),
        rows_valid=int(count),
        rows_quarantined=0,
        rows_ignored=0,
        rejected=(),
        matched={},
        unnamed=(),
        line_of=lambda place: place,
        first_row=int(first),
        row_count=int(count),
        is_kept=True,
    )


def carry_identities(connection: duckdb.DuckDBPyConnection, previous: Generation, loads: Collection[int]) -> None:
    """Who the contacts are whose winning version is a kept row (of these loads, by number): the rows do not say it, the
    generation before does."""
    if not loads:
        return
    connection.execute(f"attach {literal(str(previous.private))} as previous_private (read_only)")
    connection.execute(
        """
        update private.contact_identity as now set full_name = old.full_name, email = old.email, phone = old.phone
        from previous_private.contact_identity as old
        where now.contact_id = old.contact_id and now.contact_key is not distinct from old.contact_key
            and now.contact_id in (
                select staged.contact_id from staging.rows_contacts as staged
                join core.latest_contacts as latest
                    on latest.contact_id = staged.contact_id and latest._row_hash = staged._row_hash
                where staged._load_number in (select unnest(?))
            )
        """,
        [list(loads)],
    )
    connection.execute("detach previous_private")
