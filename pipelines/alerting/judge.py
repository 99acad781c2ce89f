"""One night of alerts: verdicts become episodes in marts.alerts, their changes and what was judged go to ops.

Only subjects that are beyond a limit or have an open episode reach Python. What belongs here: the order of a night of
alerts, and writing what the fold makes of it. What does not: the verdicts (sql/alert_judgement.py), the fold (fold.py),
and telling anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import duckdb

from models.alert_settings import SilenceRule
from models.settings import Settings
from pipelines.alerting.episode_rows import merge_rows, newest_episodes, read_told
from pipelines.alerting.episodes import Night
from pipelines.alerting.fold import Judged, fold_verdicts
from sql.alert_judgement import Evaluation, evaluate
from sql.alert_limits import write_nights
from sql.rules import Rule


def judge_night(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    settings: Settings,
    night: Night,
    acknowledged: frozenset[str] = frozenset(),
    silences: Iterable[SilenceRule] = (),
) -> Judged:
    """Judges one night on the tables as they stand; `acknowledged` are alert ids, `silences` those that people gave.

    A night that lies before one that was judged changes nothing: rebuilt history does not alert. Judging a night again
    changes nothing either.
    """
    if _is_history(connection, night):
        return Judged()
    write_nights(connection, [night.date])
    evaluations = evaluate(connection, rules, settings, silences)
    return fold_night(connection, rules, settings, night, acknowledged, evaluations)


def fold_night(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    settings: Settings,
    night: Night,
    acknowledged: frozenset[str],
    evaluations: Iterable[Evaluation],
) -> Judged:
    """One of the nights that were evaluated, folded into the episodes of marts.alerts and written there."""
    tonight = [one for one in evaluations if one.night_date == night.date]
    episodes = newest_episodes(connection, night)
    told = read_told(connection, [night.date], episodes)[night.date]
    judged = fold_verdicts(episodes, told, tonight, rules, settings, night, acknowledged)
    _write(connection, night, judged)
    return judged


def _is_history(connection: duckdb.DuckDBPyConnection, night: Night) -> bool:
    found = connection.execute("select max(as_of) > ? from ops.alert_evaluation", [night.as_of]).fetchone()
    return bool(found and found[0])


def _write(connection: duckdb.DuckDBPyConnection, night: Night, judged: Judged) -> None:
    """Only what changed: the rest is carried with the generation."""
    merge_rows(connection, "marts.alerts", [asdict(one) for one in judged.changed])
    merge_rows(connection, "ops.alert_transition", [asdict(one) for one in judged.transitions])
    merge_rows(connection, "ops.alert_evaluation", [asdict(one) | {"as_of": night.as_of} for one in judged.evaluations])
