"""Rows of DuckDB that the engine reads, kept in the storage from night to night: only what differs is sent.

A table is cut by the day or month of its date, and a part is named by a hash of its rows. So whatever happened since - a
night on DuckDB, a rollback, an erasure - a part that lies there under the name that tonight's rows have is right, and
every other is sent, and removed once no build asks for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from shutil import rmtree

import duckdb

from models.tables import TableSpec, WriteMode
from sql.engines.parquet import write_parquet
from sql.engines.storage import KEPT, Storage
from sql.quoting import identifier, literal, qualified

ACTIVITIES = "core.latest_activities"
SMALL_ROWS = 100_000
"""A table of fewer rows is one part."""
LARGE_DAY_ROWS = 20_000
"""With so many rows a day and more, the parts are days and not months: a file of a few rows costs more than it spares."""
_LAYOUT = "1"
"""Another one when the same rows are written otherwise."""


@dataclass
class KeptTables:
    """What lies below `touchline_kept`; `sent_bytes` counts what this build had to send."""

    storage: Storage
    sent_bytes: int = 0
    _used: set[str] = field(default_factory=set)

    def send(self, connection: duckdb.DuckDBPyConnection, table: str, spec: TableSpec | None) -> list[str]:
        """Sends the parts of a table or view that are not there; the names of all its parts."""
        part = _part_of(connection, table, spec)
        wanted = _hashes(connection, table, part)
        names = {value: f"{table}/{digest}" for value, digest in wanted.items()}
        missing = [value for value, name in names.items() if name not in self._there]
        if missing:
            self._write(connection, table, part, {value: names[value] for value in missing})
        self._used |= set(names.values())
        return [f"{KEPT}/{name}" for name in names.values()]

    def remove_all(self) -> None:
        """Nothing is kept."""
        self.storage.remove([KEPT])
        self._lying.clear()
        self._there.clear()

    def remove_unused(self) -> None:
        """Removes every part that nobody asked for since this was made, also half a part that a killed night left."""
        lying = {name.rpartition("/")[0] for name in self.storage.files(KEPT)}
        self.storage.remove(f"{KEPT}/{name}" for name in sorted(lying - self._used))

    @cached_property
    def _lying(self) -> dict[str, list[str]]:
        """The files of every part that lies there, whole or not."""
        found: dict[str, list[str]] = {}
        for name in self.storage.files(KEPT):
            folder, _, file = name.rpartition("/")
            found.setdefault(folder, []).append(file)
        return found

    @cached_property
    def _there(self) -> set[str]:
        """Parts that are whole: each file says of how many it is one."""
        return {folder for folder, files in self._lying.items() if files[0].endswith(f"_of_{len(files)}.parquet")}

    def _write(self, connection: duckdb.DuckDBPyConnection, table: str, part: str, names: Mapping[str, str]) -> None:
        """Writes these parts in one pass over the table, and sends them."""
        folder = self.storage.scratch / table
        rmtree(folder, ignore_errors=True)
        write_parquet(connection, table, folder, part, list(names))
        for value, name in names.items():
            written = folder / f"part={value}"
            files = sorted(written.iterdir())
            for place, file in enumerate(files, start=1):
                self.sent_bytes += file.stat().st_size
                file.rename(written / f"{place}_of_{len(files)}.parquet")
            if name in self._lying:
                self.storage.remove([f"{KEPT}/{name}"])
            self.storage.send(written, f"{KEPT}/{name}")
            self._there.add(name)
        rmtree(folder, ignore_errors=True)


def _part_of(connection: duckdb.DuckDBPyConnection, table: str, spec: TableSpec | None) -> str:
    """The expression of the part that a row is in."""
    column = None if spec is None else dated_column(spec)
    if column is None:
        return literal("all")
    day = identifier(column)
    rows, days = connection.execute(f"select count(*), count(distinct {day}) from {qualified(table)}").fetchone() or (0, 0)  # fmt: skip
    if rows < SMALL_ROWS:
        return literal("all")
    form = "%Y-%m-%d" if rows >= LARGE_DAY_ROWS * days else "%Y-%m"
    return f"coalesce(strftime({day}, {literal(form)}), 'none')"


def dated_column(spec: TableSpec) -> str | None:
    """The date by which a table is cut: of activities their day, of a window's table what the window goes by."""
    if spec.table == ACTIVITIES:
        return "activity_date"
    if spec.write is not WriteMode.WINDOW or spec.window is None:
        return None
    dates = {column.name for column in spec.columns if column.type == "DATE"}
    return next((name for name in spec.window.by if name in dates), None)


def _hashes(connection: duckdb.DuckDBPyConnection, table: str, part: str) -> dict[str, str]:
    """The name of each part: of no rows there is one too, since a table has columns."""
    columns = connection.execute(f"describe select * from {qualified(table)}").fetchall()
    found = connection.execute(
        f"select {part} as part, count(*), sum(hash(stored)) from {qualified(table)} as stored group by 1 order by 1"
    ).fetchall()
    version = (duckdb.__version__, _LAYOUT, columns)
    return {
        str(value): hashlib.sha256(repr((version, value, rows, digest)).encode()).hexdigest()[:32]
        for value, rows, digest in found or [("all", 0, 0)]
    }
