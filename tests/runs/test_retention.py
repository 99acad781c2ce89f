"""Old landed files and rejected rows go, and nothing that was published from them changes: not by a rebuild either."""

import os
import shutil
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from models.errors import TouchlineError
from models.settings import load_settings
from pipelines.cli import main
from pipelines.commands.quarantined import Choice, open_quarantine, targets_of
from pipelines.doctor.finding import Patient
from pipelines.doctor.retention import check_retention
from pipelines.night.operator import give_order
from pipelines.night.rollback import roll_back
from pipelines.night.run import NightRequest, find_nothing_new
from pipelines.night.workspace import Workspace
from tests.cheap_nights import CHEAP
from tests.runs.conftest import AS_OF, SETTINGS, STARTED, Office
from tests.runs.test_forget import found_below

pytestmark = pytest.mark.slow

KEEPING = SETTINGS + "privacy: {keep_landed_days: 30, keep_quarantine_days: 40}\n"
CONTACTS = [
    {"contact_id": "CON-77120", "full_name": "Annabella Quillfeather", "email": "annabella.q@secret.example",
     "nickname": "Nightjar", "updated_at": "2026-01-01T00:00:00Z"},
    {"contact_id": "CON-77120", "full_name": "Annabella Quillfeather", "email": "aq1@old.example",
     "nickname": "Nightjar", "updated_at": "2025-01-01T00:00:00Z"},
    {"contact_id": "CON-2", "full_name": "Cara Nobody", "email": "", "nickname": "", "updated_at": "2026-01-01T00:00:00Z"},
]  # fmt: skip
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}
CALLS = [
    {**CALL, "source_record_id": "a1", "contact_id": "CON-77120", "subject": ""},
    {**CALL, "source_record_id": "a2", "contact_id": "CON-2", "subject": "Raw words"},
    {**CALL, "source_record_id": "a3", "channel": "fax", "subject": "wrote to aq1@old.example"},
    {**CALL, "source_record_id": "a2", "contact_id": "CON-77120", "subject": "later line"},
]
REP = {"rep_id": "R1", "full_name": "Rita Example", "rep_type": "inside", "hire_date": "2024-01-01"}
LATER = datetime(2100, 1, 1, tzinfo=UTC)
ACCOUNTING = "select * exclude (as_of, loaded_at) from ops.load_accounting order by all"


def private(office, table):
    with duckdb.connect(str(office.workspace.published / "private.duckdb"), read_only=True) as connection:
        return connection.execute(f"from {table} order by all").fetchall()


def state(office):
    columns = office.query("select * from ops.source_column order by all")
    return office.hashes(), office.query(ACCOUNTING), private(office, "contact_identity"), columns


def raw(office):
    return [path for path in office.workspace.landed.iterdir() if path.suffix != ".parquet"]


@pytest.fixture(scope="module")
def young(tmp_path_factory):
    """Two nights, after which nothing is old yet."""
    office = Office(tmp_path_factory.mktemp("young") / "workspace")
    office.deliver("contacts.csv", CONTACTS)
    office.deliver("activities.csv", CALLS)
    office.deliver("reps.csv", [REP])
    office.night()
    office.deliver("activities_2.csv", [{**CALL, "source_record_id": "a1", "updated_at": "2026-03-05T00:00:00Z"}])
    office.night()
    return office


@pytest.fixture(scope="module")
def aged(young, tmp_path_factory):
    """The same workspace a hundred days later, its landed files replaced by their rows; and what it was before."""
    home = tmp_path_factory.mktemp("aged") / "workspace"
    shutil.copytree(young.workspace.home, home, symlinks=True)
    office = Office(home, KEEPING)
    office.nights = 100
    outcome = office.night()
    assert any("4 were replaced by their rows" in note for note in outcome.notes) and raw(office) == []
    return office, state(young)


@pytest.fixture
def old(aged, tmp_path):
    """A copy of that, to run nights in."""
    ground, before = aged
    shutil.copytree(ground.workspace.home, tmp_path / "workspace", symlinks=True)
    office = Office(tmp_path / "workspace", KEEPING)
    office.nights = ground.nights
    return office, before


def test_files_that_grew_old_are_something_to_do_for_a_night_with_nothing_new(young, tmp_path):
    shutil.copytree(young.workspace.home, tmp_path / "workspace", symlinks=True)
    request = NightRequest(Workspace(tmp_path / "workspace"), AS_OF, STARTED + timedelta(days=100), "run-100")

    def found(settings):
        Office(tmp_path / "workspace", settings)
        return find_nothing_new(request, load_settings(request.workspace.settings_file, CHEAP))

    assert found(KEEPING) is None
    assert found(SETTINGS).status == "nothing_new"


def test_a_rebuild_without_the_files_makes_the_same_tables_and_holds_no_name(old):
    office, before = old
    assert state(office) == before
    assert found_below(office.workspace.landed, ("quillfeather", "secret.example", "nightjar", "raw words")) == set()
    for settings in (KEEPING, KEEPING.replace("Test", "Other")):
        office.configure(settings)
        assert office.night(full_refresh=True).status == "published"
        assert state(office) == before and raw(office) == []
    office.deliver("contacts_again.csv", CONTACTS)
    assert [load.status for load in office.night(full_refresh=True).loads] == ["duplicate"]
    assert raw(office) == [] and office.hashes() == before[0]


