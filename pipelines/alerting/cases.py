"""Cases of alert rules: rows given, a series of nights → the episodes of each, in tests/alerts/<rule>/<case>.yaml.

A case needs the catalogue and the rules, nothing else. All its nights are evaluated together, as a backtest does, and
folded one after the other; so a rule that looks at what its night could not know fails here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.alert_settings import Alerts
from models.errors import CatalogueError, SettingsError, nearest
from models.settings import Settings, Source
from models.strict_yaml import read_yaml
from models.tables import Column, TableSpec
from pipelines.alerting.episodes import Night
from pipelines.alerting.judge import fold_night
from sql.alert_judgement import ENGINE_READS, Status, evaluate
from sql.alert_limits import SOURCE_STALE, check_alert_settings, write_nights
from sql.case_rows import differences, expected_rows, fetch_rows
from sql.case_world import World, fresh_databases
from sql.catalog import Catalogue
from sql.catalog_rules import explain
from sql.inputs import Parameters
from sql.ledger import ledger_tables
from sql.quoting import qualified
from sql.rows import create_table
from sql.rules import Rule

_ALWAYS_COMPARED = ("night", "subject_id", "state", "suppressed_by")
_LOADS = "ops.load_accounting"
_EPISODES = ("marts.alerts", "ops.alert_transition", "ops.alert_evaluation")


class Nights(BaseModel):
    """Every night from one day to another, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_date: date
    to_date: date

    @property
    def dates(self) -> tuple[date, ...]:
        """Its days."""
        return tuple(self.from_date + timedelta(days=day) for day in range((self.to_date - self.from_date).days + 1))


