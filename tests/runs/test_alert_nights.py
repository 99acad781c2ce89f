"""Alerts over whole nights: raised, told once, over, and never by a night that only looks back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import duckdb
import pytest

from models.errors import BlockedError, SettingsError, TouchlineError
from pipelines import sensors
from pipelines.alerting.health import read_health
from pipelines.alerting.telling import fill_outbox
from pipelines.cli import main
from pipelines.definitions import build_definitions
from pipelines.jobs import NIGHTLY
from pipelines.night.operator import opened
from pipelines.night.rollback import roll_back
from pipelines.night.run import NightRequest, find_nothing_new
from pipelines.night.shipped import shipped_rules
from tests.cheap_nights import CHEAP
from tests.runs.conftest import AS_OF, SETTINGS, STARTED

ALERTING = CHEAP | {"TOUCHLINE__ALERTS__ENABLED": "true"}
REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01", "team": "North"}
HOOK = """
alerts:
  channels: [{name: hook, kind: webhook, url: "env:HOOK_URL", secret: "env:HOOK_KEY"}]
  allow_hosts: [localhost, 127.0.0.1]
  give_up_after_hours: 1000000
"""
DAY = timedelta(days=1)


def call(name, day):
    return {"source_record_id": name, "channel": "call", "occurred_at": f"2026-03-{day:02}T15:00:00Z", "rep_id": "R1"}


@pytest.fixture
def silent(office, monkeypatch):
    """A workspace whose source has been silent for four weeks when its first night ran; alerts are judged."""
    monkeypatch.setenv("TOUCHLINE__ALERTS__ENABLED", "true")
    return deliver_one_call(office)


@pytest.fixture
def judged(silent):
    """The same after that night."""
    return silent.stand_on(judge_one_call)


def deliver_one_call(office):
    office.environment = dict(ALERTING)
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", [call("A1", 3)])
    return office


def judge_one_call(office):
    deliver_one_call(office).night()


@pytest.fixture
def hook(silent, httpserver, monkeypatch):
    """The same with a channel; what arrived there, a message a list item."""
    httpserver.expect_request("/hook").respond_with_data("")
    monkeypatch.setenv("HOOK_URL", httpserver.url_for("/hook"))
    monkeypatch.setenv("HOOK_KEY", "a key")
    silent.configure(SETTINGS + HOOK)
    return lambda: [json.loads(request.data) for request, _ in httpserver.log]


def judge_one_call_with_a_channel(office):
    deliver_one_call(office).configure(SETTINGS + HOOK)
    office.night()


def alerts(office):
    return office.query(
        "select rule, subject_id, state, started_date::varchar from marts.alerts order by started_at, 1"
    )


def outbox(office):
    """How many messages lie in the outbox after it was filled again."""
    settings = office.workspace.settings()
    fill_outbox(office.workspace, settings, STARTED)
    import sqlite3

    with sqlite3.connect(office.workspace.operator_store) as connection:
        return connection.execute("select count(*) from alert_message").fetchone()[0]


def test_it_is_raised_stays_one_and_is_over_when_its_cause_is(silent):
    first = silent.night()
    assert (first.alerts["source_stale"]["beyond"], first.alerts["source_stale"]["standing"]) == (1, 1)
    assert first.alerts["rep_overload"]["status"] == "not_built"
    assert alerts(silent) == [("source_stale", "crm", "firing", "2026-03-31")]
    silent.night(as_of=AS_OF + DAY)
    assert alerts(silent) == [("source_stale", "crm", "firing", "2026-03-31")]
    silent.deliver("activities_2.csv", [call("A2", 31)])
    silent.night(as_of=AS_OF + 2 * DAY)
    assert alerts(silent) == [("source_stale", "crm", "resolved", "2026-03-31")]
    changes = silent.query("select from_state, to_state, is_news from ops.alert_transition order by place")
    assert changes == [(None, "firing", True), ("firing", "resolved", True)]


@pytest.mark.slow
def test_a_full_refresh_and_a_night_in_the_past_raise_nothing(judged):
    before = judged.query("select * from marts.alerts"), judged.query("select * from ops.alert_transition")
    judged.night(full_refresh=True)
    assert (judged.query("select * from marts.alerts"), judged.query("select * from ops.alert_transition")) == before
    judged.night(as_of=AS_OF - 20 * DAY)
    assert (judged.query("select * from marts.alerts"), judged.query("select * from ops.alert_transition")) == before
    assert judged.query("select night_date from core.alert_night") == []
    held = judged.query("select threshold from core.alert_limit where rule = 'source_stale' and scope = 'all'")
    assert held == [(96.0,)]


def test_a_changed_limit_is_judged_by_the_next_night_and_rebuilds_no_table(judged):
    request = NightRequest(judged.workspace, AS_OF, STARTED, "again")
    assert find_nothing_new(request, judged.workspace.settings()).status == "nothing_new"
    judged.configure(SETTINGS + "alerts: {rules: {source_stale: {enabled: false}}}\n")
    assert find_nothing_new(request, judged.workspace.settings()) is None
    outcome = judged.night()
    assert not [note for note in outcome.notes if "rebuilt" in note]
    assert judged.query("select state, resolution from marts.alerts") == [("resolved", "rule_off")]


def test_what_is_wrong_in_the_settings_stops_the_night_before_it_begins(silent, monkeypatch):
    silent.configure(SETTINGS + "alerts: {rules: {source_stael: {hours: 10}}}\n")
    with pytest.raises(SettingsError, match="Did you mean 'source_stale'"):
        silent.night()
    monkeypatch.delenv("HOOK_URL", raising=False)
    silent.configure(SETTINGS + HOOK)
    with pytest.raises(SettingsError, match="HOOK_URL"):
        silent.night()
    assert not silent.workspace.published.exists()


@pytest.mark.slow
def test_each_piece_of_news_is_written_once_also_after_a_crash_before_telling_and_a_rollback(hook, silent, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("pipelines.night.run.tell_of_night", lambda *_: None)  # the process ends after the rename
        silent.night()
    assert outbox(silent) == 1
    assert outbox(silent) == 1
    silent.deliver("activities_2.csv", [call("A2", 31)])
    silent.night(as_of=AS_OF + DAY)
    assert outbox(silent) == 2
    roll_back(silent.workspace, 1)
    silent.night(as_of=AS_OF + DAY)
    assert outbox(silent) == 2


@pytest.mark.slow
def test_a_night_that_failed_is_told_and_a_good_one_ends_it(hook, silent, monkeypatch):
    silent.stand_on(judge_one_call_with_a_channel)
    (told,) = hook_messages(hook, silent)
    assert told["alerts"][0]["rule"] == "source_stale"
    with monkeypatch.context() as broken:
        broken.setattr("pipelines.night.run.publish", lambda *_: 1 / 0)
        for later in (1, 2):
            with pytest.raises(ZeroDivisionError):
                silent.night(as_of=AS_OF + later * DAY)
    assert [(one.rule, str(one.state)) for one in read_health(silent.workspace.operator_store)] == [
        ("night_failed", "firing")
    ]
    silent.night(as_of=AS_OF + 3 * DAY)
    assert [(one.rule, str(one.state)) for one in read_health(silent.workspace.operator_store)] == [
        ("night_failed", "resolved")
    ]
    failed, over = hook_messages(hook, silent)[1:]
    assert "The night failed" in failed["subject"]
    assert [item["rule"] for item in over["resolved"]] == ["night_failed"]


def hook_messages(hook, office):
    """What arrived once the outbox was delivered, as the sensor does it."""
    context = dg.build_sensor_context(definitions=build_definitions(office.workspace))
    sensors.alert_sensor(office.workspace)(context)
    return hook()


def test_a_dry_run_that_is_blocked_tells_nobody(judged):
    published = (judged.workspace.published / "crm.duckdb").resolve()
    published.chmod(0o644)
    with duckdb.connect(str(published)) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    judged.deliver("activities_2.csv", [call("A2", 30)])
    with pytest.raises(BlockedError):
        judged.night(dry_run=True)
    assert read_health(judged.workspace.operator_store) == ()
    with pytest.raises(BlockedError):
        judged.night()
    assert [one.rule for one in read_health(judged.workspace.operator_store)] == ["publication_blocked"]


def test_a_rule_that_returns_what_it_must_not_is_told_and_the_others_are_judged(silent, monkeypatch):
    broken = [
        replace(rule, query=replace(rule.query, text=rule.query.text.replace("core.alert_night", "core.nowhere")))
        if rule.name == "source_stale"
        else rule
        for rule in shipped_rules()
    ]
    monkeypatch.setattr("pipelines.alerting.tonight.shipped_rules", lambda: tuple(broken))
    outcome = silent.night()
    assert outcome.status == "published"
    assert [note for note in outcome.notes if note.startswith("The alert rule source_stale could not be judged")]
    assert outcome.alerts["quarantine_spike"]["status"] == "judged"


def test_a_channel_that_is_down_fails_no_night(hook, silent, httpserver):
    httpserver.clear()
    httpserver.expect_request("/hook").respond_with_data("", 503)
    assert silent.night().status == "published"
    hook_messages(hook, silent)
    silent.night(as_of=AS_OF + DAY)
    assert silent.query("select notification_status from marts.alerts") == [("waiting",)]


def test_what_was_given_up_is_sent_when_somebody_asks_for_it(hook, silent, httpserver):
    httpserver.clear()
    httpserver.expect_ordered_request("/hook").respond_with_data("", 404)
    httpserver.expect_ordered_request("/hook").respond_with_data("")
    silent.stand_on(judge_one_call_with_a_channel)
    arguments = ["alerts", "deliver", "--home", str(silent.workspace.home)]
    for more, requests in (([], 1), ([], 1), (["--dead"], 2)):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *more])
        assert (ended.value.code, len(httpserver.log)) == (0, requests)
    with opened(silent.workspace.operator_store) as store:
        assert store.execute("select state from alert_message").fetchall() == [("sent",)]


def test_an_outbox_that_cannot_be_written_fails_no_night_and_is_told(hook, silent, monkeypatch):
    def refuse(*_, **__):
        raise TouchlineError("operator.sqlite is locked", "Wait.")

    with monkeypatch.context() as broken:
        broken.setattr("pipelines.alerting.telling.enqueue", refuse)
        outcome = silent.night()
    assert [note for note in outcome.notes if "touchline alerts deliver" in note]
    assert outbox(silent) == 1


@pytest.mark.slow
def test_the_web_ui_shows_each_rule_as_a_check_of_the_alerts(silent, instance):
    job = build_definitions(silent.workspace).resolve_job_def(NIGHTLY)
    config = {"ops": {"night": {"config": {"as_of": AS_OF.isoformat()}}}}
    result = job.execute_in_process(instance=instance, run_config=config)
    checks = {
        one.check_name: (one.passed, one.severity)
        for one in result.get_asset_check_evaluations()
        if one.asset_key.path == ["marts", "alerts"]
    }
    assert checks["source_stale"] == (False, dg.AssetCheckSeverity.WARN)
    assert checks["quarantine_spike"] == (True, dg.AssetCheckSeverity.WARN)
    assert "rep_overload" not in checks, "its tables are not built"
