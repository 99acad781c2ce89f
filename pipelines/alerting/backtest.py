"""A backtest: past nights judged one by one on the published tables, so that limits are chosen on evidence.

Each night is judged by the same SELECTs and the same fold as tonight, under the present settings; its episodes stand in
Python alone, since writing them night by night would take longer than judging them. Silences and acknowledgements are
left out: the question is what the limits would have raised. The tables are those published now; a late correction is in
them that the night itself did not know. What belongs here: the nights of a range and what became of them. What does
not: the verdicts and the fold, and writing anything: all of it happens in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from models.settings import Settings
from pipelines.alerting.episode_rows import read_told
from pipelines.alerting.episodes import Episode, Night, State, Transition
from pipelines.alerting.fold import Judged, Key, fold_verdicts
from pipelines.night.steps import Progress
from sql.alert_judgement import Evaluation, Status, evaluate
from sql.alert_limits import SOURCE_STALE, write_nights
from sql.inputs import ALERT_LIMIT, ALERT_NIGHT, PARAMETER, create_parameter_table, parameters_of
from sql.quoting import qualified
from sql.rules import Rule
from sql.warehouse import Warehouse

_AT_ONCE = 92
"""Nights that are judged together: what the rules read stays small, and a bar on a terminal moves."""


@dataclass(frozen=True)
class Backtest:
    """What the nights raised: every episode as it stood at the end, its changes, and why rules were not judged."""

    nights: tuple[date, ...]
    episodes: tuple[Episode, ...]
    transitions: tuple[Transition, ...]
    not_judged: dict[str, str]

    def change_of(self, episode: Episode, to_state: State) -> Transition | None:
        """The first time that it came to this state."""
        return self._first.get((episode.alert_id, to_state))

    @cached_property
    def _first(self) -> dict[tuple[str, State], Transition]:
        return {(one.alert_id, one.to_state): one for one in reversed(self.transitions)}


class _History:
    """What the nights so far made of the rules: every episode as it stands, the newest of each subject, and changes."""

    def __init__(self) -> None:
        self.episodes: dict[str, Episode] = {}
        self.newest: dict[Key, Episode] = {}
        self.transitions: list[Transition] = []

    @property
    def open_keys(self) -> list[Key]:
        """Of what stands."""
        return [key for key, episode in self.newest.items() if episode.is_open]

    def add(self, judged: Judged) -> None:
        """One more night."""
        self.episodes |= {episode.alert_id: episode for episode in judged.changed}
        self.newest |= {(one.rule, one.subject_type, one.subject_id): one for one in judged.changed}
        self.transitions += judged.transitions


def run_backtest(
    published: Path,
    settings: Settings,
    rules: Sequence[Rule],
    only: str | None,
    nights: Sequence[date],
    progress: Progress,
) -> Backtest:
    """Judges the nights in order; `only` is a rule. The rule of stale sources is always judged, others stand on it."""
    asked = [rule for rule in rules if only in (None, rule.name) or rule.name == SOURCE_STALE]
    open_settings = settings.model_copy(update={"alerts": settings.alerts.model_copy(update={"silences": ()})})
    history = _History()
    not_judged: dict[str, str] = {}
    engine = settings.engine
    progress.step("nights")
    with Warehouse(previous=published.resolve(), memory_limit=engine.memory_limit, threads=engine.threads) as warehouse:
        connection = warehouse.connection
        _show_published(connection, open_settings, nights[-1])
        for place, chunk in _chunks(nights):
            write_nights(connection, chunk)
            evaluations = evaluate(connection, asked, open_settings)
            not_judged |= dict(_reasons(evaluations))
            told = read_told(connection, chunk, history.open_keys)
            for done, night in enumerate(chunk, place + 1):
                at = _night(night, settings.company.timezone)
                tonight = [one for one in evaluations if one.night_date == night]
                history.add(fold_verdicts(history.newest, told[night], tonight, asked, open_settings, at))
                progress.advance(done, len(nights))
    return _of_rule(
        Backtest(tuple(nights), tuple(history.episodes.values()), tuple(history.transitions), not_judged), only
    )


def nights_between(first: date, last: date) -> list[date]:
    """Every company day from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _show_published(connection: duckdb.DuckDBPyConnection, settings: Settings, last: date) -> None:
    """The published tables under their own names; parameters as settings say now."""
    own = {PARAMETER.table, ALERT_NIGHT.table, ALERT_LIMIT.table}
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'previous' union"
        " select schema_name, view_name from duckdb_views() where database_name = 'previous' and not internal"
    ).fetchall()
    for schema, name in found:
        table = f"{schema}.{name}"
        if table not in own:
            connection.execute(f"create view {qualified(table)} as select * from previous.{qualified(table)}")
    create_parameter_table(connection, parameters_of(settings, _night(last, settings.company.timezone).as_of))


def _night(day: date, timezone: str) -> Night:
    return Night(day, datetime.combine(day, time.max, ZoneInfo(timezone)).astimezone(UTC))


def _chunks(nights: Sequence[date]) -> Iterator[tuple[int, Sequence[date]]]:
    for place in range(0, len(nights), _AT_ONCE):
        yield place, nights[place : place + _AT_ONCE]


def _reasons(evaluations: Iterable[Evaluation]) -> Iterator[tuple[str, str]]:
    for one in evaluations:
        if one.status is not Status.JUDGED:
            yield one.rule, one.reason or str(one.status)


def _of_rule(found: Backtest, only: str | None) -> Backtest:
    if only is None:
        return found
    episodes = tuple(episode for episode in found.episodes if episode.rule == only)
    names = {episode.alert_id for episode in episodes}
    transitions = tuple(one for one in found.transitions if one.alert_id in names)
    not_judged = {rule: reason for rule, reason in found.not_judged.items() if rule == only}
    return Backtest(found.nights, episodes, transitions, not_judged)
