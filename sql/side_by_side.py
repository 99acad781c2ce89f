"""Work on tables that do not read each other, at the same time: a second core is idle while a small one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from queue import SimpleQueue
from typing import TypeVar

import duckdb

from sql.quoting import identifier

LANES = 2
"""More would share the same cores and multiply the memory that one large table takes."""

INTERRUPT_SECONDS = 0.05
"""How often the others are interrupted after an error: a statement that begins only now would not hear a single call."""

Made = TypeVar("Made")


def side_by_side(
    connection: duckdb.DuckDBPyConnection,
    before: Mapping[str, Set[str]],
    make: Callable[[duckdb.DuckDBPyConnection, str], Made],
    lanes: int = LANES,
) -> Iterator[tuple[str, Made]]:
    """Makes every name of `before` after those it maps to, in so many `lanes`; yields each with what `make` returned, as
    they finish.

    `make` gets a connection of its own, to the same databases. What comes after a name is not begun until the
    caller has taken its result. When one raises, the others are interrupted and the error is raised here.
    """
    order = TopologicalSorter(before)
    order.prepare()
    connections = [another(connection) for _ in range(lanes)]
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for lane in connections:
        free.put(lane)

    def in_a_lane(name: str) -> Made:
        lane = free.get()
        try:
            return make(lane, name)
        finally:
            free.put(lane)

    pool = ThreadPoolExecutor(lanes)
    running: dict[Future[Made], str] = {}
    try:
        while order.is_active():
            running |= {pool.submit(in_a_lane, name): name for name in order.get_ready()}
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                yield name, future.result()
                order.done(name)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        begun = [future for future in running if not future.cancelled()]  # nobody tells `wait` of a cancelled one
        while wait(begun, timeout=INTERRUPT_SECONDS).not_done:
            for lane in connections:
                lane.interrupt()
        for lane in connections:
            lane.close()


def another(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection that stands in the same database: a cursor does not take that over."""
    (database,) = connection.execute("select current_database()").fetchone() or ("",)
    lane = connection.cursor()
    lane.execute(f"use {identifier(database)}")
    return lane
