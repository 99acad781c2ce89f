"""A forgotten person is in no file of the workspace any more, stays away when delivered again, and nobody else moves."""

import gzip
import json
import re
import sqlite3
import stat
import zipfile

import duckdb
import pytest
import zstandard

from models.errors import UsageError
from pipelines.cli import main
from pipelines.doctor.erasures import check_erasures
from pipelines.doctor.finding import Patient
from pipelines.doctor.folders import check_secret_key
from pipelines.night.rollback import roll_back
from tests.reliability import record
from tests.runs.conftest import AS_OF, Office, as_csv

pytestmark = pytest.mark.slow

ANN = {
    "name": "Annabella Quillfeather", "id": "CON-77120", "email": "Annabella.Q@Secret.example", "old": "aq1@old.example",
    "phone": "+1 415 555 0199", "digits": "4155550199",
}  # fmt: skip
NEEDLES = ("quillfeather", "con-77120", "annabella.q@secret", "aq1@old.example", "4155550199", "nightjar")
CONTACTS = [
    {"contact_id": ANN["id"], "account_id": "A1", "full_name": ANN["name"], "email": ANN["old"], "phone": "", "nickname": "Nightjar",
     "updated_at": "2026-01-01T00:00:00Z"},
    {"contact_id": ANN["id"], "account_id": "A1", "full_name": ANN["name"], "email": ANN["email"], "phone": ANN["phone"],
     "nickname": "Nightjar", "updated_at": "2026-02-01T00:00:00Z"},
    {"contact_id": "CON-2", "account_id": "A1", "full_name": "Bob, \"the\" Other", "email": "bob@x.example", "phone": "+1 415 555 0200",
     "nickname": "Bobby", "updated_at": "2026-02-01T00:00:00Z"},
    {"contact_id": "CON-3", "account_id": "A2", "full_name": "Cara", "email": "cara@x.example", "phone": "", "nickname": "",
     "updated_at": "broken, says Annabella.Q@secret.example"},
]  # fmt: skip
ACTIVITIES = [
    {"source_record_id": f"a{number}", "channel": "call", "occurred_at": f"2026-03-0{1 + number % 9}T15:00:00Z", "rep_id": "R1",
     "status": "completed", "contact_id": (ANN["id"], "CON-2")[number % 2], "subject": f"Call {ANN['name']} about\nit"}
    for number in range(12)
]  # fmt: skip
REPS = [
    {
        "rep_id": "R1",
        "full_name": "Rita Example",
        "rep_type": "inside",
        "hire_date": "2024-01-01",
        "email": "rita@us.example",
    },
    {
        "rep_id": "R2",
        "full_name": "Sam Sample",
        "rep_type": "field",
        "hire_date": "2024-01-01",
        "email": "sam@us.example",
    },
]
ACCOUNTS = [{"account_id": "A1", "name": f"Mail {ANN['old']}"}, {"account_id": "A2", "name": "Beta"}]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def workspace_with_ann(home):
    office = Office(home)
    office.deliver("contacts.csv", CONTACTS)
    office.deliver("activities.csv.gz", gzip.compress(as_csv(ACTIVITIES)))
    office.deliver("reps.csv", REPS)
    office.deliver("accounts.jsonl", lines(ACCOUNTS))
    leads = [
        {
            "lead_id": f"L{n}",
            "created_at": "2026-02-01T00:00:00Z",
            "contact_id": id_,
            "owner_rep_id": "R2",
            "note": {"to": [mail]},
        }
        for n, (id_, mail) in enumerate([(ANN["id"], "ANNABELLA.Q@secret.example"), ("CON-2", "b\u00f6b@x.example")])
    ]
    office.deliver("leads.jsonl.zst", zstandard.ZstdCompressor().compress(lines(leads)))
    office.night()
    more = [{**ACTIVITIES[0], "source_record_id": f"b{n}", "contact_id": ANN["id"]} for n in range(3)]
    office.deliver("activities_2.jsonl", lines(more))
    office.night()
    return office


