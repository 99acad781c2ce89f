"""The demo company raises the alerts that were planted in it, on the nights on which they can be known, and no other."""

import json
from datetime import date, timedelta

import duckdb
import pytest

from models.settings import load_settings
from pipelines.alerting.backtest import nights_between, run_backtest
from pipelines.alerting.episodes import State
from pipelines.demo import DEMO_AS_OF
from pipelines.night.shipped import shipped_rules
from pipelines.night.workspace import Workspace
from tests.runs.conftest import STORIED, make_storied_demo

LAST = DEMO_AS_OF.date()
RULES = {
    "rep_overload": "rep_overload",
    "team_turnover": "team_turnover",
    "rep_type_drift": "rep_type_drift",
    "source_silent": "source_stale",
    "stage_conversion_drop": "funnel_drop",
}
"""By the story's name."""
BESIDES = {("team_turnover", "Field Sales"), ("volume_anomaly", "dialer")}
"""What fires on earlier nights and is true, as docs/demo.md says."""
LEAVES = ("rep_underload", "crm:R010")
"""And long before them: who leaves does less in the last days."""
IS_BEYOND = {
    "over": lambda value, threshold: value > threshold,
    "at_least": lambda value, threshold: value >= threshold,
    "under": lambda value, threshold: value < threshold,
    "at_most": lambda value, threshold: value <= threshold,
}


class Nights:
    """For a backtest, which tells how far it is."""

    def step(self, name):
        self.name = name

    def advance(self, done, total):
        self.done = done, total


def stories_of(workspace):
    return {one["name"]: one for one in json.loads(workspace.demo_stories.read_text(encoding="utf-8"))}


def query(workspace, sql):
    with duckdb.connect(str(workspace.published_file.resolve()), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def planted(workspace):
    """The (rule, subject) of every story; a rule names a stage with its pipeline."""
    return {
        (RULES[name], f"default: {story['subject_id']}" if story["subject_type"] == "stage" else story["subject_id"])
        for name, story in stories_of(workspace).items()
    }


def fired_on(workspace, nights):
    """By rule and subject the day on which it fired first, and whom it is about, over so many nights up to the last."""
    settings = load_settings(workspace.settings_file, STORIED)
    days = nights_between(LAST - timedelta(days=nights - 1), LAST)
    found = run_backtest(workspace.published_file, settings, shipped_rules(), None, days, Nights())
    assert found.not_judged == {}
    fired = sorted((one for one in found.episodes if one.has_fired), key=lambda one: one.fired_at, reverse=True)
    return {
        (one.rule, one.subject_id): (found.change_of(one, State.FIRING).night_date, one.subject_type) for one in fired
    }


def of_reps(fired):
    return {key for key, (_, subject_type) in fired.items() if subject_type == "rep"}


@pytest.fixture(scope="module")
def fired(storied_demo):
    return fired_on(storied_demo, 120)


def test_the_last_night_fires_what_is_planted_and_nothing_else(storied_demo):
    rows = query(
        storied_demo, "select rule, subject_id, state, suppressed_by from marts.alerts where state <> 'resolved'"
    )
    assert len(planted(storied_demo)) == 5
    assert set(rows) == {(*one, "firing", None) for one in planted(storied_demo)} | {
        ("volume_anomaly", "dialer", "suppressed", "stale_source")
    }


def test_every_figure_that_fires_is_beyond_its_threshold(storied_demo):
    sides = {(rule.name, limit.name): limit.beyond for rule in shipped_rules() for limit in rule.spec.limits}
    rows = query(storied_demo, "select rule, limit_name, value, threshold from marts.alerts where state = 'firing'")
    assert [row for row in rows if not IS_BEYOND[sides[row[:2]]](*row[2:])] == []
    assert rows


def test_past_nights_fire_what_is_planted_and_what_the_page_names(storied_demo, fired):
    assert fired.keys() == planted(storied_demo) | BESIDES
    assert of_reps(fired) == {one for one in planted(storied_demo) if one[1].startswith("crm:")}


@pytest.mark.parametrize(
    ("story", "soonest", "latest"),
    [
        ("rep_overload", 7, 16),  # a week is judged when it is over
        ("rep_type_drift", 92, 97),  # so are three months: March, April and May
        ("source_silent", 3, 6),  # 96 hours without a call
        ("stage_conversion_drop", 31, 120),  # a cohort is judged when most of its deals are decided
    ],
)
def test_a_story_fires_as_soon_as_it_can_be_known(storied_demo, fired, story, soonest, latest):
    (key,) = (one for one in planted(storied_demo) if one[0] == RULES[story])
    began = date.fromisoformat(stories_of(storied_demo)[story]["from_date"])
    assert soonest <= (fired[key][0] - began).days <= latest


@pytest.mark.slow
def test_in_two_years_no_rep_fires_who_is_neither_planted_nor_leaves(tmp_path):
    make_storied_demo(tmp_path, days=730)
    workspace = Workspace(tmp_path / "workspace")
    fired = fired_on(workspace, 730)
    assert planted(workspace) <= fired.keys()
    assert of_reps(fired) == {LEAVES, *(one for one in planted(workspace) if one[1].startswith("crm:"))}
