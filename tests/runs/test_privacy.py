"""No e-mail address and no phone number of a contact reaches what is published, whatever column it was typed into.

The rows are generated from the contracts: every field that may name a person gets addresses of its own, so a new
field is covered the day it is added.
"""

import json
from itertools import count

import duckdb
import pytest

from models.contracts import CONTRACTS
from models.errors import BlockedError
from models.fields import Shape
from models.personal import Hiding
from pipelines.cli import main
from tests.reliability import record
from tests.runs.conftest import as_csv

pytestmark = pytest.mark.slow

VALID = {
    Shape.ID: "X1", Shape.TEXT: "text", Shape.INSTANT: "2026-03-02T15:00:00Z", Shape.DAY: "2026-03-02",
    Shape.MONTH: "2026-03", Shape.WHOLE: "1", Shape.NUMBER: "1", Shape.FLAG: "false", Shape.ID_LIST: "X1",
}  # fmt: skip
ABOUT_REPS = {
    ("activities", "rep_id"), ("activities", "booked_by_rep_id"), ("reps", "rep_id"), ("reps", "full_name"),
    ("reps", "email"), ("reps", "manager_rep_id"), ("leads", "owner_rep_id"), ("opportunities", "owner_rep_id"),
    ("stage_changes", "changed_by_rep_id"), ("stage_changes", "owner_rep_id"), ("forecasts", "rep_id"),
    ("quotas", "rep_id"), ("activity_targets", "rep_id"), ("rep_aliases", "source_rep_id"), ("rep_aliases", "rep_id"),
    ("time_off", "rep_id"), ("users", "user_id"), ("users", "full_name"), ("users", "email"),
}  # fmt: skip
SETTINGS = """
company: {name: Test, timezone: America/New_York, holidays: {default_country: US}}
privacy: {keep_subjects: true}
quality: {max_quarantined_share: 1}
sources:
  - {name: crm, kind: canonical, path: inbox/crm}
"""


class Canaries:
    """Addresses and phone numbers that occur nowhere else; `planted` is what may be found of none of them."""

    def __init__(self):
        self.planted = []
        self._numbers = count(10_001)

    def forms(self, kind):
        """Texts for one field, each with its own canary."""
        texts = [self.email("{}"), self.phone("+1 415 55{}"), self.phone("(415) 55{}"), self.email("Dear {}, hello")]
        if kind.hiding is not Hiding.KEY:
            texts += [f"rang {self.phone('0014155{}')} twice", f"2026-03-01 {self.phone('0014155{}')}"]
        return texts

    def email(self, text):
        word = f"Canary{next(self._numbers)}"
        self.planted.append(word.lower())
        return text.format(f"{word}@Secret.example")

    def name(self):
        self.planted.append(f"canary{next(self._numbers)}")
        return self.planted[-1].title()

    def phone(self, text):
        number = text.format(next(self._numbers))
        self.planted += [number, "".join(letter for letter in number if letter.isdigit())]
        return number

    def found_in(self, text):
        lowered = text.lower()
        begun = {start for start in {canary[:7] for canary in self.planted} if start in lowered}
        return [canary for canary in self.planted if canary[:7] in begun and canary in lowered]


def personal_fields(contract):
    """Fields in which an address or a phone number of a contact might stand."""
    return [
        name for name, kind in contract.kinds().items() if kind.may_name_a_person and kind.hiding is not Hiding.NONE
    ]


def plain_row(contract, number):
    """A row that keeps the contract, with a key of its own."""
    kinds = contract.kinds()
    row = {
        name: kinds[name].words[0] if kinds[name].words else VALID[kinds[name].shape] for name in contract.required()
    }
    row |= {name: "USD" for name in row if kinds[name].pattern == "[A-Z]{3}"}
    first = next(name for name in contract.KEY if kinds[name].shape is Shape.ID or name == contract.KEY[-1])
    if kinds[first].shape is Shape.ID and not kinds[first].pattern:
        row[first] = f"{contract.ENTITY}-{number}"
    return row


def planted_rows(contract, canaries):
    """One row a field and form of canary."""
    rows = []
    for field in personal_fields(contract):
        for text in canaries.forms(contract.kinds()[field]):
            rows.append({**plain_row(contract, len(rows)), field: text})
    return rows


