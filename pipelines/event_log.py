"""Dagster's run log with its SQLite files kept open while one night is written into them.

Dagster opens a file, makes an engine, and compiles the statement anew for every event, and asks for every check whether
there is a table of checks: of a night's 700 events that is most of the time. This touches its storage from outside, in our
own process and for our own run; any other storage than the SQLite files of a workspace is left as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import dagster as dg
import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage

_BUSY_SECONDS = 30


@contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """The run log's files stay open until the end of the block. A night makes none of the tables it is asked for."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        yield
        return
    engines: dict[str, sqlalchemy.Engine] = {}

    @contextmanager
    def connect(shard: str) -> Iterator[sqlalchemy.Connection]:
        with storage._db_lock:
            if shard not in engines:
                engines[shard] = _engine(storage.conn_string_for_shard(shard))
                storage._initdb(engines[shard])
            with engines[shard].begin() as connection:
                yield connection

    storage._connect = connect  # type: ignore[method-assign]
    storage.has_table = cache(storage.has_table)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del storage._connect, storage.has_table
        for engine in engines.values():
            engine.dispose()


def _engine(address: str) -> sqlalchemy.Engine:
    """An engine that leaves its connection open, and lets the file itself change with every event.

    The web UI follows a run by watching its file, so nothing may wait in the write-ahead log beside it.
    """
    engine = sqlalchemy.create_engine(address, connect_args={"timeout": _BUSY_SECONDS})

    @sqlalchemy.event.listens_for(engine, "connect")
    def _write_through(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("pragma wal_autocheckpoint = 1")

    return engine
