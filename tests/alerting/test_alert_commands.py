"""`touchline alerts` as a person types it, on a published file with alerts in it and on an empty workspace."""

import io
import json
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from rich.console import Console

from models.alert_settings import Alerts
from models.settings import load_settings
from pipelines.alerting.health import night_went_wrong
from pipelines.cli import main
from pipelines.commands.alerted import read_board
from pipelines.commands.alerts_page import show_alerts
from pipelines.commands.pages import Page
from pipelines.night.operator import opened
from tests.runs.conftest import AS_OF, Office

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01", "team": "North"}
NIGHT = date(2026, 3, 31)
OVERLOAD = {
    "alert_id": "aaaa000001", "rule": "rep_overload", "severity": "warning", "subject_type": "rep",
    "subject_id": "crm:R1", "subject_name": "Ada Lovelace", "team": "North", "state": "firing",
    "limit_name": "touches_per_workday", "value": 104.25, "threshold": 90.0, "clear_threshold": 81.0,
    "unit": "touches per workday", "baseline": 70.0, "peers": 65.0, "started_at": AS_OF, "started_date": NIGHT,
    "fired_at": AS_OF, "last_seen_at": AS_OF, "last_seen_date": NIGHT, "nights": 0, "transitions": 1,
    "evidence": '{"week of": "2026-03-23", "touches": 521, "calls": 480}', "runbook": "docs/alerts.md#rep_overload",
}  # fmt: skip
TURNOVER = OVERLOAD | {
    "alert_id": "bbbb000002", "rule": "team_turnover", "subject_type": "team", "subject_id": "North",
    "subject_name": None, "limit_name": "threshold", "value": 0.24, "threshold": 0.2, "clear_threshold": 0.2,
    "unit": "share", "baseline": None, "peers": None, "evidence": None,
}  # fmt: skip
STALE = OVERLOAD | {
    "alert_id": "cccc000003", "rule": "source_stale", "severity": "critical", "subject_type": "source",
    "subject_id": "crm", "subject_name": "crm", "team": None, "limit_name": "hours", "value": 130.0,
    "threshold": 96.0, "clear_threshold": 86.4, "unit": "hours", "baseline": None, "peers": None,
}  # fmt: skip
LEAVE = OVERLOAD | {
    "alert_id": "dddd000004", "rule": "rep_underload", "subject_id": "crm:R2", "subject_name": "Bo",
    "state": "suppressed", "suppressed_by": "leave", "fired_at": None,
}  # fmt: skip
OVER = OVERLOAD | {
    "alert_id": "eeee000005", "rule": "meeting_load", "state": "resolved", "transitions": 2,
    "resolved_at": AS_OF, "resolution": "back_within_limits",
}  # fmt: skip
ALERTS = (OVERLOAD, TURNOVER, STALE, LEAVE, OVER)
EVALUATED = {"night_date": NIGHT, "as_of": AS_OF, "status": "judged", "subjects": 12, "beyond": 1, "suppressed": 0}


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path / "workspace")


@pytest.fixture
def touchline(office, capsys):
    """Runs a command on the office's workspace: exit code, standard output, standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main([*arguments, "--home", str(office.workspace.home)])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


@pytest.fixture
def alerted(office):
    """A published night whose file holds alerts, as if its rules had judged."""
    return office.stand_on(alerted_night)


def alerted_night(office):
    office.deliver("reps.csv", [REP])
    office.night()
    publish(office, alerts=ALERTS, changes=[change(OVERLOAD), change(OVER), change(OVER, 2, "firing", "resolved")])


def change(alert, place=1, before=None, after="firing"):
    told = {name: alert[name] for name in ("alert_id", "value", "threshold")}
    moved = {"from_state": before, "to_state": after, "changed_at": AS_OF, "night_date": NIGHT, "is_news": True}
    return {**told, **moved, "place": place}


def publish(office, alerts=(), changes=(), evaluated=("rep_overload", "source_stale")):
    """Writes the rows into the published file."""
    file = office.workspace.published.resolve() / "crm.duckdb"
    file.chmod(0o644)
    with duckdb.connect(str(file)) as connection:
        for table, rows in (
            ("marts.alerts", alerts),
            ("ops.alert_transition", changes),
            ("ops.alert_evaluation", [EVALUATED | {"rule": rule} for rule in evaluated]),
        ):
            connection.execute(f"delete from {table}")
            for row in rows:
                marks = ", ".join("?" * len(row))
                connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", [*row.values()])


def listed(touchline, *filters):
    code, out, err = touchline("alerts", "list", *filters, "--json")
    assert code == 0, err
    return {alert["alert_id"][:1]: alert for alert in json.loads(out)["alerts"]}


def queue(office, alert_id, state, channel="sales-ops", sent_at=None, error=None):
    """A message of the outbox about an alert's first news."""
    with opened(office.workspace.operator_store) as connection:
        connection.execute(
            "insert into alert_message (message_id, channel, kind, severity, body, state, created_at, not_before,"
            " expires_at, attempts, last_error, sent_at) values (?, ?, 'digest', 'warning', '', ?, ?, ?, ?, 1, ?, ?)",
            [f"m-{alert_id}-{channel}", channel, state, *[AS_OF.isoformat()] * 3, error, sent_at],
        )
        connection.execute("insert into alert_news values (?, 1, ?, ?)", [alert_id, channel, f"m-{alert_id}-{channel}"])


