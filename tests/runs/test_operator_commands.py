"""The operator's commands as a person types them: quarantine, rollback, backfill, dictionary."""

import json
import shutil

import dagster as dg
import duckdb
import pytest

from data_quality.remedies import REMEDIES
from models.fields import RULE_MESSAGES
from pipelines.cli import main
from pipelines.night.generation import one_night_at_a_time

WRONG = """
company: {timezone: UTC}
sources:
  - {name: crm, kind: canonical, path: inbox/crm}
  - name: dialer
    kind: mapped
    path: inbox/dialer/*.csv
    entity: activities
    fields:
      source_record_id: id
      channel: {const: call}
      occurred_at: at
      direction: {column: type, map: {out: outbound}}
      rep_id: agent
"""
RIGHT = WRONG.replace("{out: outbound}", "{out: outbound, in: inbound}")
REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}


def dialled(name, kind="out", agent="R1"):
    return {"id": name, "at": "2026-03-02T15:00:00Z", "type": kind, "agent": agent}


@pytest.fixture
def touchline(office, capsys):
    """Runs a command on the office's workspace: exit code, standard output, standard error."""

    def run(*arguments, home=True):
        with pytest.raises(SystemExit) as exit:
            main([*arguments, *(["--home", str(office.workspace.home)] if home else [])])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


@pytest.fixture
def dialer(office):
    """A night with two calls of a kind that the mapping does not know, and a file without a needed column."""
    return office.stand_on(night_of_the_dialer)


def night_of_the_dialer(office):
    office.configure(WRONG)
    office.deliver("reps.csv", [REP])
    office.deliver(
        "a.csv", [dialled("1"), dialled("2", "in", "bo@example.com"), dialled("3", "in\x1b[2J")], "inbox/dialer"
    )
    office.deliver("broken.csv", b"id;at\n1;2\n", "inbox/dialer")
    office.night()


def test_list_groups_by_rule_with_an_example_a_remedy_and_the_refused_files(dialer, touchline):
    code, out, err = touchline("quarantine", "list")
    assert code == 0, err
    assert "dialer/activities  direction: not_in_map  (2 rows)" in out
    assert "'in'" in out and "000001-0002:3:direction:not_in_map" in out
    assert "→ add these words to the `map:` of direction in the settings of dialer" in out
    assert "Refused dialer/broken.csv" in out
    assert "\x1b" not in out
    found = json.loads(touchline("quarantine", "list", "--json")[1])
    assert [(group["rule"], group["rows"], group["files"]) for group in found["groups"]] == [("not_in_map", 2, 1)]
    assert [file["file_name"] for file in found["refused"]] == ["broken.csv"]
    only = json.loads(touchline("quarantine", "list", "--json", "--file", "broken.csv")[1])
    assert (only["groups"], len(only["refused"])) == ([], 1)


def test_a_refused_file_that_was_corrected_under_its_name_is_not_refused_any_more(dialer, touchline):
    dialer.deliver("broken.csv", [dialled("9")], "inbox/dialer")
    dialer.night()
    assert json.loads(touchline("quarantine", "list", "--json")[1])["refused"] == []
    assert json.loads(touchline("status", "--json")[1])["refused"] == []
    assert touchline("quarantine", "discard", "--file", "broken.csv", "--reason", "x")[1].startswith(
        "Nothing to dismiss"
    )


def test_a_file_named_after_a_person_is_chosen_by_its_name(dialer, touchline):
    dialer.deliver("ann@example.com.csv", [dialled("8", "in")], "inbox/dialer")
    dialer.night()
    found = json.loads(touchline("quarantine", "list", "--json", "--file", "ann@example.com.csv")[1])
    assert [group["rows"] for group in found["groups"]] == [1]


def test_show_prints_the_row_as_it_came_beside_its_reasons(dialer, touchline):
    code, out, err = touchline("quarantine", "show", "000001-0002:3")
    assert code == 0, err
    assert "bo@example.com" in out and "direction: not_in_map" in out
    (row,) = json.loads(touchline("quarantine", "show", "000001-0002:3", "--json")[1])
    assert row["row"]["agent"] == "bo@example.com"
    assert "\x1b" not in touchline("quarantine", "show", "--rule", "not_in_map")[1]


