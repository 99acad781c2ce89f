"""`touchline alerts backtest`: what past nights would have raised, on which night and until when, and nothing is written."""

import json
from datetime import date

import duckdb
import pytest

from pipelines.cli import main
from pipelines.night.shipped import shipped_catalogue
from sql.alert_judgement import ENGINE_READS
from sql.build import existing_kinds
from sql.rows import create_table
from tests.runs.conftest import Office

REP = {"full_name": "Ada", "rep_type": "inside", "hire_date": "2024-01-01"}
MONTHS = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
RATES = {"North": (0.10, 0.24, 0.15), "South": (0.10, 0.20, 0.30), "East": (0.10, 0.50, 0.50)}
HEADCOUNTS = {"North": 25.0, "South": 10.0, "East": 2.0}
RANGE = ("--since", "2026-01-20", "--until", "2026-03-20")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A workspace whose published file tells of three teams' turnover in three months."""
    office = Office(tmp_path_factory.mktemp("published") / "workspace")
    office.deliver("reps.csv", [{**REP, "rep_id": team, "team": team} for team in RATES])
    office.night()
    file = office.workspace.published.resolve() / "crm.duckdb"
    file.chmod(0o644)
    with duckdb.connect(str(file)) as connection:
        fill(connection)
    file.chmod(0o444)
    return office.workspace


def fill(connection):
    """The tables that rules of teams read and that a cheap night leaves out."""
    specs = shipped_catalogue().specs()
    for table in {*ENGINE_READS, "marts.team_turnover_monthly"} - existing_kinds(connection).keys():
        if table in specs:
            create_table(connection, specs[table])
    for team, rates in RATES.items():
        for month, rate in zip(MONTHS, rates, strict=True):
            row = {"period_start": month, "scope": "team", "scope_id": team, "turnover_rate_12m": rate}
            row |= {"headcount_average_12m": HEADCOUNTS[team], "separations_12m": round(rate * HEADCOUNTS[team])}
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"insert into marts.team_turnover_monthly ({', '.join(row)}) values ({marks})", [*row.values()]
            )


@pytest.fixture
def backtest(published, capsys, monkeypatch):
    """Runs the command: exit code, standard output, standard error."""
    monkeypatch.setenv("TOUCHLINE__ALERTS__ENABLED", "true")

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main(["alerts", "backtest", *arguments, "--home", str(published.home)])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


def fired(backtest, *arguments):
    """Who fired, on which night, and until which."""
    code, out, err = backtest(*arguments, "--json")
    assert code == 0, err
    return {
        (one["subject_id"], one["fired_date"], one["resolved_date"])
        for one in json.loads(out)["episodes"]
        if one["fired_at"]
    }


def test_it_says_which_night_raised_what_and_until_when(backtest):
    """A night judges the last whole month: January is over on 1 February. Exactly the limit is not over it."""
    assert fired(backtest, *RANGE) == {("North", "2026-02-01", "2026-03-01"), ("South", "2026-03-01", None)}


def test_it_says_the_same_however_many_nights_are_judged_at_once(backtest, monkeypatch):
    """What fired in one part is over in a later one, in which it is beyond nothing."""
    at_once = json.loads(backtest(*RANGE, "--json")[1])
    monkeypatch.setattr("pipelines.alerting.backtest._AT_ONCE", 10)
    assert json.loads(backtest(*RANGE, "--json")[1]) == at_once


def test_its_page_lists_the_nights_and_counts_the_rules(backtest):
    code, out, err = backtest(*RANGE)
    assert code == 0, err
    assert "60 nights from 2026-01-20 to 2026-03-20: 2 alerts would have fired" in out
    assert "2026-02-01 │ 2026-03-01 │ warning  │ North loses too many people │ 24.0 % (limit 20.0 %)" in out
    assert "2026-03-01 │ stands     │ warning  │ South loses too many people │ 30.0 % (limit 20.0 %)" in out
    assert "team_turnover │     2 │    1 │          1" in out
    assert "Not judged: rep_overload: metrics.subjects leaves out " in out


def test_limits_are_tried_by_changing_a_setting(backtest, monkeypatch):
    monkeypatch.setenv("TOUCHLINE__ALERTS__RULES", "{team_turnover: {threshold: 0.25}}")
    assert fired(backtest, *RANGE) == {("South", "2026-03-01", None)}


def test_silences_are_left_out(backtest, monkeypatch):
    monkeypatch.setenv("TOUCHLINE__ALERTS__SILENCES", "[{team: North, reason: a fair}]")
    assert ("North", "2026-02-01", "2026-03-01") in fired(backtest, *RANGE)


def test_only_one_rule(backtest):
    assert len(fired(backtest, *RANGE, "--rule", "team_turnover")) == 2
    assert fired(backtest, *RANGE, "--rule", "rep_overload") == set()


def test_it_begins_with_the_first_day_that_anything_is_known_of(backtest):
    found = json.loads(backtest("--since", "1900-01-01", "--until", "2024-01-03", "--json")[1])
    assert (found["since"], found["nights"]) == ("2024-01-01", 3)


def test_it_ends_with_the_published_night_and_writes_nothing(published, backtest):
    before = {path: path.stat().st_mtime_ns for path in published.var.rglob("*")}
    code, out, _ = backtest("--since", "2026-03-25")
    assert code == 0
    assert "7 nights from 2026-03-25 to 2026-03-31" in out
    assert {path: path.stat().st_mtime_ns for path in published.var.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "2026-03-02", "--until", "2026-03-01"), "in this order, up to 2026-03-31"),
        (("--since", "2026-03-02", "--until", "2026-04-01"), "in this order, up to 2026-03-31"),
        (("--since", "spring"), "'spring' is no date"),
        (("--since", "2026-03-02", "--rule", "team_turnovr"), "Did you mean 'team_turnover'?"),
        (("--since", "2026-03-02", "--rule", "night_failed"), "to judge tables by"),
    ],
)
def test_a_range_or_rule_that_cannot_be_is_refused(backtest, arguments, said):
    code, _, err = backtest(*arguments)
    assert (code, said in err) == (2, True), err
