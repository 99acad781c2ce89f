"""Rows ↔ episodes: what stands in marts.alerts, what tonight says of it, and writing back only what changed.

What belongs here: reading and writing. What does not: what a verdict makes of an episode (episodes.py, judge.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import duckdb

from models.alerts import AlertSeverity, Suppressor
from pipelines.alerting.episodes import Episode, Judgement, Night, State, Verdict
from sql.ledger import ledger_tables
from sql.quoting import identifier
from sql.rows import create_table, insert_rows

Key = tuple[str, str, str]
"""Rule, type and id of the subject: there is one open episode of it."""

JUDGED = tuple(field.name for field in fields(Judgement) if field.name != "reason")
"""What a row of staging.alert_judgement says."""

_EPISODE = tuple(field.name for field in fields(Episode))


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


def judgements_of(connection: duckdb.DuckDBPyConnection, night: Night) -> dict[Key, Judgement]:
    """Of subjects that are beyond, or of which an episode is open or began today."""
    columns = ", ".join(f"j.{identifier(name)}" for name in JUDGED)
    rows = connection.execute(
        f"select {columns} from staging.alert_judgement as j where j.night_date = ? and (j.verdict = 'beyond'"
        " or (j.rule, j.subject_type, j.subject_id) in"
        " (select (a.rule, a.subject_type, a.subject_id) from marts.alerts as a"
        " where a.state <> 'resolved' or a.started_date = ?))",
        [night.date, night.date],
    ).fetchall()
    return {(one.rule, one.subject_type, one.subject_id): one for one in map(_judgement, rows)}


def _judgement(row: Sequence[Any]) -> Judgement:
    held = dict(zip(JUDGED, row, strict=True))
    by = held["suppressed_by"]
    return Judgement(**{**held, "verdict": Verdict(held["verdict"]), "suppressed_by": Suppressor(by) if by else None})


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