def page(office, width):
    """The list on a terminal so many columns wide."""
    out = io.StringIO()
    made = Page(out)
    made._console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    board = read_board(office.workspace, load_settings(office.workspace.settings_file, {}), AS_OF)
    show_alerts(made, board.alerts, board)
    return out.getvalue()


def tomorrow():
    return str(datetime.now(UTC).date() + timedelta(days=1))


def test_the_list_shows_what_is_open_the_worst_first(alerted, touchline):
    code, out, err = touchline("alerts", "list")
    assert code == 0, err
    assert "Alerts: 1 critical and 2 warning fire" in out
    order = [out.index(alert["alert_id"]) for alert in (STALE, OVERLOAD, TURNOVER, LEAVE)]
    assert order == sorted(order)
    assert out.index("Critical (1)") < out.index("Warning (3)")
    assert OVER["alert_id"] not in out
    for words in (
        "Ada Lovelace",
        "104.2 touches per workday (limit 90)",
        "24.0 % (limit 20.0 %)",
        "suppressed (leave)",
    ):
        assert words in out, words


def test_on_eighty_columns_no_id_and_no_day_is_broken(alerted):
    found = page(alerted, 80)
    assert max(map(len, [line for line in found.splitlines() if "│" in line])) <= 80
    for alert in ALERTS:
        assert f"{alert['alert_id']} │" in found
    assert found.count("│ 2026-03-31 │") == len(ALERTS)


def test_filters_choose_and_unknown_words_are_refused(alerted, touchline):
    assert set(listed(touchline)) == {"a", "b", "c", "d"}
    assert set(listed(touchline, "--all")) == {"a", "b", "c", "d", "e"}
    assert set(listed(touchline, "--state", "resolved")) == {"e"}
    assert set(listed(touchline, "--severity", "critical")) == {"c"}
    assert set(listed(touchline, "--team", "North", "--rule", "rep_overload")) == {"a"}
    code, _, err = touchline("alerts", "list", "--rule", "rep_overlod")
    assert (code, "Did you mean 'rep_overload'?" in err) == (2, True)
    assert touchline("alerts", "list", "--severity", "urgent")[0] == 2


def test_nothing_wrong_says_what_was_judged(office, touchline):
    _, out, _ = touchline("alerts", "list")
    assert "no rule has been judged yet" in out
    office.deliver("reps.csv", [REP])
    office.night()
    publish(office)
    _, out, _ = touchline("alerts", "list")
    assert "The night of 2026-03-31 judged 2 rules over 24 figures (as of 2026-04-01 03:59 UTC)." in out


def test_a_rule_that_was_refused_is_said_below_the_list(alerted, touchline):
    file = alerted.workspace.published.resolve() / "crm.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update ops.alert_evaluation set status = 'refused', reason = 'a NULL value' where rule = 'rep_overload'"
        )
    assert "The last night did not judge rep_overload: a NULL value" in touchline("alerts", "list")[1]


def test_show_tells_everything(alerted, touchline):
    queue(alerted, OVERLOAD["alert_id"], "dead", error="the door is shut")
    code, out, err = touchline("alerts", "show", OVERLOAD["alert_id"])
    assert code == 0, err
    for words in (
        "Ada Lovelace",
        "alert aaaa000001 of rule rep_overload, rep crm:R1 of team North",
        "touches_per_workday: 104.2 touches per workday (limit 90), clear at 81",
        "usual for itself 70, usual for others like it 65",
        "week of: 2026-03-23",
        "touches: 521",
        "Since 2026-03-31",
        "2026-03-31  firing at 104.2 touches per workday (people are told)",
        "sales-ops",
        "the door is shut",
        "docs/alerts.md#rep_overload",
        "touchline alerts ack aaaa000001",
    ):
        assert words in out, words