def test_show_says_plainly_when_the_private_file_is_closed_to_it(dialer, touchline):
    (dialer.workspace.published.resolve() / "private.duckdb").unlink()
    code, _, err = touchline("quarantine", "show", "--rule", "not_in_map")
    assert code == 1
    assert "private.duckdb, which cannot be opened" in err and "its owner only" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["replay"], "Which rows?"),
        (["replay", "--rule", "not_in_mop"], "Did you mean 'not_in_map'?"),
        (["list", "--source", "diler"], "Did you mean 'dialer'?"),
        (["discard", "--all"], "--reason"),
        (["discard", "--all", "--reason", " "], "--reason is blank"),
        (["show", "000009-0001:3"], "touchline quarantine list"),
    ],
)
def test_wrong_usage_of_the_quarantine_exits_with_2_and_says_what_to_do(dialer, touchline, arguments, says):
    code, _, err = touchline("quarantine", *arguments)
    assert (code, says in err) == (2, True), err


@pytest.mark.slow
def test_replay_tries_orders_and_the_run_tells_what_came_of_it(dialer, touchline):
    code, out, err = touchline("quarantine", "replay", "--rule", "not_in_map", "--dry-run")
    assert code == 0, err
    assert "0 of 2 rows pass under the present settings; nothing was ordered." in out
    dialer.configure(RIGHT)
    tried = json.loads(touchline("quarantine", "replay", "--all", "--dry-run", "--json")[1])
    assert [(file["file_name"], file["rows_named"], file["rows_passing"]) for file in tried] == [
        ("a.csv", 2, 1),
        ("broken.csv", 0, 0),
    ]
    assert "no column" in tried[1]["refused"]
    assert not dialer.workspace.operator_store.exists()
    code, out, _ = touchline("quarantine", "replay", "--rule", "not_in_map")
    assert (code, "the next night judges again 2 rows" in out) == (0, True)
    assert "The next night carries out: replay --rule not_in_map" in touchline("quarantine", "list")[1]
    code, out, err = touchline("run", "--as-of", "2026-03-31")
    assert code == 0, err
    assert "Order carried out: replay --rule not_in_map (2 rows; 1 row passes now)" in out
    assert dialer.query("select rows_accepted, rows_quarantined from ops.load_accounting where source = 'dialer'") == [
        (2, 1)
    ]
    assert "carries out" not in touchline("quarantine", "list")[1]


@pytest.mark.slow
def test_discarded_rows_and_files_are_no_longer_listed_and_can_be_taken_back(dialer, touchline):
    code, out, err = touchline("quarantine", "discard", "--all", "--reason", "test calls")
    assert (code, "dismisses 2 rows and 1 refused file" in out) == (0, True), err
    dialer.night()
    out = touchline("quarantine", "list")[1]
    assert "No row and no file of what is published stands in quarantine." in out
    assert json.loads(touchline("status", "--json")[1])["refused"] == []
    assert "test calls" in touchline("quarantine", "show", "--discarded")[1]
    assert "Nothing to dismiss" in touchline("quarantine", "discard", "--all", "--reason", "again")[1]
    assert "2 rows and 1 refused file" in touchline("quarantine", "replay", "--discarded")[1]
    dialer.night()
    found = json.loads(touchline("quarantine", "list", "--json")[1])
    assert ([group["rows"] for group in found["groups"]], len(found["refused"])) == ([2], 1)


@pytest.mark.slow
def test_after_a_blocked_night_the_failed_build_is_shown_and_marked(dialer, touchline):
    published = dialer.workspace.published.resolve() / "crm.duckdb"
    published.chmod(0o644)
    with duckdb.connect(str(published)) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    dialer.deliver("late.csv", [dialled("9", "fax")], "inbox/dialer")
    assert touchline("run", "--as-of", "2026-03-31")[0] == 3
    code, out, err = touchline("quarantine", "list")
    assert code == 0, err
    before, after = out.split("In the failed build 2 (NOT published)")
    assert "(2 rows)" in before and "'fax'" not in before
    assert "(1 row)" in after and "'fax'" in after and "rows_read_is_the_sum_of_its_parts" in after


def test_every_rule_of_the_contracts_has_a_remedy():
    assert set(RULE_MESSAGES) <= set(REMEDIES)


@pytest.fixture
def three_nights(office):
    """Three generations; without updated_at the file landed later wins, and its name sorts first."""
    return office.stand_on(three_generations)


def night_of_a_roster(office):
    office.deliver("reps.csv", [REP])
    office.night()