class RuleCase(BaseModel):
    """One trait of one rule, shown by example.

    `expect` has a row for each night and episode that is open or changed on it. Beside night, subject_id, state and
    suppressed_by it may name any column of marts.alerts; one that any row names is NULL in rows that leave it out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(exclude=True)
    why: str = Field(min_length=1)
    parameters: Parameters
    settings: Alerts = Field(Alerts(), description="The section `alerts:` of the settings.")
    fresh_within_hours: dict[str, int] = Field({}, description="By source, as its settings would say.")
    given: dict[str, list[dict[str, Any]]] = {}
    nights: tuple[date, ...] | Nights
    expect: list[dict[str, Any]]

    @model_validator(mode="before")
    @classmethod
    def _as_of_the_last_night(cls, content: Any) -> Any:
        said = content.get("parameters", {})
        if not isinstance(said, dict) or "as_of" in said or not content.get("nights"):
            return content
        nights = content["nights"]
        last = nights.get("to_date") if isinstance(nights, dict) else max(nights)
        as_of = night_of(date.fromisoformat(str(last)), str(said.get("timezone", "UTC"))).as_of
        return {**content, "parameters": {**said, "as_of": as_of}}

    @model_validator(mode="after")
    def _expects_its_nights(self) -> Self:
        nights = {str(night) for night in self.dates}
        for row in self.expect:
            if str(row.get("night")) not in nights:
                raise ValueError(f"expect names the night {row.get('night')}, which is none of `nights`")
        return self

    @property
    def rule(self) -> str:
        """The rule under test, named by the folder of the case."""
        return self.path.parent.name

    @property
    def dates(self) -> tuple[date, ...]:
        """Its nights in order."""
        return self.nights.dates if isinstance(self.nights, Nights) else tuple(sorted(self.nights))


def night_of(day: date, timezone: str) -> Night:
    """A company day as a night: as_of is its last microsecond."""
    last = datetime.combine(day, time(23, 59, 59, 999999), ZoneInfo(timezone))
    return Night(day, last.astimezone(UTC))


def find_cases(folder: Path) -> list[Path]:
    """All cases below tests/alerts, by name."""
    return sorted(folder.glob("*/*.yaml"))


def load_case(path: Path) -> RuleCase:
    """Reads a case; raises CatalogueError naming file and key."""
    try:
        content = read_yaml(path)
        return RuleCase.model_validate({**content, "path": path} if isinstance(content, dict) else content)
    except SettingsError as error:
        raise CatalogueError(error.what, error.remedy) from None
    except ValidationError as error:
        raise CatalogueError(
            f"{path} is wrong:\n{explain(error, RuleCase)}", "A case has why, given, nights and expect."
        ) from None


def run_case(
    catalogue: Catalogue, rules: Sequence[Rule], case: RuleCase, connection: duckdb.DuckDBPyConnection
) -> list[str]:
    """Judges the nights of the case; returns a readable block for every episode that is not as expected.

    `connection` is one of `warehouse.connect(threads=1)`; cases share it, and nothing else. The rule source_stale is
    judged too when the case gives loads: without one no source delivers anything. Raises CatalogueError when the case
    is wrong in itself.
    """
    names = [rule.name for rule in rules]
    if case.rule not in names:
        raise CatalogueError(
            f"{case.path} is a case of {case.rule}, which is no rule.{nearest(case.rule, names)}", "Rename its folder."
        )
    asked = {case.rule, SOURCE_STALE} if _LOADS in case.given else {case.rule}
    tested = [rule for rule in rules if rule.name in asked]
    settings = _settings(case, rules)
    with fresh_databases(connection):
        world = World(connection, catalogue, case.path, case.parameters, case.given)
        for table in sorted({*ENGINE_READS, *_EPISODES, *(read for rule in tested for read in rule.query.reads)}):
            world.make(table)
        world.refuse_unread(f"{case.rule} does not read")
        return [*_judge(connection, case, tested, settings), *_differences(connection, case)]


def _settings(case: RuleCase, rules: Sequence[Rule]) -> Settings:
    sources = tuple(
        Source(name=name, kind="canonical", path=".", fresh_within_hours=hours)
        for name, hours in case.fresh_within_hours.items()
    )
    settings = Settings(alerts=case.settings, sources=sources)
    try:
        check_alert_settings(settings, rules)
    except SettingsError as error:
        raise CatalogueError(f"{case.path}: {error.what}", error.remedy) from None
    return settings


def _judge(
    connection: duckdb.DuckDBPyConnection, case: RuleCase, rules: Sequence[Rule], settings: Settings
) -> list[str]:
    """Every night of the case; leaves in staging.alert_seen what stood or changed on each."""
    write_nights(connection, case.dates)
    evaluations = evaluate(connection, rules, settings)
    refused = {f"{one.rule} was {one.status}: {one.reason}" for one in evaluations if one.status is Status.REFUSED}
    create_table(connection, _seen_table())
    for day in case.dates:
        night = night_of(day, case.parameters.timezone)
        fold_night(connection, rules, settings, night, frozenset(), evaluations)
        connection.execute(
            "insert into staging.alert_seen by name select ?::date as night, a.* from marts.alerts as a"
            " where a.rule = ? and (a.state <> 'resolved' or a.alert_id in"
            " (select t.alert_id from ops.alert_transition as t where t.night_date = ?))",
            [day, case.rule, day],
        )
    return sorted(refused)


def _seen_table() -> TableSpec:
    """marts.alerts with the night on which a row was seen so."""
    episodes = next(spec for spec in ledger_tables() if spec.table == "marts.alerts")
    night = Column(name="night", type="DATE", description="The night.", required=True)
    return TableSpec(
        table="staging.alert_seen",
        description="An episode as it stood on a night.",
        grain=("night", "subject_id"),
        columns=(night, *(column.model_copy(update={"required": False}) for column in episodes.columns)),
    )


def _differences(connection: duckdb.DuckDBPyConnection, case: RuleCase) -> list[str]:
    named = {*_ALWAYS_COMPARED, *(name for row in case.expect for name in row)}
    seen = _seen_table()
    expected = expected_rows(connection, seen, case.expect, case.path)
    compared = seen.model_copy(update={"columns": tuple(one for one in seen.columns if one.name in named)})
    return differences(compared, expected, fetch_rows(connection, compared, qualified(seen.table), seen.grain))