def texts_below(folder):
    """Everything that the files below a folder hold, as lower-case text: unpacked, and every cell of every database."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        yield path, content
        if content[:2] == b"\x1f\x8b":
            yield path, gzip.decompress(content)
        elif content[:4] == b"\x28\xb5\x2f\xfd":
            yield path, zstandard.ZstdDecompressor().decompressobj().decompress(content)
        elif content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                yield path, b"".join(archive.read(name) for name in archive.namelist())
        elif path.suffix == ".duckdb":
            yield path, cells_of_duckdb(path)
        elif content[:4] == b"PAR1":
            with duckdb.connect() as connection:
                yield (
                    path,
                    str(
                        connection.execute(f"from '{path}'").fetchall()
                        if path.suffix
                        else connection.execute(f"from read_parquet('{path}')").fetchall()
                    ).encode(),
                )
        elif content[:6] == b"SQLite":
            with sqlite3.connect(path) as connection:
                yield path, "\n".join(connection.iterdump()).encode()


def cells_of_duckdb(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        return "\n".join(
            str(connection.execute(f'from "{schema}"."{table}"').fetchall()) for schema, table in tables
        ).encode()


def found_below(folder, needles=NEEDLES):
    found = set()
    for path, content in texts_below(folder):
        text = content.decode("utf-8", "replace").lower()
        digits = re.sub(r"(?<=[0-9])[ ().\-/]{1,2}(?=[0-9])", "", text)
        found |= {
            (needle, path.relative_to(folder).parts[:3]) for needle in needles if needle in text or needle in digits
        }
    return found


def forget(office, *words):
    with pytest.raises(SystemExit) as ended:
        main(["forget", *words, "--yes", "--home", str(office.workspace.home)])
    return ended.value.code


def counts(office):
    return {
        table: office.query(f"select count(*) from {table}")
        for (table,) in office.query(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('core', 'marts', 'quarantine')"
        )
    }


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory):
    """One erasure, its workspace, and what was there before."""
    office = workspace_with_ann(tmp_path_factory.mktemp("forgotten"))
    before = {
        "found": found_below(office.workspace.home), "counts": counts(office),
        "sums": office.query("select load_id, rows_read, rows_accepted, rows_duplicate, rows_superseded, rows_quarantined from ops.load_accounting order by 1"),
        "others": office.query("select contact_id, contact_key from core.dim_contact where contact_id <> 'crm:CON-77120' order by 1"),
        "reps": office.query("from marts.rep_activity_daily order by all"),
    }  # fmt: skip
    assert forget(office, "--contact", ANN["id"]) == 0
    outcome = office.night()
    return office, before, outcome


FORGOTTEN = "nothing names a person who was forgotten"


def test_nothing_names_the_person_any_more(forgotten):
    office, before, _ = forgotten
    assert {needle for needle, _ in before["found"]} == set(NEEDLES)
    assert found_below(office.workspace.home) == set()
    files = sum(path.is_file() for path in office.workspace.home.rglob("*"))
    record(FORGOTTEN, f"{len(NEEDLES)} identities sought in every byte of {files} files")


def test_files_with_secrets_are_their_owners_alone(forgotten):
    workspace = forgotten[0].workspace
    private = [
        workspace.erasure_key,
        workspace.operator_store,
        *workspace.landed.iterdir(),
        *workspace.generations.glob("*/private.duckdb"),
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_counts_accounting_and_other_people_stay(forgotten):
    office, before, outcome = forgotten
    assert outcome.status == "published"
    assert counts(office) == before["counts"]
    assert (
        office.query(
            "select load_id, rows_read, rows_accepted, rows_duplicate, rows_superseded, rows_quarantined from ops.load_accounting order by 1"
        )
        == before["sums"]
    )
    assert (
        office.query(
            "select contact_id, contact_key from core.dim_contact where contact_id not like '%erased-%' order by 1"
        )
        == before["others"]
    )
    assert office.query("from marts.rep_activity_daily order by all") == before["reps"]
    assert office.query("select count(*) from ops.restatement where generation = 3") == [(0,)]
    assert office.query(
        "select count(distinct contact_id), count(*) from core.fct_activity where contact_id like 'crm:erased-%'"
    ) == [(1, 9)]
    landed = b"".join(content for _, content in texts_below(office.workspace.landed))
    assert b'"Bob, ""the"" Other",bob@x.example,+1 415 555 0200,Bobby' in landed


def test_earlier_generations_are_gone_and_cannot_come_back(forgotten):
    office, _, _ = forgotten
    assert [folder.name for folder in office.workspace.generations.iterdir()] == ["000003"]
    with pytest.raises(UsageError, match="names somebody who was forgotten in generation 3"):
        roll_back(office.workspace, 2)
    with pytest.raises(UsageError, match="forgotten"):
        roll_back(office.workspace, None)


def test_forgetting_twice_changes_nothing(forgotten, capsys):
    office, _, _ = forgotten
    assert forget(office, "--contact", f"crm:{ANN['id']}") == 0
    assert forget(office, "--email", ANN["email"].upper()) == 0
    assert capsys.readouterr().out.count("Forgotten before") == 2
    assert office.night().status == "nothing_new"


def test_somebody_unknown_is_a_wrong_usage(forgotten, capsys):
    office, _, _ = forgotten
    assert [
        forget(office, *words) for words in (("--contact", "C9"), ("--email", "no@x.example"), ("--rep", "R9"), ())
    ] == [2] * 4
    assert "no contact is known by --contact C9" in capsys.readouterr().err


def test_a_full_refresh_reads_the_redacted_files_to_the_same_tables(forgotten):
    office, _, _ = forgotten
    before = office.hashes()
    assert office.night(full_refresh=True).status == "published"
    assert office.hashes() == before


def test_who_is_delivered_again_stays_forgotten(forgotten):
    office, _, _ = forgotten
    again = [
        {**CONTACTS[1], "full_name": "Annabella Quillfeather-Nightjar", "updated_at": "2026-05-01T00:00:00Z"},
        {**CONTACTS[1], "contact_id": "CON-9", "email": " ANNABELLA.Q@SECRET.EXAMPLE", "phone": "001 (415) 555-0199"},
        {"contact_id": "CON-4", "full_name": "Dora", "email": "dora@x.example", "updated_at": "2026-03-01T00:00:00Z"},
    ]
    office.deliver("contacts_again.csv", again)
    office.deliver(
        "activities_3.jsonl", lines([{**ACTIVITIES[0], "source_record_id": "z1", "subject": f"To {ANN['name']}"}])
    )
    outcome = office.night()
    told = {load.file_name: (load.rows_read, load.rows_accepted, load.rows_erased) for load in outcome.loads}
    assert told == {"contacts_again.csv": (3, 1, 2), "activities_3.jsonl": (1, 1, 0)}
    assert any("forgotten are named in crm/" in note and "crm/contacts_again.csv" in note for note in outcome.notes)
    assert found_below(office.workspace.var, (*NEEDLES, "con-9")) == set()
    assert office.query(
        "select contact_id like 'crm:erased-%' from core.fct_activity where activity_id = 'crm:z1'"
    ) == [(True,)]
    hashes = office.hashes()
    assert office.night(full_refresh=True).status == "published"
    assert office.hashes() == hashes
    record("who was forgotten and is delivered again stays forgotten", f"{len(again) - 1} records, and a full refresh")


def test_an_order_is_asked_for_previewed_and_waited_for(tmp_path, capsys):
    office = Office(tmp_path / "workspace")
    office.deliver("contacts.csv", CONTACTS[:3])
    refused = office.deliver("stages.csv", f"pipeline\nwritten by {ANN['email']}\n".encode())
    office.night()
    home = ["--home", str(office.workspace.home)]
    before = (
        office.workspace.operator_store.exists(),
        {path: path.read_bytes() for path in office.workspace.landed.iterdir()},
    )
    assert ended(["forget", "--contact", ANN["id"], *home]) == 2
    assert "nobody can be asked here" in capsys.readouterr().err
    assert ended(["forget", "--contact", ANN["id"], "--dry-run", "--json", *home]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "ids": ["crm:CON-77120"],
        "addresses": 1,
        "phones": 1,
        "names": 1,
        "landed_files": ["crm/contacts.csv", "crm/stages.csv"],
        "generations": [1],
    }
    assert (
        office.workspace.operator_store.exists(),
        {path: path.read_bytes() for path in office.workspace.landed.iterdir()},
    ) == before
    asked = office.workspace.var / "query_history"
    asked.write_text(f"+select * from core.dim_contact where contact_id = 'crm:{ANN['id']}';")
    assert forget(office, "--email", ANN["email"].lower()) == 0
    assert not asked.exists()
    assert [finding.level for finding in check_erasures(Patient(office.workspace, None, AS_OF))] == ["warn"]
    assert office.night(dry_run=True).status == "nothing_new"
    assert found_below(office.workspace.landed)
    outcome = office.night()
    assert outcome.status == "published" and not refused.exists()
    assert any("refused and named people who were forgotten" in note and "stages.csv" in note for note in outcome.notes)
    assert found_below(office.workspace.home) == set()
    assert [finding.level for finding in check_erasures(Patient(office.workspace, None, AS_OF))] == ["ok"]
    patient = Patient(office.workspace, None, AS_OF)
    assert [finding.level for finding in check_secret_key(patient)] == ["ok"]
    office.workspace.secret_key.write_text("another key")
    assert [finding.level for finding in check_secret_key(patient)] == ["warn"]


def ended(words):
    with pytest.raises(SystemExit) as ending:
        main(words)
    return ending.value.code
