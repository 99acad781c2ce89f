"""Where a forgotten person hides: in lines that nobody can split, in names of files, in messages that were not sent."""

import json
import sqlite3
from datetime import UTC, datetime

import pytest

from pipelines.night.erasing.redactor import Redactor, readable
from pipelines.night.erasing.registry import Identity, Registry
from pipelines.night.operator import Target, give_order
from tests.runs.conftest import Office
from tests.runs.test_forget import forget, found_below, lines

NAME, MAIL = "Ayşe Quillfeather", "ayse.q@secret.example"
CONTACTS = (
    "contact_id,full_name,email,nickname\n"
    f"CON-77120,{NAME},{MAIL},Nightjar\n"
    "CON-2,Bob Other,bob@x.example,Bobby\n"
    f"CON-3,Cara,one,comma,too many and {NAME}\n"
    "CON-77120,Ayşe M. Quillfe,cut short\n"
    "CON-4,Bob Other,bob@x.example,one,comma,too many\n"
    f"CON-77120,{NAME},{MAIL[:-3]}"
)
REPS = [
    {"rep_id": "REP-901", "full_name": "Ünal Sagebrush", "rep_type": "inside", "hire_date": "2024-01-01", "email": "u@us.example"},
    {"rep_id": "R2", "full_name": "Sam Sample", "rep_type": "field", "hire_date": "2024-01-01", "email": "sam@us.example"},
]  # fmt: skip
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "status": "completed", "rep_id": "REP-901"}
NEEDLES = ("quillfe", "secret.example", "nightjar", "con-77120", "sagebrush", "rep-901", "u@us.example", "4155550199")
MESSAGE = (
    "insert into alert_message (message_id, channel, kind, severity, body, state, created_at, not_before, expires_at,"
    " last_error) values (?, 'ops', 'digest', 'warning', ?, ?, '2026', '2026', '2026', 'refused u@us.example')"
)


def said(office, name):
    """A message that waits, one that was given up, and an answer: what the store keeps about a rep."""
    body = json.dumps({"text": f"{name} (crm:REP-901) did half of what is usual"}, ensure_ascii=False)
    target = Target("crm", "contacts", "ab" * 32, f"contacts_{NAME.replace(' ', '_')}.csv", (2,))
    give_order(
        office.workspace.operator_store, "discard", [target], words=f"--file contacts_{NAME}.csv", reason=f"{name} said",
        given_by="ada", given_at=datetime(2026, 4, 2, tzinfo=UTC),
    )  # fmt: skip
    with sqlite3.connect(office.workspace.operator_store) as store:
        store.execute(MESSAGE, ["m1", body, "waiting"])
        store.execute(MESSAGE, ["m2", body, "dead"])
        store.execute("insert into alert_ack values ('a1', '2026', 'ada', ?)", [f"{name} is on leave"])
        store.execute(
            "insert into health_episode values ('h1', ?)", [json.dumps({"error": f"contacts_{NAME}_CON-77120.csv"})]
        )
    store.close()


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory):
    """A contact and a rep, named in torn lines, file names, alerts and messages; forgotten in one night."""
    office = Office(tmp_path_factory.mktemp("traces") / "workspace")
    office.deliver(f"contacts_{NAME.replace(' ', '_')}.csv", CONTACTS.encode())
    office.deliver(
        f"contacts {MAIL} CON-77120.jsonl",
        lines([{"contact_id": "CON-5"}]) + f'{{"contact_id":"CON-77120","email":"{MAIL}'.encode(),
    )
    office.deliver(
        "activities_REP-901_+14155550199.csv",
        [
            {**CALL, "source_record_id": "a1", "contact_id": "CON-77120"},
            {**CALL, "source_record_id": "a2", "channel": "Ünal Sagebrush"},
        ],
    )
    office.deliver("reps.csv", REPS)
    office.deliver(f"holidays of {NAME}.txt", b"nothing reads this")
    office.deliver(f"contacts_{NAME}.csv.part", b"contact_id\n")
    first = office.deliver(
        "contacts_phone.csv",
        [
            {
                "contact_id": "CON-77120",
                "full_name": NAME,
                "email": MAIL,
                "phone": "+1 415 555 0199",
                "updated_at": "2026-03-01",
            }
        ],
    )
    outcome = office.night()
    said(office, "Ünal Sagebrush")
    assert {needle for needle, _ in found_below(office.workspace.home, NEEDLES)} == set(NEEDLES)
    before = office.query("select count(*), count(distinct load_id) from quarantine.rejected")
    assert forget(office, "--contact", "CON-77120") == 0
    assert forget(office, "--rep", "REP-901") == 0
    told = office.night()
    return office, before, outcome, told, first