def three_generations(office):
    office.stand_on(night_of_a_roster)
    office.deliver("activities_b.csv", [CALL])
    office.night()
    office.deliver("activities_a.csv", [{**CALL, "occurred_at": "2026-03-05T15:00:00Z"}])
    office.night()


def test_after_a_rollback_the_next_night_takes_again_what_the_ledger_lacks(three_nights, touchline):
    hashes = three_nights.hashes()
    code, out, err = touchline("rollback", "1")
    assert code == 0, err
    assert "Readers see generation 1 now, before that 3." in out
    assert "takes again: activities_b.csv, activities_a.csv" in out
    assert three_nights.query("select generation from ops.publication") == [(1,)]
    assert three_nights.night().generation == 4
    assert three_nights.hashes() == hashes
    listed = json.loads(touchline("rollback", "--list", "--json")[1])
    kept = [(one["number"], one["is_published"], one["built_on"]) for one in listed["generations"]]
    assert kept == [(4, True, 1), (3, False, 2), (1, False, None)]
    touchline("rollback")
    assert three_nights.query("select generation from ops.publication") == [(1,)]
    assert touchline("rollback")[0] == 2
    touchline("rollback", "3")
    assert three_nights.query("select generation from ops.publication") == [(3,)]


@pytest.mark.slow
def test_orders_given_before_a_rollback_are_carried_out_again(dialer, touchline):
    touchline("quarantine", "discard", "--rule", "not_in_map", "--reason", "test calls")
    dialer.night()
    touchline("rollback")
    assert dialer.query("select count(*) from quarantine.rejected where discarded_at is not null") == [(0,)]
    dialer.configure(RIGHT)
    assert len(dialer.night().orders) == 1
    assert dialer.query("select count(*) from quarantine.rejected where discarded_at is not null") == [(2,)]
    assert dialer.query("select count(*) from core.fct_activity") == [(1,)]


@pytest.mark.slow
def test_a_dismissed_row_stays_out_when_its_file_is_taken_again_after_a_rollback(office, touchline):
    office.configure(WRONG)
    office.deliver("reps.csv", [REP])
    office.night()
    office.deliver("a.csv", [dialled("1"), dialled("2", "in")], "inbox/dialer")
    office.night()
    touchline("quarantine", "discard", "--all", "--reason", "a test call")
    office.night()
    touchline("rollback", "1")
    office.configure(RIGHT)
    office.night()
    assert office.query("select rows_accepted, rows_quarantined from ops.load_accounting where source = 'dialer'") == [
        (1, 1)
    ]
    assert office.query("select rule, discard_reason from quarantine.rejected") == [("discarded", "a test call")]
    office.night(full_refresh=True)
    assert office.query("select count(*) from core.fct_activity") == [(1,)]


def test_a_rollback_tells_which_files_the_next_night_will_not_find(three_nights, touchline):
    (three_nights.workspace.inbox / "crm" / "activities_a.csv").unlink()
    out = touchline("rollback", "2")[1]
    assert "No longer in the inbox, so left out from the next night on: crm/activities_a.csv" in out
    assert str(three_nights.workspace.landed) in out


def test_a_rollback_waits_for_no_night_and_refuses_what_is_not_there_or_not_whole(three_nights, touchline):
    with one_night_at_a_time(three_nights.workspace):
        assert touchline("rollback")[0] == 4
    code, _, err = touchline("rollback", "9")
    assert (code, "Name one of: 1, 2" in err) == (2, True), err
    (three_nights.workspace.generations / "000002" / "private.duckdb").unlink()
    assert touchline("rollback", "2")[0] == 2
    assert three_nights.query("select generation from ops.publication") == [(3,)]


def test_a_rollback_mends_a_link_that_points_at_nothing_whole(three_nights, touchline):
    (three_nights.workspace.generations / "000003" / "crm.duckdb").unlink()
    code, _, err = touchline("run", "--as-of", "2026-03-31")
    assert (code, "touchline rollback" in err) == (1, True), err
    assert touchline("rollback")[0] == 0
    assert three_nights.query("select generation from ops.publication") == [(2,)]


def test_the_generation_pointed_at_and_its_ground_outlive_the_pruning(three_nights, touchline):
    three_nights.configure(three_nights.workspace.settings_file.read_text() + "engine: {keep_generations: 2}\n")
    touchline("rollback", "1")
    three_nights.night()
    kept = sorted(folder.name for folder in three_nights.workspace.generations.iterdir())
    assert kept == ["000001", "000004"]