def test_rejected_rows_go_and_are_said_to_be_gone(old, capsys):
    office, _ = old
    assert len(private(office, "quarantined_row")) == 1
    office.deliver("accounts.csv", [{"account_id": "A1", "name": "One"}])
    office.night()
    assert private(office, "quarantined_row") == []
    assert office.query("select rule, excerpt from quarantine.rejected") == [("not_in_set", "")]
    assert b"aq1@old.example" not in (office.workspace.published / "private.duckdb").read_bytes()
    with pytest.raises(SystemExit):
        main(["quarantine", "show", "--rule", "not_in_set", "--home", str(office.workspace.home)])
    assert "kept so long" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["quarantine", "replay", "--all", "--dry-run", "--home", str(office.workspace.home)])
    assert "no longer there" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["quarantine", "replay", "--all", "--home", str(office.workspace.home)])
    assert "Only the rows of activities.csv are left" in capsys.readouterr().out


def test_a_replay_takes_the_file_from_the_inbox_again(old):
    office, before = old
    connection = open_quarantine(office.workspace)
    targets = targets_of(connection, Choice(everything=True), [])
    connection.close()
    said = {"words": "--all", "reason": None, "given_by": "ada", "given_at": datetime(2026, 7, 1, tzinfo=UTC)}
    give_order(office.workspace.operator_store, "replay", targets, **said)
    assert [done["rows_named"] for done in office.night().orders] == [1]
    assert raw(office) == [] and state(office) == before


def test_a_rollback_takes_what_its_ledger_lacks(old):
    office, before = old
    roll_back(office.workspace, 1)
    assert office.night().status == "published"
    assert (office.hashes(), len(raw(office))) == (before[0], 1)


def test_a_forgotten_person_is_not_in_the_kept_rows_either(old):
    office, _ = old
    calls = "select count(*) from core.fct_activity where contact_id like 'crm:erased-%'"
    with pytest.raises(SystemExit) as ended:
        main(["forget", "--contact", "CON-77120", "--yes", "--home", str(office.workspace.home)])
    assert ended.value.code == 0
    keys = office.query("select contact_key from core.dim_contact where contact_id = 'crm:CON-77120'")
    for path in office.workspace.inbox.rglob("*"):
        if path.is_file() and "reps" not in path.name:
            path.unlink()
    office.night()
    needles = ("quillfeather", "con-77120", "secret.example", "old.example", *(key for (key,) in keys))
    assert found_below(office.workspace.home, needles) == set()
    assert office.query(calls) == [(1,)]


def test_inbox_copies_of_a_forgotten_person_go_too(old):
    office, _ = old
    with pytest.raises(SystemExit):
        main(["forget", "--email", "annabella.q@secret.example", "--yes", "--home", str(office.workspace.home)])
    office.night()
    assert found_below(office.workspace.home, ("quillfeather", "con-77120", "secret.example", "old.example")) == set()


def test_another_key_and_a_lost_file_are_told_before_anything_is_built(old, young, tmp_path):
    office, _ = old
    for path in office.workspace.inbox.rglob("contacts*"):
        path.unlink()
    office.workspace.secret_key.write_text("another key")
    with pytest.raises(TouchlineError, match="tokens of the former key"):
        office.night()
    shutil.copytree(young.workspace.home, tmp_path / "lost", symlinks=True)
    lost = Office(tmp_path / "lost")
    (found,) = young.query("select file_sha256 from ops.load where entity = 'contacts'")
    (lost.workspace.landed / found[0]).unlink()
    lost.workspace.inbox_index.unlink()
    (lost.workspace.inbox / "crm" / "contacts.csv").unlink()
    with pytest.raises(TouchlineError, match="is missing"):
        lost.night(full_refresh=True)


def test_what_no_load_needs_goes_and_what_is_young_or_waits_stays(old):
    office, _ = old
    stray = office.workspace.landed / ("ab" * 32)
    stray.write_text("of a night that failed")
    office.night()
    assert raw(office) == [stray]  # by its own date it is younger
    found = [finding.what for finding in check_retention(Patient(office.workspace, office.workspace.settings(), LATER))]
    assert found[0].startswith("landed files are older") and found[1].startswith("4 files in the inbox are older")
    os.utime(stray, (0, 0))
    office.night()
    assert raw(office) == []


JOINED = """
company: {timezone: UTC}
privacy: {keep_landed_days: 30}
sources:
  - name: dialer
    kind: mapped
    path: inbox/dialer/calls*.csv
    entity: activities
    joins: {agent: {path: inbox/dialer/agents.csv, on: agent, key: number}}
    fields:
      source_record_id: id
      channel: {const: call}
      occurred_at: at
      rep_id: {join: agent, column: mail}
"""


def test_a_joined_side_stays_and_old_rows_keep_what_they_took_from_it(office):
    office.configure(JOINED)
    at = "2026-03-02T15:00:00Z"
    office.deliver(
        "calls.csv", [{"id": "1", "at": at, "agent": "7"}, {"id": "", "at": at, "agent": "7"}], "inbox/dialer"
    )
    office.deliver("agents.csv", [{"number": "7", "mail": "R1"}], "inbox/dialer")
    office.night()
    before = state(office)
    office.nights = 100
    office.night()
    assert [path.read_text() for path in raw(office)] == ["number,mail\n7,R1\n"]
    office.night(full_refresh=True)
    assert state(office) == before
    office.deliver("agents.csv", [{"number": "7", "mail": "R2"}], "inbox/dialer")
    office.deliver("calls_2.csv", [{"id": "2", "at": at, "agent": "7"}], "inbox/dialer")
    office.night()
    assert office.query("select activity_id, rep_id from core.latest_activities order by 1") == [
        ("dialer:1", "R1"),
        ("dialer:2", "R2"),
    ]
