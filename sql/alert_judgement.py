"""Evaluates alert rules: every rule's SELECT into staging.alert_reading, then one verdict per night, rule and subject.

All nights of core.alert_night are judged together, one of them tonight or hundreds in a backtest. What belongs here:
running the rules and refusing what they must not return. What does not: episodes, which are made of the verdicts in
staging.alert_judgement by pipelines/alerting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import duckdb

from models.alert_settings import RuleSettings, SilenceRule
from models.settings import Settings
from models.tables import Column, TableSpec
from sql.alert_limits import write_limits
from sql.build import existing_kinds
from sql.rows import Cell, create_table, insert_rows
from sql.rules import Rule

ENGINE_READS = (
    "core.dim_rep",
    "core.fct_activity",
    "core.fct_rep_day",
    "core.fct_time_off",
    "core.holiday",
    "core.parameter",
    "core.source",
    "ops.load_accounting",
)
"""What is read to know who exists and whose figures say little, whatever the rules read."""

_FOLDER = Path(__file__).with_name("judgement")


class Status(StrEnum):
    """What became of a rule on a night."""

    JUDGED = "judged"
    REFUSED = "refused"
    """Its rows broke a rule or its SELECT failed: nothing that it said counts, and what stood stands."""
    NOT_BUILT = "not_built"
    """A table it reads is left out by metrics.subjects."""
    OFF = "off"


@dataclass(frozen=True)
class Evaluation:
    """A rule on a night: `subjects` it had a figure of, how many of them are beyond a limit, and how many of those
    are suppressed."""

    night_date: date
    rule: str
    status: Status
    reason: str | None = None
    subjects: int = 0
    beyond: int = 0
    suppressed: int = 0


def _staging(name: str, **columns: str) -> TableSpec:
    declared = tuple(Column(name=column, type=kind, description=column) for column, kind in columns.items())
    return TableSpec(table=f"staging.{name}", description=name, grain=tuple(columns)[:1], columns=declared)


_RULE = _staging(
    "alert_rule",
    rule="VARCHAR", subject_type="VARCHAR", min_sample="BIGINT", suppressors="VARCHAR[]", stands_on="VARCHAR[]",
)  # fmt: skip
_RULE_LIMIT = _staging("alert_rule_limit", rule="VARCHAR", limit_name="VARCHAR", beyond="VARCHAR", unit="VARCHAR")
_SILENCE = _staging(
    "alert_silence", rule="VARCHAR", subject="VARCHAR", team="VARCHAR", from_date="DATE", to_date="DATE"
)
_READING = _staging(
    "alert_reading",
    night_date="DATE", rule="VARCHAR", subject_id="VARCHAR", limit_name="VARCHAR", value="DOUBLE", sample="BIGINT",
    baseline="DOUBLE", peers="DOUBLE", evidence="VARCHAR",
)  # fmt: skip


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    settings: Settings,
    silences: Iterable[SilenceRule] = (),
) -> tuple[Evaluation, ...]:
    """Judges the nights of core.alert_night; leaves core.alert_limit and staging.alert_judgement, _subject and _stale.

    `silences` are those that people gave beside those of settings. A rule that returns what it must not is refused,
    with its reason and file, and the others go on. One evaluation a night and rule, by night, then rule.
    """
    standing = _standing(connection, rules, settings)
    judged = [rule for rule in rules if standing[rule.name][0] is Status.JUDGED]
    write_limits(connection, rules, settings)
    _write_rules(connection, judged, settings)
    _write_silences(connection, (*settings.alerts.silences, *silences))
    standing |= _read_rules(connection, judged)
    for name, table in _STEPS:
        text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        connection.execute(f"create or replace table staging.{table} as\n{text}")
    return _evaluations(connection, standing)


_STEPS = (
    ("subject", "alert_subject"),
    ("measured", "alert_measured"),
    ("stale", "alert_stale"),
    ("verdict", "alert_judgement"),
)
"""Each query of sql/judgement and its table, in order."""

_Standing = dict[str, tuple[Status, str | None]]


def _standing(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], settings: Settings) -> _Standing:
    """Which rules can be asked."""
    built = existing_kinds(connection).keys()
    found: _Standing = {}
    for rule in rules:
        said = settings.alerts.rules.get(rule.name, RuleSettings())
        missing = sorted(rule.query.reads - built - {"core.alert_limit"})
        if not settings.alerts.enabled or not said.enabled:
            key = "alerts.enabled" if not settings.alerts.enabled else f"alerts.rules.{rule.name}.enabled"
            found[rule.name] = Status.OFF, f"{key} is false"
        elif missing:
            found[rule.name] = Status.NOT_BUILT, f"metrics.subjects leaves out {missing[0]}"
        else:
            found[rule.name] = Status.JUDGED, None
    return found


def _write_rules(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], settings: Settings) -> None:
    rows: list[dict[str, Cell]] = []
    limits: list[dict[str, Cell]] = []
    for rule in rules:
        spec = rule.spec
        minimum = settings.alerts.rules.get(rule.name, RuleSettings()).min_sample or spec.min_sample
        rows.append(
            {
                "rule": rule.name,
                "subject_type": spec.subject_type,
                "min_sample": None if minimum is None else str(minimum),
                "suppressors": [str(one) for one in spec.all_suppressors],
                "stands_on": list(spec.stands_on),
            }
        )
        limits += [
            {"rule": rule.name, "limit_name": one.name, "beyond": one.beyond, "unit": one.unit} for one in spec.limits
        ]
    insert_rows(connection, create_table(connection, _RULE), _RULE, rows)
    insert_rows(connection, create_table(connection, _RULE_LIMIT), _RULE_LIMIT, limits)


def _write_silences(connection: duckdb.DuckDBPyConnection, silences: Iterable[SilenceRule]) -> None:
    rows: list[dict[str, Cell]] = [
        {
            "rule": one.rule,
            "subject": one.subject,
            "team": one.team,
            "from_date": one.from_date.isoformat() if one.from_date else None,
            "to_date": one.to_date.isoformat() if one.to_date else None,
        }
        for one in silences
    ]
    insert_rows(connection, create_table(connection, _SILENCE), _SILENCE, rows)


def _read_rules(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> _Standing:
    """Fills staging.alert_reading; returns the rules that are refused, none of whose rows are left in it."""
    create_table(connection, _READING)
    refused: _Standing = {}
    for rule in rules:
        try:
            connection.execute(
                "insert into staging.alert_reading"
                " select night_date, ?, subject_id, limit_name, value::double, sample::bigint, baseline::double,"
                f" peers::double, to_json(evidence)::varchar from (\n{rule.query.text}\n) as said",
                [rule.name],
            )
        except duckdb.Error as error:
            refused[rule.name] = Status.REFUSED, f"its SELECT failed: {str(error).splitlines()[0]} ({rule.path.name})"
    refused |= _faults(connection, {rule.name: rule for rule in rules})
    connection.execute("delete from staging.alert_reading where list_contains(?::varchar[], rule)", [list(refused)])
    return refused


def _faults(connection: duckdb.DuckDBPyConnection, rules: Mapping[str, Rule]) -> _Standing:
    """By rule the first thing that is wrong with its rows."""
    found = connection.execute((_FOLDER / "refusal.sql").read_text(encoding="utf-8")).fetchall()
    faults: _Standing = {}
    for rule, _, reason in found:
        faults.setdefault(rule, (Status.REFUSED, f"{reason} ({rules[rule].path.name})"))
    return faults


def _evaluations(connection: duckdb.DuckDBPyConnection, standing: _Standing) -> tuple[Evaluation, ...]:
    counted = connection.execute(
        "select night_date, rule, count(*), count(*) filter (where verdict = 'beyond'),"
        " count(*) filter (where verdict = 'beyond' and suppressed_by is not null)"
        " from staging.alert_judgement where verdict <> 'gone' group by night_date, rule"
    ).fetchall()
    counts = {(night, rule): numbers for night, rule, *numbers in counted}
    nights = connection.execute("select night_date from core.alert_night order by night_date").fetchall()
    return tuple(
        Evaluation(night, rule, status, reason, *counts.get((night, rule), ()))
        for (night,) in nights
        for rule, (status, reason) in sorted(standing.items())
    )
