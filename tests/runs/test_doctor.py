"""`touchline doctor`: a workspace in order passes, and each thing that breaks is named with what to mend."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from models.errors import BlockedError
from pipelines.cli import main
from pipelines.doctor.examine import examine
from pipelines.doctor.finding import Patient
from pipelines.doctor.readers import check_held_readers
from pipelines.new_workspace import write_dagster_settings
from pipelines.night.generation import Generation, point_readers_at
from pipelines.night.lock import one_night_at_a_time
from pipelines.night.operator import opened
from pipelines.night.rollback import roll_back
from tests.reliability import record
from tests.runs.conftest import AS_OF

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-30T15:00:00Z", "rep_id": "R1"}
NOW = datetime(2026, 4, 2, 9, tzinfo=UTC)


@pytest.fixture
def healthy(office):
    """An office after one night with nothing to complain about."""
    return office.stand_on(healthy_night)


def healthy_night(office):
    office.workspace.secret_key.chmod(0o600)
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    office.night()
    write_dagster_settings(office.workspace)


def findings(office, level, now=NOW):
    found = examine(office.workspace, now)
    assert all(finding.remedy for finding in found if finding.level != "ok")
    return {finding.check: finding.what for finding in found if finding.level == level}


def test_a_healthy_workspace_has_nothing_to_mend(healthy):
    assert findings(healthy, "fail") == {}
    assert findings(healthy, "warn") == {}
    assert set(findings(healthy, "ok")) == {
        "settings", "versions", "time zones", "clock", "permissions", "private files", "secret key", "disk", "lock",
        "leftovers", "dagster.yaml", "source crm", "alerts", "published", "as_of", "readers", "nights",
    }  # fmt: skip


def test_wrong_settings_do_not_stop_the_other_checks(healthy):
    healthy.configure("company: {timezon: UTC}\n")
    assert "timezon" in findings(healthy, "fail")["settings"]
    assert "published" in findings(healthy, "ok")


def break_mode(office):
    office.workspace.secret_key.chmod(0o644)


def break_key(office):
    office.workspace.secret_key.write_text("")


def break_wal(office):
    (office.workspace.published / "crm.duckdb.wal").write_bytes(b"x")


def break_link(office):
    office.workspace.published.unlink()
    office.workspace.published.symlink_to("generations/000099")


def break_file(office):
    file = office.workspace.published / "crm.duckdb"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:5000])


def break_inbox(office):
    office.workspace.inbox.rename(office.workspace.home / "elsewhere")


@pytest.mark.parametrize(
    ("break_it", "check", "word"),
    [
        (break_mode, "private files", "secret.key"),
        (break_key, "secret key", "missing or empty"),
        (break_wal, "published", "crm.duckdb.wal"),
        (break_link, "published", "not whole"),
        (break_file, "published", "cannot be"),
        (break_inbox, "permissions", "missing"),
    ],
)
def test_what_harms_a_night_or_a_reader_fails(healthy, break_it, check, word):
    break_it(healthy)
    assert word in findings(healthy, "fail")[check]


def test_what_should_be_looked_at_is_a_warning(healthy):
    (healthy.workspace.building / "000002").mkdir(parents=True)
    (healthy.workspace.dagster_home / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    healthy.deliver("notes.csv", b"a,b\n")
    warnings = findings(healthy, "warn", NOW + timedelta(days=30))
    assert "an unfinished build" in warnings["leftovers"]
    assert "not the one that this version ships" in warnings["dagster.yaml"]
    assert "notes.csv" in warnings["source crm"]
    assert "30 days ago" in warnings["nights"]
    assert "ahead of now" in findings(healthy, "warn", NOW - timedelta(days=30))["clock"]


def test_a_source_without_files_and_a_refused_file_are_named(healthy):
    healthy.deliver("stages.csv", b"\xff\xfe\x00not a table")
    healthy.night()
    for file in healthy.workspace.inbox.glob("crm/[ar]*.csv"):
        file.unlink()
    assert "stages.csv" in findings(healthy, "warn")["refused file"]
    (healthy.workspace.inbox / "crm/stages.csv").unlink()
    assert "no file is found" in findings(healthy, "warn")["source crm"]


def test_a_running_night_is_no_fault_and_its_build_no_leftover(healthy):
    (healthy.workspace.building / "000002").mkdir(parents=True)
    with one_night_at_a_time(healthy.workspace):
        since = datetime.fromtimestamp(healthy.workspace.lock.stat().st_mtime, UTC)
        found = {finding.check: finding for finding in examine(healthy.workspace, since + timedelta(minutes=5))}
        late = {finding.check: finding for finding in examine(healthy.workspace, since + timedelta(hours=13))}
    assert "a night is running" in found["lock"].what and found["lock"].level == "ok"
    assert late["lock"].level == "warn"
    assert "leftovers" not in found


def test_a_blocked_night_shows_its_failed_build(healthy):
    healthy.workspace.published.resolve().joinpath("crm.duckdb").chmod(0o644)

    with duckdb.connect(str(healthy.workspace.published.resolve() / "crm.duckdb")) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    healthy.deliver("activities_2.csv", [CALL | {"source_record_id": "A2"}])
    with pytest.raises(BlockedError):
        healthy.night()
    assert "rows_read_is_the_sum_of_its_parts" in findings(healthy, "fail")["last night"]
    assert str(healthy.workspace.failed / "000002") in findings(healthy, "fail")["last night"]


def test_a_rollback_is_told(healthy):
    healthy.deliver("activities_2.csv", [CALL | {"source_record_id": "A2"}])
    healthy.night()
    point_readers_at(healthy.workspace, Generation(healthy.workspace.generations / "000001"))
    assert "rolled back" in findings(healthy, "warn")["published"]


def run_ahead(office, monkeypatch, first=AS_OF):
    """Nights with alerts: one, one whose as_of was mistyped, and one as it should be."""
    monkeypatch.setenv("TOUCHLINE__ALERTS__ENABLED", "true")
    office.environment = office.environment | {"TOUCHLINE__ALERTS__ENABLED": "true"}
    office.deliver("reps.csv", [REP])
    for as_of in (first, AS_OF.replace(year=2062), AS_OF + timedelta(days=1)):
        office.deliver(f"activities_{as_of:%Y}.csv", [CALL | {"source_record_id": f"{as_of}"}])
        office.night(as_of)
        yield


@pytest.mark.slow
def test_a_published_instant_in_the_future_is_told_with_the_way_back(office, monkeypatch):
    nights = run_ahead(office, monkeypatch)
    next(nights)
    assert "not in the future" in findings(office, "ok")["as_of"]
    next(nights)
    assert "2062-04-01 03:59 UTC, lies in the future; until 2062-04-01" in findings(office, "warn")["as_of"]
    next(nights)
    told = findings(office, "warn")["as_of"]
    assert (
        told
        == "alerts were judged for 2062-04-01 03:59 UTC, which lies in the future; until 2062-04-01 no night judges alerts"
    )
    [remedy] = [found.remedy for found in examine(office.workspace, NOW) if found.check == "as_of"]
    assert "touchline rollback 1, touchline run" in remedy
    roll_back(office.workspace, 1)
    office.night(AS_OF + timedelta(days=1))
    assert "as_of" not in findings(office, "warn")
    assert office.query("select count(*) from core.fct_activity") == [(3,)]
    assert office.query("select max(night_date)::varchar from ops.alert_evaluation") == [("2026-04-01",)]


def test_an_instant_in_the_future_that_nothing_can_take_back_is_told_as_one(office, monkeypatch):
    nights = run_ahead(office, monkeypatch, first=AS_OF.replace(year=2061))
    next(nights)
    [remedy] = [found.remedy for found in examine(office.workspace, NOW) if found.check == "as_of"]
    assert "No generation from before that night is kept" in remedy


READER = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); sys.stdin.read()"
)


def test_readers_of_old_and_of_removed_generations_are_named(healthy):
    healthy.configure(healthy.workspace.settings_file.read_text() + "engine: {keep_generations: 1}\n")
    path = str(healthy.workspace.published / "crm.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", READER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout.readline() == b"open\n"
        patient = Patient(healthy.workspace, None, NOW)
        assert [finding.level for finding in check_held_readers(patient)] == ["ok"]
        healthy.deliver("activities_2.csv", [CALL | {"source_record_id": "A2"}])
        healthy.night()
        (found,) = check_held_readers(patient)
        reader.stdin.close()
    assert found.level == "warn"
    assert f"process {reader.pid}" in found.what and "generation 000001: removed" in found.what
    record("a reader that holds on disturbs no night", "a night published and pruned under it; the doctor names it")


def test_the_command_exits_with_1_only_when_something_must_be_mended(healthy, capsys):
    home = str(healthy.workspace.home)
    with pytest.raises(SystemExit) as well:
        main(["doctor", "--home", home])
    assert well.value.code == 0
    assert "ok    published: generation 1" in capsys.readouterr().out
    break_key(healthy)
    with pytest.raises(SystemExit) as ill:
        main(["doctor", "--home", home, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (ill.value.code, found["healthy"]) == (1, False)
    assert [finding["check"] for finding in found["findings"] if finding["level"] == "fail"] == ["secret key"]


def test_alerts_that_cannot_be_told_are_named(healthy, monkeypatch):
    monkeypatch.setenv("TOUCHLINE__ALERTS__ENABLED", "true")
    assert "no channel is set" in findings(healthy, "ok")["alerts"]
    good = healthy.workspace.settings_file.read_text()
    channel = 'alerts: {channels: [{name: ops, kind: webhook, url: "env:OPS_URL", secret: "env:OPS_KEY"}]}\n'
    healthy.configure(good + channel)
    monkeypatch.delenv("OPS_URL", raising=False)
    assert "OPS_URL" in findings(healthy, "fail")["alerts"]
    monkeypatch.setenv("OPS_URL", "https://example.org/hook")
    monkeypatch.setenv("OPS_KEY", "a key")
    assert "told to ops" in findings(healthy, "ok")["alerts"]
    with opened(healthy.workspace.operator_store) as store:
        store.execute(
            "insert into alert_message (message_id, channel, kind, severity, body, state, created_at, not_before,"
            " expires_at, attempts, last_error) values ('m', 'ops', 'digest', 'warning', '', 'dead', ?, ?, ?, 1, ?)",
            [*[NOW.isoformat()] * 3, "ops: answered 404"],
        )
    assert "ops: answered 404" in findings(healthy, "warn")["alert messages"]
