"""Which threshold holds for whom: core.alert_limit, from rules' YAML, core.parameter, sources and settings `alerts:`.

`check_alert_settings` refuses, when a command starts, what settings say of rules, limits and people that cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from models.alert_settings import Override, RuleSettings
from models.alerts import HEALTH_RULE_NAMES, Limit, SubjectType
from models.errors import SettingsError, nearest
from models.settings import Settings
from sql.inputs import ALERT_LIMIT, ALERT_NIGHT, parameters_of
from sql.quoting import identifier
from sql.rows import Cell, create_table, insert_rows
from sql.rule_checks import clear_problem, clear_threshold, default_threshold
from sql.rules import Rule

SOURCE_STALE = "source_stale"
"""The rule whose limit is what each source promises, and which inhibits rules that stand on a silent one."""

_SCOPES = {
    SubjectType.REP: ("rep", "role", "rep_type", "team"),
    SubjectType.TEAM: ("team",),
    SubjectType.SOURCE: ("source",),
}
"""By what an override may choose among a rule's subjects."""


@dataclass(frozen=True)
class HeldLimit:
    """A threshold and for whom it holds; `where` is the key that says so."""

    rule: str
    limit: Limit
    scope: str
    scope_id: str
    threshold: Decimal
    clear: Decimal
    where: str


def held_limits(rules: Iterable[Rule], settings: Settings, parameters: Mapping[str, object]) -> list[HeldLimit]:
    """Every threshold of every rule; `parameters` are values of core.parameter. Of one scope the later override holds."""
    held: dict[tuple[str, str, str, str], HeldLimit] = {}
    for rule in rules:
        for limit in rule.spec.limits:
            for one in _of_limit(rule, limit, settings, parameters):
                held[(one.rule, limit.name, one.scope, one.scope_id)] = one
    return list(held.values())


def write_limits(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], settings: Settings) -> None:
    """Makes core.alert_limit; defaults come from the one row of core.parameter."""
    parameters = _parameters(connection, {limit.parameter for rule in rules for limit in rule.spec.limits} - {None})
    rows: list[dict[str, Cell]] = [
        {
            "rule": one.rule,
            "limit_name": one.limit.name,
            "scope": one.scope,
            "scope_id": one.scope_id,
            "threshold": str(one.threshold),
            "clear_threshold": str(one.clear),
        }
        for one in held_limits(rules, settings, parameters)
    ]
    insert_rows(connection, create_table(connection, ALERT_LIMIT), ALERT_LIMIT, rows)


def write_nights(connection: duckdb.DuckDBPyConnection, nights: Iterable[date]) -> None:
    """Makes core.alert_night: the company days that rules judge, with the week and the month that were over by then.

    The first day of the week is asked of core.parameter.
    """
    table = create_table(connection, ALERT_NIGHT)
    connection.execute(
        f"insert into {table} select n.night_date,"
        " n.night_date - ((isodow(n.night_date) - p.week_start + 7) % 7)::integer - 7,"
        " date_trunc('month', n.night_date)::date - interval 1 month"
        " from (select unnest(?::date[]) as night_date) as n cross join core.parameter as p order by n.night_date",
        [sorted(set(nights))],
    )


def check_alert_settings(settings: Settings, rules: Sequence[Rule]) -> None:
    """Raises SettingsError with every problem at once: unknown names, and thresholds that could never be clear again."""
    known = {rule.name: rule for rule in rules}
    problems = [*_name_problems(settings, known), *_rule_problems(settings, known)]
    parameters = parameters_of(settings, datetime(2026, 1, 1, tzinfo=UTC)).model_dump()
    for one in held_limits(rules, settings, parameters):
        problem = clear_problem(one.limit, one.threshold, one.clear)
        problems += [f"{one.where}: {problem}"] if problem else []
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise SettingsError(
            f"the settings of alerts are wrong:\n{lines}", "Mend these keys; nothing was read or written."
        )


def _of_limit(rule: Rule, limit: Limit, settings: Settings, parameters: Mapping[str, object]) -> Iterator[HeldLimit]:
    said = settings.alerts.rules.get(rule.name, RuleSettings())
    where = f"alerts.rules.{rule.name}"
    threshold = said.limits.get(limit.name, _default(rule, limit, settings, parameters))
    yield _held(rule, limit, "all", "all", threshold, said.clear, where)
    if rule.name == SOURCE_STALE:
        for name, hours in _promised_hours(settings).items():
            yield _held(rule, limit, "source", name, Decimal(hours), {}, f"fresh_within_hours of the source {name}")
    for place, override in enumerate(said.overrides):
        if limit.name in {*override.limits, *override.clear}:
            scope, scope_id = chosen_by(override)
            own = override.limits.get(limit.name, threshold)
            yield _held(rule, limit, scope, scope_id, own, override.clear, f"{where}.overrides.{place}")


