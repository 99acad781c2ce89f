"""The demo company raises the alerts that were planted in it, on the nights on which they can be known, and no other."""

import json
from datetime import date, timedelta

import pytest

from models.settings import load_settings
from pipelines.alerting.backtest import nights_between, run_backtest
from pipelines.alerting.episodes import State
from pipelines.demo import DEMO_AS_OF, demo_settings
from pipelines.night.plan import shipped_rules
from tests.cheap_nights import ALL_MARTS
from tests.conftest import make_demo_night
from tests.runs.conftest import Office

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


def stories_of(office):
    return {one["name"]: one for one in json.loads(office.workspace.demo_stories.read_text(encoding="utf-8"))}


def planted(office):
    """The (rule, subject) of every story; a rule names a stage with its pipeline."""
    return {
        (RULES[name], f"default: {story['subject_id']}" if story["subject_type"] == "stage" else story["subject_id"])
        for name, story in stories_of(office).items()
    }


def fired_on(office, nights):
    """By rule and subject the day on which it fired first, and whom it is about, over so many nights up to the last."""
    settings = load_settings(office.workspace.settings_file, office.environment)
    days = nights_between(LAST - timedelta(days=nights - 1), LAST)
    found = run_backtest(office.workspace.published_file, settings, shipped_rules(), None, days, Nights())
    assert found.not_judged == {}
    fired = sorted((one for one in found.episodes if one.has_fired), key=lambda one: one.fired_at, reverse=True)
    return {
        (one.rule, one.subject_id): (found.change_of(one, State.FIRING).night_date, one.subject_type) for one in fired
    }


def of_reps(fired):
    return {key for key, (_, subject_type) in fired.items() if subject_type == "rep"}


@pytest.fixture(scope="module")
def fired(demo_night):
    return fired_on(demo_night, 120)


def test_the_last_night_fires_what_is_planted_and_nothing_else(demo_night):
    rows = demo_night.query("select rule, subject_id, state, suppressed_by from marts.alerts where state <> 'resolved'")
    assert len(planted(demo_night)) == 5
    assert set(rows) == {(*one, "firing", None) for one in planted(demo_night)} | {
        ("volume_anomaly", "dialer", "suppressed", "stale_source")
    }


def test_every_figure_that_fires_is_beyond_its_threshold(demo_night):
    sides = {(rule.name, limit.name): limit.beyond for rule in shipped_rules() for limit in rule.spec.limits}
    rows = demo_night.query("select rule, limit_name, value, threshold from marts.alerts where state = 'firing'")
    assert [row for row in rows if not IS_BEYOND[sides[row[:2]]](*row[2:])] == []
    assert rows


def test_past_nights_fire_what_is_planted_and_what_the_page_names(demo_night, fired):
    assert fired.keys() == planted(demo_night) | BESIDES
    assert of_reps(fired) == {one for one in planted(demo_night) if one[1].startswith("crm:")}


@pytest.mark.parametrize(
    ("story", "soonest", "latest"),
    [
        ("rep_overload", 7, 16),  # a week is judged when it is over
        ("rep_type_drift", 92, 97),  # so are three months: March, April and May
        ("source_silent", 3, 6),  # 96 hours without a call
        ("stage_conversion_drop", 31, 120),  # a cohort is judged when most of its deals are decided
    ],
)
def test_a_story_fires_as_soon_as_it_can_be_known(demo_night, fired, story, soonest, latest):
    (key,) = (one for one in planted(demo_night) if one[0] == RULES[story])
    began = date.fromisoformat(stories_of(demo_night)[story]["from_date"])
    assert soonest <= (fired[key][0] - began).days <= latest


@pytest.mark.slow
def test_in_two_years_no_rep_fires_who_is_neither_planted_nor_leaves(tmp_path):
    office = Office(tmp_path / "workspace", demo_settings())
    office.environment = ALL_MARTS
    make_demo_night(office, days=730)
    office.environment = ALL_MARTS | {"TOUCHLINE__ALERTS__ENABLED": "true"}
    fired = fired_on(office, 730)
    assert planted(office) <= fired.keys()
    assert of_reps(fired) == {LEAVES, *(one for one in planted(office) if one[1].startswith("crm:"))}
