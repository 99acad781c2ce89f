"""Rows ↔ episodes: what stands in marts.alerts, what tonight says of it, and writing back only what changed.

What belongs here: reading and writing. What does not: what a verdict makes of an episode (episodes.py, fold.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import duckdb

from models.alerts import AlertSeverity, Suppressor
from pipelines.alerting.episodes import Episode, Judgement, Night, State, Transition, Verdict
from pipelines.alerting.fold import JUDGED, Key, Told
from sql.ledger import ledger_tables
from sql.quoting import identifier
from sql.rows import create_table, insert_rows

_EPISODE = tuple(field.name for field in fields(Episode))
_TRANSITION = tuple(field.name for field in fields(Transition))

_FOLLOWED = """
    create or replace table staging.alert_followed as
    select unnest(?::varchar[]) as rule, unnest(?::varchar[]) as subject_type, unnest(?::varchar[]) as subject_id
    union
    select rule, subject_type, subject_id from staging.alert_judgement
    where verdict = 'beyond' and list_contains(?::date[], night_date)
"""


def newest_episodes(connection: duckdb.DuckDBPyConnection, night: Night) -> dict[Key, Episode]:
    """By rule and subject what stands, or began and ended on this very day."""
    columns = ", ".join(map(identifier, _EPISODE))
    rows = connection.execute(
        f"select {columns} from marts.alerts where state <> 'resolved' or started_date = ?"
        " order by started_date, started_at, alert_id",
        [night.date],
    ).fetchall()
    return {(one.rule, one.subject_type, one.subject_id): one for one in map(_episode, rows)}


def _episode(row: Sequence[Any]) -> Episode:
    held = dict(zip(_EPISODE, row, strict=True))
    by = held["suppressed_by"]
    typed = {"severity": AlertSeverity(held["severity"]), "state": State(held["state"])}
    return Episode(**{**held, **typed, "suppressed_by": Suppressor(by) if by else None})


def read_told(
    connection: duckdb.DuckDBPyConnection, nights: Sequence[date], followed: Collection[Key]
) -> dict[date, Told]:
    """What each of the nights says of the subjects that are beyond on one of them, and of those `followed`."""
    keys = [[key[place] for key in followed] for place in range(3)]
    connection.execute(_FOLLOWED, [*keys, list(nights)])
    columns = ", ".join(map(identifier, JUDGED))
    judged = _by_night(connection, nights, "alert_judgement", columns, "rule, subject_type, subject_id")
    there = _by_night(connection, nights, "alert_subject", "subject_type, subject_id", "subject_type, subject_id")
    stale = _by_night(connection, nights, "alert_stale", "rule", "rule")
    return {
        night: Told(
            {(one.rule, one.subject_type, one.subject_id): one for one in map(_judgement, judged[night])},
            frozenset((subject_type, subject_id) for subject_type, subject_id in there[night]),
            frozenset(rule for (rule,) in stale[night]),
        )
        for night in nights
    }


def _by_night(
    connection: duckdb.DuckDBPyConnection, nights: Sequence[date], table: str, columns: str, same: str
) -> dict[date, list[tuple[Any, ...]]]:
    """The rows of a table of staging that are about what is followed."""
    found: dict[date, list[tuple[Any, ...]]] = {night: [] for night in nights}
    rows = connection.execute(
        f"select night_date, {columns} from staging.{table} semi join staging.alert_followed using ({same})"
        " where list_contains(?::date[], night_date)",
        [list(nights)],
    ).fetchall()
    for night, *row in rows:
        found[night].append(tuple(row))
    return found


def _judgement(row: Sequence[Any]) -> Judgement:
    held = dict(zip(JUDGED, row, strict=True))
    by = held["suppressed_by"]
    return Judgement(**{**held, "verdict": Verdict(held["verdict"]), "suppressed_by": Suppressor(by) if by else None})


def read_news(connection: duckdb.DuckDBPyConnection) -> list[tuple[Episode, Transition]]:
    """All that people are, or were, to be told, oldest first; each episode as it stands now."""
    episodes = ", ".join(f"a.{identifier(name)}" for name in _EPISODE)
    changes = ", ".join(f"t.{identifier(name)}" for name in _TRANSITION)
    rows = connection.execute(
        f"select {episodes}, {changes} from ops.alert_transition as t join marts.alerts as a using (alert_id)"
        " where t.is_news order by t.changed_at, t.alert_id, t.place"
    ).fetchall()
    return [(_episode(row[: len(_EPISODE)]), _transition(row[len(_EPISODE) :])) for row in rows]


def _transition(row: Sequence[Any]) -> Transition:
    held = dict(zip(_TRANSITION, row, strict=True))
    before = held["from_state"]
    return Transition(**{**held, "from_state": State(before) if before else None, "to_state": State(held["to_state"])})


def merge_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes rows over those of the same grain; columns that they do not name keep their values."""
    if not rows:
        return
    spec = next(one for one in ledger_tables() if one.table == table)
    changed = spec.model_copy(update={"table": "staging.alert_changed"})
    insert_rows(
        connection,
        create_table(connection, changed),
        changed,
        [{name: _text(value) for name, value in row.items()} for row in rows],
    )
    named = ", ".join(map(identifier, rows[0]))
    same = " and ".join(f"t.{identifier(name)} = c.{identifier(name)}" for name in spec.grain)
    moved = ", ".join(f"{identifier(name)} = c.{identifier(name)}" for name in rows[0] if name not in spec.grain)
    connection.execute(f"update {table} as t set {moved} from staging.alert_changed as c where {same}")
    connection.execute(
        f"insert into {table} ({named}) select {named} from staging.alert_changed as c"
        f" where not exists (select 1 from {table} as t where {same})"
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value and str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)
