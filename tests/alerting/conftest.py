"""A small company and rules made of a few words, to show what the engine does with any rule."""

from datetime import UTC, date, datetime, time

import pytest

from models.alerts import Limit, RuleSpec
from models.settings import Settings
from pipelines.alerting.episodes import Night
from pipelines.alerting.judge import judge_night
from pipelines.night.shipped import SQL_FOLDER, shipped_catalogue
from sql.alert_judgement import ENGINE_READS, evaluate
from sql.alert_limits import write_nights
from sql.case_world import World, fresh_databases
from sql.inputs import Parameters
from sql.queries import parse_query
from sql.rules import Rule
from sql.warehouse import connect

MONDAY = date(2026, 3, 9)
REP = {
    "source": "crm", "rep_type": "inside", "role": "ae", "team": "East", "hire_date": "2025-01-06",
    "effective_from": "2025-01-06",
}  # fmt: skip
GIVEN = {
    "core.latest_reps": [
        {**REP, "record_key": name, "rep_id": name, "full_name": f"Rep {name}"} for name in ("R1", "R2", "R3")
    ],
    "core.source": [
        {"source": name, "priority": place, "kind": "canonical"} for place, name in enumerate(("crm", "dialer"), 1)
    ],
    "core.fct_activity": [
        {"activity_id": f"{source}:{rep}", "source": source, "rep_id": f"crm:{rep}", "activity_date": day}
        for source, rep, day in (
            ("dialer", "R1", "2026-03-02"),
            ("dialer", "R2", "2026-01-06"),
            ("dialer", "R3", "2026-01-05"),
            ("crm", "R3", "2026-03-02"),
        )
    ],
    "ops.load_accounting": [
        {"load_id": "1", "source": "crm", "entity": "reps"},
        {"load_id": "2", "source": "dialer", "entity": "join:activities:names"},
    ],
}


def rule_of(name, rows, query=None, **changes):
    """A rule about `load`, over 10 and clear from 8 on, whose rows are (subject, limit, value, sample) on every night."""
    values = ", ".join(str(row).replace("None", "null") for row in rows)
    text = query or (
        "select n.night_date, v.subject_id, v.limit_name, v.value::double as value, v.sample::bigint as sample,"
        " null::double as baseline, null::double as peers, {'load': v.value} as evidence"
        f" from core.alert_night as n cross join (values {values}) as v (subject_id, limit_name, value, sample)"
    )
    limit = Limit(name="load", description="x", beyond="over", default=10, clear_ratio="0.8", unit="tasks", lowest=None)
    told = {"title": "x", "description": "x", "subject_type": "rep", "limits": (limit,), "what_to_do": "x", **changes}
    return Rule(RuleSpec(rule=name, **told), parse_query(text, name), SQL_FOLDER / "alerts" / f"{name}.sql")


def night(day=0, hour=23):
    """A night so many days after the Monday."""
    on = date.fromordinal(MONDAY.toordinal() + day)
    return Night(on, datetime.combine(on, time(hour), UTC))


def settings_of(**alerts):
    return Settings.model_validate({"alerts": alerts})


class Company:
    """The tables of a company on a Monday evening; rules are evaluated and judged on them."""

    def __init__(self, connection):
        self.connection = connection

    def evaluate(self, *rules, settings=None, silences=(), nights=(MONDAY,)):
        write_nights(self.connection, nights)
        return evaluate(self.connection, rules, settings or Settings(), silences)

    def judge(self, *rules, on=None, settings=None, acknowledged=frozenset()):
        return judge_night(self.connection, rules, settings or Settings(), on or night(), acknowledged)

    def rows(self, query):
        return self.connection.execute(query).fetchall()

    def verdicts(self):
        return self.rows(
            "select rule, subject_id, verdict, suppressed_by, value from staging.alert_judgement order by all"
        )

    def states(self):
        return self.rows(
            "select subject_id, state, resolution, value from marts.alerts order by subject_id, started_at"
        )


@pytest.fixture(scope="module")
def connection():
    with connect(threads=1) as opened:
        yield opened


@pytest.fixture
def company(connection):
    parameters = Parameters(as_of=night(30).as_of)
    with fresh_databases(connection):
        world = World(connection, shipped_catalogue(), SQL_FOLDER, parameters, GIVEN)
        for table in (*ENGINE_READS, "marts.alerts", "ops.alert_transition", "ops.alert_evaluation"):
            world.make(table)
        yield Company(connection)