def broken(rows):
    """The same rows, each with a field that its contract refuses: half say nothing else, half too much."""
    return [
        {**row, "updated_at": "never"} if place % 2 else {name: "x" * 21_000 + text for name, text in row.items()}
        for place, row in enumerate(rows)
    ]


def deliver_all(office, canaries):
    """Of every entity: good rows, other rows of the same ids, broken ones, a torn line; and files without a header."""
    for entity, contract in CONTRACTS.items():
        rows = planted_rows(contract, canaries)
        if not rows:
            continue
        again = [{**row, "is_deleted": "false"} for row in rows]
        torn = ",".join(text.replace(",", "") for row in rows for text in row.values())
        content = as_csv([*rows, *again, *broken(planted_rows(contract, canaries))])
        office.deliver(f"{entity}_1.csv", content + f"{torn}\n".encode())
    people = [
        {"contact_id": f"P{place}", "full_name": canaries.name() + "!" * length, "email": canaries.email("{}")}
        for place, length in enumerate((0, 300))
    ]
    lines = as_csv(people) + f"P2,{canaries.name()},,too many\n".encode()
    office.deliver("contacts_2.csv", lines)
    office.deliver("contacts_4.csv", lines.split(b"\n", 1)[1])
    address = canaries.email("{}")
    office.deliver(f"activities {address}.csv", [plain_row(CONTRACTS["activities"], 9_999)])
    office.deliver(f"mail {address}.csv", b"no entity")


def merges(canaries):
    """Contacts that go by their addresses, merged into one another and in a circle."""
    ids = [canaries.email("{}") for _ in range(5)]
    pairs = [(ids[0], ids[1].lower()), (ids[2], ids[3]), (ids[3], ids[4]), (ids[4], ids[2])]
    return [{"contact_id": one, "merged_into_id": other} for one, other in pairs] + [{"contact_id": ids[1]}]


def everything_in(path):
    """The file's bytes as text, and every cell of every table of it."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        cells = [
            f"{schema}.{table}: {row}"
            for schema, table in tables
            for row in connection.execute(f'select * from "{schema}"."{table}"').fetchall()
        ]
    return "\n".join([*cells, path.read_bytes().decode("latin-1")])


@pytest.fixture
def touchline(office, capsys):
    """What a command prints about the office's workspace."""

    def run(*arguments):
        with pytest.raises(SystemExit):
            main([*arguments, "--home", str(office.workspace.home)])
        captured = capsys.readouterr()
        return captured.out + captured.err

    return run


def test_only_fields_about_reps_stay_as_the_source_writes_them():
    kept = {
        (entity, name)
        for entity, contract in CONTRACTS.items()
        for name, kind in contract.kinds().items()
        if kind.may_name_a_person and kind.hiding is Hiding.NONE
    }
    assert kept == ABOUT_REPS


def test_no_address_or_phone_of_a_contact_is_in_anything_published_or_printed(office, touchline):
    canaries = Canaries()
    office.configure(SETTINGS)
    deliver_all(office, canaries)
    printed = touchline("run", "--as-of", "2026-03-31")
    assert "Published generation 1" in printed
    office.deliver("contacts_3.csv", merges(canaries))
    printed += touchline("run", "--as-of", "2026-03-31") + touchline("status") + touchline("status", "--json")
    published = everything_in(office.workspace.published / "crm.duckdb")
    assert canaries.found_in(published) == []
    assert canaries.found_in(office.workspace.last_night.read_text()) == []
    assert canaries.found_in(printed) == []
    (conflicts,) = office.query("select count(*) from ops.conflict")
    rejected = dict(office.query("select rule, count(*) from quarantine.rejected group by 1"))
    refused = dict(
        office.query("select split_part(reason, ':', 1), count(*) from ops.load where reason is not null group by 1")
    )
    assert conflicts[0] > 100
    assert {"format", "too_long", "too_many_fields", "merge_cycle"} <= set(rejected)
    assert "missing_column" in refused
    private = everything_in(office.workspace.published / "private.duckdb")
    assert len(canaries.found_in(private)) > 100  # the rows as they came, for replay
    record(
        "no address or number of a contact is published or printed",
        f"{len(canaries.found_in(private))} planted, none found",
    )