def _held(
    rule: Rule, limit: Limit, scope: str, scope_id: str, threshold: Decimal, clear: Mapping[str, Decimal], where: str
) -> HeldLimit:
    over_at = clear.get(limit.name, clear_threshold(limit, threshold))
    return HeldLimit(rule.name, limit, scope, scope_id, threshold, over_at, f"{where}.{limit.name}")


def _default(rule: Rule, limit: Limit, settings: Settings, parameters: Mapping[str, object]) -> Decimal:
    if rule.name == SOURCE_STALE:
        return Decimal(settings.quality.fresh_within_hours)
    return default_threshold(limit, parameters)


def _promised_hours(settings: Settings) -> dict[str, int]:
    """By source; of several entries of one name the last that says, as for the check `stale_source`."""
    return {source.name: source.fresh_within_hours for source in settings.sources if source.fresh_within_hours}


def chosen_by(override: Override) -> tuple[str, str]:
    """The one kind of subject that an override names, and which."""
    for scope in ("rep", "role", "rep_type", "team", "source"):
        if name := getattr(override, scope):
            return scope, str(name)
    raise AssertionError("an override names somebody")


def _parameters(connection: duckdb.DuckDBPyConnection, names: Iterable[str | None]) -> dict[str, object]:
    wanted = sorted(str(name) for name in names)
    if not wanted:
        return {}
    row = connection.execute(f"select {', '.join(map(identifier, wanted))} from core.parameter").fetchone()
    assert row is not None
    return dict(zip(wanted, row, strict=True))


def _name_problems(settings: Settings, known: Mapping[str, Rule]) -> Iterator[str]:
    """Of every place that names a rule."""
    alerts, names = settings.alerts, [*known, *HEALTH_RULE_NAMES]
    named = [(f"alerts.rules.{name}", name) for name in alerts.rules]
    named += [(f"alerts.channels.{one.name}.rules", name) for one in alerts.channels for name in one.rules]
    named += [(f"alerts.silences.{place}.rule", one.rule) for place, one in enumerate(alerts.silences) if one.rule]
    for where, name in named:
        if name not in names:
            yield f"{where}: {name} is no rule.{nearest(name, names)}"


def _rule_problems(settings: Settings, known: Mapping[str, Rule]) -> Iterator[str]:
    for name, said in settings.alerts.rules.items():
        where = f"alerts.rules.{name}"
        if name in HEALTH_RULE_NAMES and (said.limits or said.clear or said.overrides or said.min_sample):
            yield f"{where}: it has no limits; severity, for_nights, recover_nights and enabled are its keys"
        if name not in known:
            continue
        rule = known[name]
        if said.min_sample is not None and rule.spec.min_sample is None:
            yield f"{where}.min_sample: the rule counts nothing, so no minimum can be asked of it"
        yield from _limit_problems(where, rule, said)
        for place, override in enumerate(said.overrides):
            yield from _override_problems(f"{where}.overrides.{place}", rule, override, settings)


def _override_problems(where: str, rule: Rule, override: Override, settings: Settings) -> Iterator[str]:
    scope, scope_id = chosen_by(override)
    allowed = _SCOPES.get(rule.spec.subject_type, ())
    if scope not in allowed:
        choice = f"choose by {', '.join(allowed)}" if allowed else "it has no overrides"
        yield f"{where}.{scope}: the rule is about a {rule.spec.subject_type}: {choice}"
    sources = [source.name for source in settings.sources]
    if scope == "source" and scope_id not in sources:
        yield f"{where}.source: {scope_id} is no source.{nearest(scope_id, sources)}"
    if not override.limits and not override.clear:
        yield f"{where}: it names no limit of {', '.join(limit.name for limit in rule.spec.limits)}"
    yield from _limit_problems(where, rule, override)


def _limit_problems(where: str, rule: Rule, said: RuleSettings | Override) -> Iterator[str]:
    names = [limit.name for limit in rule.spec.limits]
    for name in said.limits:
        if name not in names:
            hint = nearest(name, [*names, *type(said).model_fields]) or f" It has {', '.join(names)}."
            yield f"{where}.{name}: no key and no limit of the rule.{hint}"
    for name in said.clear:
        if name not in names:
            yield f"{where}.clear.{name}: no limit of the rule.{nearest(name, names) or f' It has {names[0]}.'}"