@pytest.mark.slow
def test_a_backfill_mends_a_window_as_a_full_refresh_would(office, touchline):
    office.deliver("reps.csv", [REP])
    days = ("2026-03-02", "2026-03-10", "2026-03-20")
    office.deliver(
        "activities.csv", [{**CALL, "source_record_id": day, "occurred_at": f"{day}T15:00:00Z"} for day in days]
    )
    office.night()
    hashes = office.hashes()
    published = office.workspace.published.resolve() / "crm.duckdb"
    published.chmod(0o644)
    with duckdb.connect(str(published)) as tampering:
        tampering.execute("update marts.rep_activity_daily set calls = calls + 7 where activity_date = '2026-03-10'")
    office.deliver("activities_2.csv", [{**CALL, "source_record_id": "late"}])
    code, out, err = touchline("backfill", "--from", "2026-03-03", "--to", "2026-03-12")
    assert code == 0, err
    assert "Published generation 2" in out
    assert office.hashes() == hashes
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        (run,) = instance.get_runs()
    assert run.run_config["ops"]["night"]["config"]["window_from"] == "2026-03-03"
    office.night()
    assert office.query("select sum(touches) from marts.rep_activity_daily") == [(4,)]


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("2026-03-12", "2026-03-03", "lies after"),
        ("2026-03-12", "soon", "is no date"),
        ("1999-01-01", "2026-03-03", "2025-01-01 to 2026-03-31"),
        ("2026-03-01", "2026-04-01", "a later day needs a night"),
    ],
)
def test_a_window_that_cannot_be_is_refused_before_anything_runs(office, touchline, first, last, says):
    office.stand_on(night_of_a_roster)
    code, _, err = touchline("backfill", "--from", first, "--to", last)
    assert (code, says in err) == (2, True), err
    assert json.loads(touchline("status", "--json")[1])["last_night"]["status"] == "published"


def test_a_backfill_is_refused_before_the_first_night_and_after_settings_changed(office, touchline):
    assert "touchline run" in touchline("backfill", "--from", "2026-03-01", "--to", "2026-03-02")[2]
    office.stand_on(night_of_a_roster)
    office.configure(office.workspace.settings_file.read_text() + "metrics: {connected_call_seconds: 30}\n")
    code, _, err = touchline("backfill", "--from", "2026-03-01", "--to", "2026-03-02")
    assert (code, "only a whole night can be built: settings" in err) == (2, True), err


def test_the_dictionary_needs_no_workspace(touchline, office):
    shutil.rmtree(office.workspace.home)
    code, out, err = touchline("dictionary", home=False)
    assert code == 0, err
    assert "marts.rep_activity_daily" in out and "staging." not in out
    code, out, _ = touchline("dictionary", "rep_activity_daily")
    assert code == 0
    assert "One row per:" in out and "talk_seconds" in out and "Metrics" in out and "Checks" in out
    table = json.loads(touchline("dictionary", "ops.operator_order", "--json")[1])
    assert table["grain"] == ["order_id"]
    code, _, err = touchline("dictionary", "rep_activity_dayly")
    assert (code, "Did you mean 'rep_activity_daily'?" in err) == (2, True), err


def test_the_dictionary_finds_a_metric_as_it_finds_a_table(touchline, office):
    shutil.rmtree(office.workspace.home)
    code, out, err = touchline("dictionary", "--metrics", home=False)
    assert code == 0, err
    assert "touches_per_rep_workday" in out and "One row per" not in out
    listed = json.loads(touchline("dictionary", "--metrics", "--json")[1])
    assert [one for one in listed if one["name"] == "calls"] == [
        {
            "name": "calls",
            "formula": "Completed calls of every direction.",
            "unit": "calls",
            "numerator": None,
            "denominator": None,
            "null_means": "never NULL",
            "table": "marts.rep_activity_daily",
            "subject": "activity",
        }
    ]
    code, out, _ = touchline("dictionary", "touches_per_rep_workday")
    assert code == 0
    assert "Denominator: rep_workdays" in out and "NULL means: no rep-workday in the period" in out
    assert "touchline explain marts.rep_type_activity --key period_grain=…" in out
    assert json.loads(touchline("dictionary", "Calls", "--json")[1])["unit"] == "calls"
    code, _, err = touchline("dictionary", "calls_per_rep_workdai")
    assert (code, "Did you mean 'calls_per_rep_workday'?" in err) == (2, True), err
