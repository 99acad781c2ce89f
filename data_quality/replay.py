"""Rows judged a second time: what now passes leaves quarantine, what now breaks a rule enters it, and the accounting
follows row by row. A rebuild under unchanged rules moves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import duckdb

from data_quality.quarantine import Rejected

Fate = Literal["accepted", "duplicate", "superseded", "ignored"]
"""What a row is that no longer stands in quarantine; a count of ops.load_accounting."""
Line = tuple[str, int]
"""A load and the line at which the record begins."""
_LEFT_FIRST = ("accepted", "superseded", "duplicate")


def known_lines(connection: duckdb.DuckDBPyConnection, loads: Collection[str]) -> dict[str, dict[int, str]]:
    """Every line of these loads that was ever quarantined: `standing`, `circle` (of merges), or what it is since."""
    known: dict[str, dict[int, str]] = {}
    rows = connection.execute(
        """
        select load_id, line_number,
            case when bool_and(replayed_at is not null) then coalesce(max(replayed_as), 'accepted')
                when bool_or(rule = 'merge_cycle') then 'circle' else 'standing' end
        from quarantine.rejected where load_id in (select unnest(?::varchar[])) group by all
        """,
        [list(loads)],
    ).fetchall()
    for load_id, line, state in rows:
        known.setdefault(load_id, {})[line] = state
    return known


def judge_again(
    connection: duckdb.DuckDBPyConnection,
    known: Mapping[str, Mapping[int, str]],
    rejected: Sequence[Rejected],
    passed: Mapping[Line, Fate],
    at: datetime,
) -> tuple[int, int]:
    """Records a later judgement of loads: `rejected` are the rules they break now, `passed` the lines that now pass.

    `known` is what stood before (`known_lines`). A line that is still quarantined keeps only the reasons that still
    hold. Returns how many rows passed, and how many came into quarantine that were not in it.
    """
    _keep_current_reasons(connection, rejected)
    let_pass(connection, passed, at)
    broken = {(row.load_id, row.line_number) for row in rejected}
    entered = Counter[tuple[str, str]]()
    for load_id, line in broken:
        before = known.get(load_id, {}).get(line, "")
        if before not in ("standing", "circle"):
            entered[load_id, before] += 1
    for (load_id, before), rows in sorted(entered.items()):
        _enter(connection, load_id, before, rows)
    return len(passed), entered.total()


def let_pass(connection: duckdb.DuckDBPyConnection, passed: Mapping[Line, Fate], at: datetime) -> None:
    """Takes lines that stand in quarantine out of it, each into the count that says what it is now."""
    if not passed:
        return
    lists = [list(column) for column in zip(*((*line, fate) for line, fate in passed.items()), strict=True)]
    connection.execute(
        """
        update quarantine.rejected as rejected set replayed_at = ?, replayed_as = said.fate
        from (select unnest(?) as load_id, unnest(?) as line_number, unnest(?) as fate) as said
        where rejected.load_id = said.load_id and rejected.line_number = said.line_number and rejected.replayed_at is null
        """,
        [at, *lists],
    )
    for (load_id, fate), rows in sorted(Counter((line[0], fate) for line, fate in passed.items()).items()):
        move_rows(connection, load_id, "quarantined", fate, rows)


def move_rows(connection: duckdb.DuckDBPyConnection, load_id: str, source: str, target: str, rows: int) -> None:
    """Moves rows of a load from one count of its accounting to another; rows_read stays their sum."""
    connection.execute(
        f"update ops.load_accounting set rows_{source} = rows_{source} - ?, rows_{target} = rows_{target} + ?"
        " where load_id = ?",
        [rows, rows, load_id],
    )


def _keep_current_reasons(connection: duckdb.DuckDBPyConnection, rejected: Iterable[Rejected]) -> None:
    """Lines that break rules now: reasons that no longer hold go, those that hold again stand again."""
    now = [(row.rejected_id, row.load_id, row.line_number) for row in rejected]
    if not now:
        return
    ids, loads, lines = (list(column) for column in zip(*now, strict=True))
    connection.execute(
        "delete from quarantine.rejected where (load_id, line_number) in (select (unnest(?), unnest(?)))"
        " and rejected_id not in (select unnest(?))",
        [loads, lines, ids],
    )
    connection.execute(
        "update quarantine.rejected set replayed_at = null, replayed_as = null"
        " where replayed_at is not null and rejected_id in (select unnest(?))",
        [ids],
    )


def _enter(connection: duckdb.DuckDBPyConnection, load_id: str, before: str, rows: int) -> None:
    """Moves rows into quarantine: from what a replay had made them, else from accepted as long as there are any."""
    if before:
        move_rows(connection, load_id, before, "quarantined", rows)
        return
    counts = connection.execute(
        f"select {', '.join(f'rows_{part}' for part in _LEFT_FIRST)} from ops.load_accounting where load_id = ?",
        [load_id],
    ).fetchone() or (0, 0, 0)
    for part, count in zip(_LEFT_FIRST, counts, strict=True):
        moved = min(rows, count)
        move_rows(connection, load_id, part, "quarantined", moved)
        rows -= moved