def test_nothing_of_them_is_found_but_what_only_the_owner_can_delete(forgotten):
    office, _, _, told, first = forgotten
    var = office.workspace.var
    assert found_below(var, NEEDLES) == set()
    names = sorted(path.name for path in office.workspace.inbox.rglob("*") if path.is_file())
    assert names == sorted([f"contacts_{NAME}.csv.part", f"holidays of {NAME}.txt"]) and not first.exists()
    (note,) = [note for note in told.notes if "only you can delete them" in note]
    assert "holidays of erased-" in note and ".csv.part" in note
    assert all(byte not in str(told).lower() for byte in NEEDLES)


def test_other_rows_and_the_counts_stay(forgotten):
    office, before, _, _, _ = forgotten
    assert office.query("select count(*), count(distinct load_id) from quarantine.rejected") == before
    landed = b"".join(path.read_bytes() for path in office.workspace.landed.iterdir())
    assert b"CON-2,Bob Other,bob@x.example,Bobby" in landed and b"CON-4,Bob Other,bob@x.example,one,comma" in landed


def test_messages_and_orders_name_the_rep_by_the_token(forgotten):
    office = forgotten[0]
    with sqlite3.connect(office.workspace.operator_store) as store:
        bodies = store.execute("select body, state from alert_message order by message_id").fetchall()
        (targets,) = store.execute("select targets from operator_order where kind = 'discard'").fetchone()
    store.close()
    assert [state for _, state in bodies] == ["waiting", "dead"]
    assert all("crm:erased-" in json.loads(body)["text"] for body, _ in bodies)
    assert json.loads(targets)[0]["file_name"].startswith("contacts_erased-")


@pytest.mark.slow
def test_a_file_called_after_them_that_comes_later_is_not_called_so_here(forgotten):
    office = forgotten[0]
    late = office.deliver(
        f"contacts_{NAME.upper()}.csv", [{"contact_id": "CON-6", "full_name": "Dora", "email": "d@x.example"}]
    )
    outcome = office.night()
    assert [load.status for load in outcome.loads if load.status != "deferred"] == ["accepted"]
    assert found_below(office.workspace.generations, NEEDLES) == set()
    assert all(byte not in str(outcome).lower() for byte in NEEDLES)
    assert office.night().status == "nothing_new"
    late.unlink()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("contacts_CON-77120.csv", "contacts_{}.csv"),
        ("CON-77120 (2).csv.gz", "{} (2).csv.gz"),
        ("activities-2026-03-01.csv", "activities-2026-03-01.csv"),
        ("contacts_CON-771200.csv", "contacts_CON-771200.csv"),
    ],
)
def test_an_id_in_a_file_name(name, shown):
    registry = Registry(b"k" * 32)
    registry.add("e", Identity("contact", frozenset({("crm", "CON-77120")})))
    token = registry.token_of_id("contact", "crm", "CON-77120")
    redactor = Redactor(registry, ("crm",))
    assert (redactor.file_name(name), redactor.text(name)) == (shown.format(token), shown.format(token))


def test_letters_that_json_escaped_are_read():
    assert readable(json.dumps({"a": 'Ayşe \n " ☎ \ud800'})) == '{"a": "Ayşe \\n \\" \\u260e \\ud800"}'