def test_show_says_in_a_sentence_why_nobody_is_told(alerted, touchline):
    assert "Nobody is told: on leave: " in touchline("alerts", "show", LEAVE["alert_id"])[1]
    content = json.loads(touchline("alerts", "show", LEAVE["alert_id"], "--json")[1])
    assert content["why_quiet"].startswith("on leave: ")
    assert content["changes"] == []


def test_show_lists_every_change(alerted, touchline):
    content = json.loads(touchline("alerts", "show", OVER["alert_id"], "--json")[1])
    assert [(row["place"], row["from_state"], row["to_state"]) for row in content["changes"]] == [
        (1, None, "firing"),
        (2, "firing", "resolved"),
    ]
    assert "firing → resolved" in touchline("alerts", "show", OVER["alert_id"])[1]


def test_an_unknown_id_names_those_that_are_near(alerted, touchline):
    code, _, err = touchline("alerts", "show", "aaaa000010")
    assert (code, "Did you mean aaaa000001" in err) == (2, True)


def test_an_acknowledgement_shows_at_once(alerted, touchline):
    code, out, err = touchline("alerts", "ack", "aaaa000001", "cccc000003", "--note", "calling them")
    assert code == 0, err
    assert "Taken up: Ada Lovelace" in out
    found = listed(touchline)
    assert (found["a"]["state"], found["a"]["state_of_the_night"]) == ("acknowledged", "firing")
    assert found["a"]["acknowledgement"]["note"] == "calling them"
    out = touchline("alerts", "list")[1]
    assert "Alerts: 1 warning fires" in out
    assert ": calling them" in touchline("alerts", "show", "aaaa000001")[1]


def test_acknowledging_is_for_all_named_or_for_none(alerted, touchline):
    for wrong in ("nobody", OVER["alert_id"]):
        code, _, err = touchline("alerts", "ack", "aaaa000001", wrong)
        assert (code, "→" in err) == (2, True)
    assert listed(touchline)["a"]["state"] == "firing"


def test_a_silence_shows_at_once_and_ends_at_once(alerted, touchline):
    arguments = ("--team", "North", "--rule", "rep_overload", "--until", tomorrow(), "--reason", "a campaign")
    code, out, err = touchline("alerts", "silence", *arguments, "--json")
    assert code == 0, err
    name = json.loads(out)["silence"]["silence_id"]
    found = listed(touchline)
    assert (found["a"]["state"], found["a"]["suppressed_by"]) == ("suppressed", "silence")
    assert (found["b"]["state"], found["c"]["state"]) == ("firing", "firing")
    out = touchline("alerts", "list")[1]
    assert "rule rep_overload, team North" in out
    assert name in out
    why = f"Nobody is told: silenced until {tomorrow()}: a campaign"
    assert why in touchline("alerts", "show", "aaaa000001")[1]
    assert touchline("alerts", "unsilence", name)[0] == 0
    assert listed(touchline)["a"]["state"] == "firing"
    code, _, err = touchline("alerts", "unsilence", name)
    assert (code, "no silence is called" in err) == (2, True)


def test_what_the_night_silenced_says_so_after_the_silence_is_over(alerted, touchline):
    publish(alerted, [OVERLOAD | {"state": "suppressed", "suppressed_by": "silence"}])
    assert "the silence is over, and the next night judges it anew" in touchline("alerts", "show", "aaaa000001")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until", "2099-01-01", "--reason", "why"), "Silence what?"),
        (("--team", "North", "--until", "2020-01-01", "--reason", "why"), "is past"),
        (("--team", "North", "--until", "soon", "--reason", "why"), "is no date"),
        (("--team", "North", "--until", "2099-01-01", "--reason", " "), "--reason is blank"),
        (("--team", "Nort", "--until", "2099-01-01", "--reason", "why"), "Did you mean 'North'?"),
        (("--subject", "crm:R9", "--until", "2099-01-01", "--reason", "why"), "there is no --subject crm:R9"),
        (("--rule", "nights_failed", "--until", "2099-01-01", "--reason", "why"), "Did you mean 'night_failed'?"),
    ],
)
def test_a_silence_that_would_hide_nothing_or_everything_is_refused(alerted, touchline, arguments, said):
    code, _, err = touchline("alerts", "silence", *arguments)
    assert (code, said in err) == (2, True), err
    assert json.loads(touchline("alerts", "list", "--json")[1])["silences"] == []


