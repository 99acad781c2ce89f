"""Opens and closes DuckDB as this project wants it: UTC, no extensions fetched, limits from the settings.

What belongs here: connections and attached databases. What does not: what the tables hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from sql.quoting import identifier, literal

PUBLISHED_SCHEMAS = ("core", "marts", "quarantine", "ops")
STORAGE_VERSION = "v1.0.0"
"""Of every file we write to be kept: DuckDB 1.x opens it too."""
SCRATCH_VERSION = "latest"
"""Of what lives for a night: the newest ways to compress are tried in four fifths of the time."""

_NEVER = "1TB"
"""So many bytes are written before a checkpoint that none comes. By itself DuckDB makes one every 16 MB, of what lies in memory
too, where it does nothing but compress the rows: of a million in fifteen files that took longer than to read and judge them. The
files of a build get theirs when it is over; until then nobody else opens them."""

_SESSION = (
    "set global TimeZone='UTC'",
    "set autoinstall_known_extensions=false",
    "set autoload_known_extensions=false",
    "set preserve_insertion_order=true",
    # Short lists of constants stay conditions: as joins they cost a file of validated rows half its time.
    "set global disabled_optimizers='in_clause'",
)
_LOCKDOWN = ("set enable_external_access=false", "set lock_configuration=true")


@dataclass
class Warehouse:
    """The databases of one build, open together in one connection that stands in `crm`.

    A `None` path is a database in memory, except for `previous` and `private`: those are then not attached.
    `previous` is read-only; `spill` is where rows go that do not fit in memory. Files with identities (staging, private) are readable by their owner only.
    """

    crm: Path | None = None
    staging: Path | None = None
    previous: Path | None = None
    private: Path | None = None
    memory_limit: str = "70%"
    threads: int | None = None
    spill: Path | None = None
    connection: duckdb.DuckDBPyConnection = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self.connection = connect(self.memory_limit, self.threads)
        try:
            self._attach_all()
        except BaseException:
            self.connection.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._checkpoint()
        finally:
            self.connection.close()

    def _checkpoint(self) -> None:
        """Closing would do it too, and would swallow that the disk is full: a log would stay beside the file."""
        for name, path in (("crm", self.crm), ("private", self.private)):
            if path is not None:
                self.connection.execute(f"checkpoint {identifier(name)}")

    def _attach_all(self) -> None:
        if self.spill is not None:  # the default is a folder `.tmp` wherever the process was started
            self.connection.execute(f"set temp_directory={literal(str(self.spill))}")
        attach(self.connection, "crm", self.crm)
        attach(self.connection, "staging", self.staging, owner_only=True, version=SCRATCH_VERSION)
        if self.staging is None:
            self.connection.execute(f"set checkpoint_threshold={literal(_NEVER)}")
        if self.private is not None:
            attach(self.connection, "private", self.private, owner_only=True)
        if self.previous is not None:
            self.connection.execute(f"attach {literal(str(self.previous))} as previous (read_only)")
        self.connection.execute("use crm")
        for schema in PUBLISHED_SCHEMAS:
            self.connection.execute(f"create schema if not exists {schema}")


def connect(memory_limit: str = "70%", threads: int | None = None, name: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A connection to a database in memory, with our session settings; `:memory:<name>` is one to share."""
    connection = duckdb.connect(name)
    _execute_all(connection, _settings(connection, memory_limit, threads))
    return connection


def attach(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    path: Path | None,
    *,
    owner_only: bool = False,
    version: str = STORAGE_VERSION,
) -> None:
    """Attaches a database for writing and creates it, in the storage `version`, when it is new."""
    is_new = path is not None and not path.exists()
    option = f" (storage_version '{version}')" if is_new else ""
    connection.execute(f"attach {literal(':memory:' if path is None else str(path))} as {identifier(name)}{option}")
    if owner_only and path is not None:
        path.chmod(0o600)


def open_published(path: Path, memory_limit: str = "70%", threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a published file that can reach nothing else: no file, no network, no setting.

    No `allowed_directories` here: the generation's folder also holds private.duckdb, and whoever may read a
    folder may attach and write what is in it. DuckDB itself allows the one file that is open. Two connections of
    one process to one file share their settings: those that the first one locked are right already.
    """
    connection = duckdb.connect(str(path), read_only=True)
    locked = connection.execute("select current_setting('lock_configuration')").fetchone()
    if locked != (True,):
        _execute_all(connection, (*_settings(connection, memory_limit, threads), *_LOCKDOWN))
    return connection


def _settings(connection: duckdb.DuckDBPyConnection, memory_limit: str, threads: int | None) -> tuple[str, ...]:
    limit = f"set memory_limit={literal(_absolute(connection, memory_limit))}"
    return (*_SESSION, limit) if threads is None else (*_SESSION, limit, f"set threads={threads:d}")


def _absolute(connection: duckdb.DuckDBPyConnection, memory_limit: str) -> str:
    """A share as an amount: DuckDB 1.x knows no '%', but its own default is 80% of what the machine or cgroup has."""
    if not memory_limit.endswith("%"):
        return memory_limit
    default = connection.execute("select current_setting('memory_limit')").fetchone()
    amount, unit = str(default[0] if default else "1 GiB").split()
    return f"{float(amount) * float(memory_limit.removesuffix('%')) / 80:.3f}{unit}"


def _execute_all(connection: duckdb.DuckDBPyConnection, statements: tuple[str, ...]) -> None:
    """Runs the statements and closes the connection when one of them fails."""
    try:
        for statement in statements:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
