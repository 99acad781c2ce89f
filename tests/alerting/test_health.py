"""The pipeline's own health: failures in a row are one episode, a good night ends it, and each piece of news is told once."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from models.alert_settings import Alerts
from models.alerts import HEALTH_RULE_NAMES
from models.errors import BlockedError, BusyError, SettingsError, TouchlineError, UsageError
from pipelines.alerting.health import (
    HEALTH_RULES,
    health_rule_of,
    night_went_well,
    night_went_wrong,
    read_health,
    read_health_changes,
    read_health_news,
)
from pipelines.alerting.said import acknowledge, give_silence
from pipelines.night.operator import opened

FIRST = datetime(2026, 3, 2, 23, tzinfo=UTC)
ERROR = "The disk is full\n  → Make room\nstep: load"
NEW_YORK = {"timezone": "America/New_York"}


@pytest.fixture
def store(tmp_path):
    return tmp_path / "operator.sqlite"


def wrong(store, day=0, rule="night_failed", error=ERROR, alerts=None):
    as_of = FIRST + timedelta(days=day)
    return night_went_wrong(store, rule, error, as_of=as_of, alerts=alerts or Alerts(), **NEW_YORK)


def well(store, day=0):
    return night_went_well(store, as_of=FIRST + timedelta(days=day), **NEW_YORK)


def told(news):
    return [(episode.rule, str(transition.to_state), transition.place) for episode, transition in news]


def test_failures_in_a_row_are_one_episode_and_a_good_night_ends_it(store):
    assert told(wrong(store)) == [("night_failed", "firing", 1)]
    assert told(wrong(store, 1, error="Another thing broke")) == []
    (episode,) = read_health(store)
    assert (episode.state, episode.severity, str(episode.started_date)) == ("firing", "critical", "2026-03-02")
    assert json.loads(episode.evidence) == {"what failed": "Another thing broke"}
    assert told(well(store, 2)) == [("night_failed", "resolved", 2)]
    assert told(well(store, 3)) == []
    (episode,) = read_health(store)
    assert (episode.state, episode.resolution) == ("resolved", "back_within_limits")
    assert episode.last_seen_at == FIRST + timedelta(days=1)


def test_a_good_night_ends_both_rules(store):
    wrong(store)
    assert told(wrong(store, rule="publication_blocked")) == [("publication_blocked", "firing", 1)]
    assert sorted(told(well(store, 1))) == [("night_failed", "resolved", 2), ("publication_blocked", "resolved", 2)]


def test_a_failure_mended_and_back_on_one_day_is_news_each_time_even_at_the_same_as_of(store):
    assert told(wrong(store)) == [("night_failed", "firing", 1)]
    assert told(well(store)) == [("night_failed", "resolved", 2)]
    assert told(wrong(store)) == [("night_failed", "firing", 1)]
    first, second = read_health(store)
    assert first.alert_id != second.alert_id
    assert (first.state, second.state) == ("resolved", "firing")


def test_the_evidence_is_what_failed_and_a_few_lines_more(store):
    wrong(store, error="one\n\n  two\nthree\nfour\nfive\nsix")
    (episode,) = read_health(store)
    assert json.loads(episode.evidence) == {"what failed": "one", "more": "two\nthree\nfour\nfive"}
    assert episode.runbook == "docs/alerts.md#night_failed"


def test_an_acknowledged_failure_stays_acknowledged_while_it_goes_on(store):
    ((episode, _),) = wrong(store)
    acknowledge(store, [episode.alert_id], by="ann", note=None, at=FIRST)
    assert told(wrong(store, 1)) == []
    (episode,) = read_health(store)
    assert episode.state == "acknowledged"


def test_a_silenced_failure_is_told_when_the_silence_is_over(store):
    options = {"subject": None, "team": None, "reason": "moving", "by": "ann", "at": FIRST}
    give_silence(store, rule="night_failed", to_date=FIRST.date(), **options)
    assert told(wrong(store)) == []
    (episode,) = read_health(store)
    assert (episode.state, episode.suppressed_by) == ("suppressed", "silence")
    assert told(wrong(store, 1)) == [("night_failed", "firing", 2)]


def test_settings_choose_the_severity_or_turn_the_rule_off(store):
    off = Alerts.model_validate({"rules": {"night_failed": {"enabled": False}}})
    assert told(wrong(store, alerts=off)) == []
    assert told(wrong(store, alerts=Alerts(enabled=False))) == []
    assert read_health(store) == ()
    mild = Alerts.model_validate({"rules": {"night_failed": {"severity": "warning"}}})
    ((episode, _),) = wrong(store, alerts=mild)
    assert episode.severity == "warning"


def test_all_news_can_be_told_again_after_a_crash(store):
    wrong(store)
    wrong(store, 1)
    well(store, 2)
    wrong(store, 2)
    assert told(read_health_news(store)) == [
        ("night_failed", "firing", 1), ("night_failed", "resolved", 2), ("night_failed", "firing", 1),
    ]  # fmt: skip
    assert len({(episode.alert_id, change.place) for episode, change in read_health_news(store)}) == 3


def test_every_change_is_kept_those_that_are_no_news_too(store):
    ((episode, _),) = wrong(store)
    acknowledge(store, [episode.alert_id], by="ann", note=None, at=FIRST)
    wrong(store, 1)
    changes = read_health_changes(store)[episode.alert_id]
    assert [(change.from_state, change.to_state, change.is_news) for change in changes] == [
        (None, "firing", True), ("firing", "acknowledged", False),
    ]  # fmt: skip


def test_good_nights_leave_no_store_behind(store):
    assert well(store) == []
    assert not store.exists()


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (BlockedError, "publication_blocked"),
        (TouchlineError, "night_failed"),
        (BusyError, None),
        (UsageError, None),
        (SettingsError, None),
    ],
)
def test_only_what_a_person_must_see_raises_a_rule(error, rule):
    assert health_rule_of(error.exit_code) == rule


def test_an_episode_read_back_is_the_one_that_was_written(store):
    ((episode, change),) = wrong(store)
    assert read_health(store) == (episode,)
    assert read_health_news(store) == ((episode, change),)
    with opened(store, writing=False) as connection:
        assert connection.execute("select alert_id from health_episode").fetchall() == [(episode.alert_id,)]


def test_every_rule_without_sql_has_its_words():
    assert set(HEALTH_RULES) == set(HEALTH_RULE_NAMES)