def test_a_demo_company_silences_against_its_own_day(alerted, touchline):
    alerted.workspace.demo_as_of.write_text(AS_OF.isoformat())
    code, _, err = touchline("alerts", "silence", "--team", "North", "--until", "2026-03-31", "--reason", "why")
    assert code == 0, err
    assert listed(touchline)["b"]["state"] == "suppressed"


def test_silences_of_the_settings_stand_below_the_list(alerted, touchline, monkeypatch):
    monkeypatch.setenv("TOUCHLINE__ALERTS__SILENCES", "[{rule: source_stale, reason: a dialer moves}]")
    assert listed(touchline)["c"]["suppressed_by"] == "silence"
    out = touchline("alerts", "list")[1]
    assert "a dialer moves" in out
    assert "touchline.yaml" in out


def test_failed_nights_stand_in_the_list_before_anything_was_published(office, touchline):
    night_went_wrong(
        office.workspace.operator_store, "night_failed", "The disk is full\n  → Make room", as_of=AS_OF,
        timezone="America/New_York", alerts=Alerts(),
    )  # fmt: skip
    (alert,) = listed(touchline).values()
    name = alert["alert_id"]
    assert (alert["rule"], alert["state"]) == ("night_failed", "firing")
    out = touchline("alerts", "show", name)[1]
    assert "The night failed: firing" in out
    assert "what failed: The disk is full" in out
    assert "firing (people are told)" in out
    assert touchline("alerts", "ack", name)[0] == 0
    assert next(iter(listed(touchline).values()))["state"] == "acknowledged"


def test_the_list_says_what_became_of_the_messages(alerted, touchline):
    for alert, state in ((OVERLOAD, "waiting"), (TURNOVER, "dead"), (STALE, "sent")):
        queue(alerted, alert["alert_id"], state)
    queue(alerted, TURNOVER["alert_id"], "sent", channel="pager")
    found = listed(touchline)
    assert {key: found[key]["delivery"] for key in "abcd"} == {"a": "waiting", "b": "dead", "c": "sent", "d": "none"}
    out = touchline("alerts", "list")[1]
    assert "firing; message waits" in out
    assert "firing; message undeliverable" in out


def test_a_name_cannot_move_the_terminal(alerted, touchline):
    publish(alerted, [OVERLOAD | {"subject_name": "Ada\x1b[2J", "evidence": '{"note": "\\u001b[2J"}'}])
    for command in (("list",), ("show", "aaaa000001")):
        out = touchline("alerts", *command)[1]
        assert "\x1b" not in out
        assert "\\x1b[2J" in out


def test_status_says_how_many_fire(alerted, touchline):
    assert "Alerts: 1 critical and 2 warning fire (touchline alerts list)" in touchline("status")[1]
    assert json.loads(touchline("status", "--json")[1])["alerts_firing"] == {"critical": 1, "warning": 2}


def test_alerts_that_cannot_be_read_do_not_hide_the_rest_of_the_status(alerted, touchline):
    alerted.workspace.operator_store.write_bytes(b"no database at all" * 100)
    code, out, _ = touchline("status")
    assert code == 0
    assert "Alerts cannot be read: " in out
    assert json.loads(touchline("status", "--json")[1])["alerts_firing"] is None


def test_a_run_ends_with_the_alerts_that_fire_at_most_a_few(alerted, touchline):
    many = [OVERLOAD | {"alert_id": f"aaaa0000{number:02}", "subject_id": f"crm:R{number}"} for number in range(1, 11)]
    publish(alerted, many)
    code, out, err = touchline("run", "--as-of", "2026-03-31")
    assert code == 0, err
    assert "Nothing new since generation 1" in out
    assert "Alerts: 10 warning fire (touchline alerts list)" in out
    assert out.count("104.2 touches per workday (limit 90)") == 8
    assert "… and 2 more" in out
    publish(alerted)
    assert "Alerts: none fires" in touchline("run", "--as-of", "2026-03-31")[1]