def test_a_blocked_night_shows_no_address_either(office):
    canaries = Canaries()
    office.configure(SETTINGS)
    office.deliver("reps.csv", [plain_row(CONTRACTS["reps"], 1)])
    office.night()
    case = (office.workspace.published / "crm.duckdb").resolve()
    case.chmod(0o644)
    with duckdb.connect(str(case)) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    office.deliver("activities_1.csv", planted_rows(CONTRACTS["activities"], canaries))
    with pytest.raises(BlockedError) as blocked:
        office.night()
    failed = [everything_in(path) for path in office.workspace.failed.rglob("crm.duckdb")]
    assert len(failed) == 1
    assert canaries.found_in(failed[0] + str(blocked.value) + office.workspace.last_night.read_text()) == []


def test_an_address_used_as_an_id_is_one_key_however_it_is_spelled_and_everywhere(office):
    call = plain_row(CONTRACTS["activities"], 1)
    office.deliver("contacts.csv", [
        {"contact_id": "Ann@x.example", "email": "ann@x.example", "updated_at": "2026-03-01"},
        {"contact_id": "ann@X.example", "email": "ann@x.example", "updated_at": "2026-03-02", "account_id": "+1 415 555 0123"},
        {"contact_id": "old@x.example", "merged_into_id": "ANN@X.EXAMPLE"},
    ])  # fmt: skip
    office.deliver("accounts.csv", [{"account_id": "1-415-555-0123", "name": "Acme"}])
    office.deliver("activities.csv", [
        {**call, "source_record_id": "A1", "contact_id": "ANN@x.example"},
        {**call, "source_record_id": "A2", "contact_id": "old@x.example"},
        {**call, "source_record_id": "A3", "contact_ids": "Old@x.example;ann@x.example"},
    ])  # fmt: skip
    assert office.night().status == "published"
    found = office.query(
        """
        select c.source_contact_id, 'keyed-' || left(c.contact_key, 32), a.name,
            (select list(distinct activity_id order by activity_id) from core.fct_activity_contact as f
             where f.contact_id = c.contact_id)
        from core.dim_contact as c left join core.dim_account as a using (account_id)
        """
    )
    ((token, key, account, activities),) = found
    assert token == key
    assert (account, activities) == ("Acme", ["crm:A1", "crm:A2", "crm:A3"])
    assert office.query("select rows_superseded, rows_accepted from ops.load_accounting where entity = 'contacts'") == [
        (1, 2)
    ]


def test_words_with_an_address_stay_apart_and_join(office):
    stages = [
        {"pipeline": "default", "stage": f"Sent to {who}@x.example", "stage_order": str(place), "outcome": "open"}
        for place, who in enumerate(("ann", "bob"))
    ]
    office.deliver("stages.csv", stages)
    office.deliver("opportunities.csv", [{"opportunity_id": "O1", "stage": "Sent to bob@x.example"}])
    office.night()
    assert office.query("select count(distinct stage), count(*) from core.dim_stage") == [(2, 2)]
    assert office.query("select stage_order from core.dim_opportunity") == [(1,)]
    assert office.query("select stage like 'Sent to ***@*** %' from core.dim_opportunity") == [(True,)]


def test_ids_and_words_without_an_address_are_left_alone(office):
    ids = [
        "003Hs00003abcDEFGH",
        "10000000012345",
        "550e8400-e29b-41d4-a716-446655440000",
        "2024-000123",
        "@handle",
        "C 12",
    ]
    call = plain_row(CONTRACTS["activities"], 1)
    office.deliver("activities.csv", [
        {**call, "source_record_id": one, "contact_id": one, "disposition": "on 2026-03-01 10.30"} for one in ids
    ])  # fmt: skip
    office.night()
    found = office.query("select source_activity_id, contact_id, source_disposition from core.fct_activity")
    assert sorted(found) == sorted((one, f"crm:{one}", "on 2026-03-01 10.30") for one in ids)


def test_another_secret_key_rebuilds_everything(office):
    office.deliver("contacts.csv", [{"contact_id": "ann@x.example", "email": "ann@x.example"}])
    office.night()
    before = office.query("select contact_id, contact_key from core.dim_contact")
    office.workspace.secret_key.write_text("another key")
    assert office.night().status == "published"
    (after,) = office.query("select contact_id, contact_key from core.dim_contact")
    assert after not in before
    assert json.loads(office.workspace.last_night.read_text())["notes"][0].startswith("Everything is rebuilt")
