"""What settings may say of rules, and which threshold then holds for whom."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from models.alerts import Limit, RuleSpec
from models.errors import SettingsError
from models.settings import Settings
from pipelines.night.shipped import SQL_FOLDER, shipped_rules
from sql.alert_limits import check_alert_settings, write_limits, write_nights
from sql.inputs import Parameters, create_parameter_table, parameters_of
from sql.queries import parse_query
from sql.rules import Rule
from sql.warehouse import connect

SOURCES = [
    {"name": "crm", "kind": "canonical", "path": "a", "fresh_within_hours": 12},
    {"name": "dialer", "kind": "canonical", "path": "b"},
]
STALE = Rule(
    RuleSpec(
        rule="source_stale", title="x", description="x", subject_type="source", what_to_do="x",
        limits=(Limit(name="hours", description="x", beyond="over", default=96, unit="hours", clear_ratio=1),),
    ),
    parse_query("select 1 as x", "x"),
    SQL_FOLDER / "alerts" / "source_stale.sql",
)  # fmt: skip


def rules():
    wanted = [rule for rule in shipped_rules() if rule.name in ("rep_overload", "team_turnover")]
    return (*wanted, STALE)


def settings_with(**alerts):
    return Settings.model_validate({"sources": SOURCES, "alerts": alerts})


def limits(settings):
    with connect(threads=1) as connection:
        connection.execute("create schema core")
        create_parameter_table(connection, parameters_of(settings, datetime(2026, 3, 2, tzinfo=UTC)))
        write_limits(connection, rules(), settings)
        rows = connection.execute("select * from core.alert_limit").fetchall()
    return {row[:4]: row[4:] for row in rows}


def test_defaults_are_of_the_parameters_and_the_sources():
    assert limits(settings_with()) == {
        ("rep_overload", "touches_per_workday", "all", "all"): (90.0, 81.0),
        ("rep_overload", "times_usual", "all", "all"): (1.5, 1.35),
        ("team_turnover", "threshold", "all", "all"): (0.2, 0.2),
        ("source_stale", "hours", "all", "all"): (96.0, 96.0),
        ("source_stale", "hours", "source", "crm"): (12.0, 12.0),
    }


def test_settings_and_their_overrides_replace_them_and_of_two_the_later_holds():
    overload = {
        "touches_per_workday": 100,
        "clear": {"touches_per_workday": 70},
        "overrides": [
            {"team": "East", "touches_per_workday": 110},
            {"team": "East", "touches_per_workday": 120},
            {"rep": "crm:R1", "clear": {"touches_per_workday": 60}},
        ],
    }
    stale = {"hours": 48, "overrides": [{"source": "crm", "hours": 24}]}
    held = limits(settings_with(rules={"rep_overload": overload, "source_stale": stale}))
    assert held["rep_overload", "touches_per_workday", "all", "all"] == (100, 70)
    assert held["rep_overload", "touches_per_workday", "team", "East"] == (120, 108)
    assert held["rep_overload", "touches_per_workday", "rep", "crm:R1"] == (100, 60)
    assert ("rep_overload", "times_usual", "team", "East") not in held
    assert held["source_stale", "hours", "all", "all"] == (48, 48)
    assert held["source_stale", "hours", "source", "crm"] == (24, 24)


def test_nights_are_written_once_each():
    with connect(threads=1) as connection:
        connection.execute("create schema core")
        create_parameter_table(connection, Parameters(as_of=datetime(2026, 3, 3, tzinfo=UTC), week_start=7))
        write_nights(connection, [date(2026, 3, 8), date(2026, 3, 7), date(2026, 3, 8)])
        found = connection.execute("from core.alert_night").fetchall()
    saturday, sunday = date(2026, 3, 7), date(2026, 3, 8)
    assert found == [(saturday, date(2026, 2, 22), date(2026, 2, 1)), (sunday, date(2026, 3, 1), date(2026, 2, 1))]


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ({"rules": {"rep_overlord": {}}}, ("alerts.rules.rep_overlord", "Did you mean 'rep_overload'?")),
        ({"rules": {"rep_overload": {"times_usal": 2}}}, ("times_usal", "Did you mean 'times_usual'?")),
        ({"rules": {"rep_overload": {"clear": {"times_usal": 2}}}}, ("clear.times_usal", "'times_usual'")),
        ({"rules": {"rep_overload": {"clear": {"times_usual": 2}}}}, ("rep_overload.times_usual", "lies above")),
        ({"rules": {"rep_overload": {"times_usual": 0}}}, ("rep_overload.times_usual", "never be reached")),
        ({"rules": {"team_turnover": {"clear": {"threshold": -0.1}}}}, ("never be reached", "lower than 0")),
        ({"rules": {"rep_overload": {"overrides": [{"source": "crm", "times_usual": 2}]}}},
         ("overrides.0.source", "choose by rep, role, rep_type, team")),
        ({"rules": {"team_turnover": {"overrides": [{"team": "East", "clear": {"threshold": 0.5}}]}}},
         ("team_turnover.overrides.0.threshold", "lies above")),
        ({"rules": {"source_stale": {"overrides": [{"source": "crn", "hours": 2}]}}}, ("crn", "Did you mean 'crm'?")),
        ({"rules": {"rep_overload": {"overrides": [{"team": "East"}]}}}, ("overrides.0", "names no limit")),
        ({"rules": {"source_stale": {"min_sample": 4}}}, ("source_stale.min_sample",)),
        ({"rules": {"night_failed": {"threshold": 4}}}, ("night_failed", "no limits")),
        ({"silences": [{"rule": "rep_overlord", "reason": "x"}]}, ("alerts.silences.0.rule", "'rep_overload'")),
        ({"channels": [{"name": "hr", "url": "env:HR", "rules": ["team_turnove"]}]},
         ("alerts.channels.hr.rules", "'team_turnover'")),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_when_a_command_starts(alerts, words):
    with pytest.raises(SettingsError) as caught:
        check_alert_settings(settings_with(**alerts), rules())
    assert [word for word in words if word not in str(caught.value)] == [], caught.value


def test_every_problem_is_told_at_once():
    alerts = {"rules": {"a_rule": {}, "rep_overload": {"b": 1}}, "silences": [{"rule": "c", "reason": "x"}]}
    with pytest.raises(SettingsError) as caught:
        check_alert_settings(settings_with(**alerts), rules())
    assert len(str(caught.value).splitlines()) == 5


def test_settings_that_can_be_are_taken():
    alerts = {
        "rules": {"night_failed": {"severity": "warning"}, "team_turnover": {"threshold": 0.3, "min_sample": 8}},
        "silences": [{"rule": "publication_blocked", "reason": "a rebuild"}],
    }
    check_alert_settings(settings_with(**alerts), rules())


@pytest.mark.parametrize("value", ["many", True, None, [1], float("nan")])
def test_a_key_that_is_no_number_is_no_limit(value):
    with pytest.raises(ValidationError, match=r"'sevrity' is no key.*needs a number.*Did you mean 'severity'"):
        settings_with(rules={"rep_overload": {"sevrity": value}})
