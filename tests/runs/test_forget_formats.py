"""Forgetting in the other formats that can be landed, in the files of a CRM, and forgetting a rep."""

import io
import json

import duckdb
import openpyxl
import pytest

from pipelines.cli import main
from tests.reliability import record
from tests.runs.conftest import Office, as_csv
from tests.runs.test_forget import FORGOTTEN, counts, forget, found_below, lines

SETTINGS = """
company: {name: Test, timezone: America/New_York, holidays: {default_country: US}}
sources:
  - {name: crm, kind: canonical, path: inbox/crm}
  - {name: sf, kind: salesforce_export, path: inbox/sf}
  - name: dialer
    kind: mapped
    path: inbox/dialer/*.csv
    entity: activities
    read: {delimiter: ";", encoding: windows-1254, skip_rows: 1}
    fields: {source_record_id: Call ID, channel: {const: call}, occurred_at: Started, rep_id: Agent, contact_id: Kontakt}
"""
NAME, MAIL, SALESFORCE_ID = "Annabella Quillfeather", "annabella.q@secret.example", "0035g00000NightB"[:15]
NEEDLES = (
    "quillfeather",
    "annabella.q@secret",
    "0035g00000nigh",
    "4155550199",
    "c7",
    "sagebrush",
    "sage@us",
    "rep-901",
)
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "status": "completed", "rep_id": "REP-901"}


def a_workbook(rows):
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def a_parquet_file(path, rows):
    (source := path.with_suffix(".rows")).write_text(json.dumps(rows))
    with duckdb.connect() as connection:
        connection.execute(f"copy (from read_json('{source}')) to '{path}' (format parquet)")
    return path.read_bytes()


def run(office, through_dagster):
    if not through_dagster:
        return 0 if office.night().status == "published" else 1
    with pytest.raises(SystemExit) as ended:
        main(["run", "--as-of", "2026-03-31", "--home", str(office.workspace.home)])
    return ended.value.code


def an_office(folder, through_dagster):
    """One person in seven files of three sources, one rep in four, two nights."""
    office = Office(folder / "workspace", SETTINGS)
    office.deliver("contacts.xlsx", a_workbook([
        {"contact_id": "c-000701", "full_name": NAME, "email": MAIL, "phone": 14155550199},
        {"contact_id": "c-000702", "full_name": "Bob Other", "email": "bob@x.example", "phone": 14155550200},
    ]))  # fmt: skip
    office.deliver("activities.parquet", a_parquet_file(folder / "a.parquet", [
        {**CALL, "source_record_id": f"p{n}", "contact_id": f"c-00070{1 + n % 2}", "subject": f"{NAME} called"} for n in range(6)
    ]))  # fmt: skip
    office.deliver("leads.json", json.dumps([
        {"lead_id": "L1", "created_at": "2026-02-01T00:00:00Z", "owner_rep_id": "REP-901", "contact_id": "c-000701",
         "form": {"name": NAME, "mails": [{"value": MAIL.upper(), "said": "\u00e4 \\ \" \n"}]}},
        {"lead_id": "L2", "created_at": "2026-02-01T00:00:00Z", "owner_rep_id": "R2", "contact_id": "c-000702", "form": {"name": "Bob Other"}},
    ]).encode())  # fmt: skip
    office.deliver("Contact.csv", as_csv([
        {"Id": SALESFORCE_ID, "AccountId": "0015g00000AAAAA", "FirstName": "Annabella", "LastName": "Quillfeather", "Name": NAME,
         "Email": MAIL, "Phone": "(415) 555-0199", "SystemModstamp": "2026-01-01T00:00:00Z"},
        {"Id": "0035g00000OtherA", "AccountId": "0015g00000AAAAA", "FirstName": "Bob", "LastName": "Other", "Name": "Bob Other",
         "Email": "bob@x.example", "Phone": "", "SystemModstamp": "2026-01-01T00:00:00Z"},
    ]), "inbox/sf")  # fmt: skip
    office.deliver("calls.csv", "Bericht über Anrufe;\r\nCall ID;Started;Agent;Kontakt;Şehir\r\n"
                   f'D1;2026-03-03 10:00;REP-901;C7;"İzmir;{NAME}"\r\nD2;2026-03-03 11:00;R2;C8;Ağrı\r\n'.encode("windows-1254"),
                   "inbox/dialer")  # fmt: skip
    office.deliver("reps.csv", [
        {"rep_id": "REP-901", "full_name": "Sage Sagebrush", "rep_type": "inside", "hire_date": "2024-01-01", "email": "Sage@us.example",
         "manager_rep_id": "R2"},
        {"rep_id": "R2", "full_name": "Sam Sample", "rep_type": "field", "hire_date": "2024-01-01", "email": "sam@us.example",
         "manager_rep_id": "REP-901"},
    ])  # fmt: skip
    office.deliver(
        "quotas.jsonl",
        lines([{"period_start": "2026-03-01", "period_grain": "month", "rep_id": "REP-901", "amount": 1000.50}]),
    )
    assert run(office, through_dagster) == 0
    office.deliver("rep_aliases.csv", [{"source": "dialer", "source_rep_id": "REP-901", "rep_id": "REP-901"}])
    office.night()
    return office


@pytest.mark.slow
@pytest.mark.parametrize("through_dagster", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_person_goes_from_every_format_and_a_rep_too(tmp_path, through_dagster):
    office = an_office(tmp_path, through_dagster)
    before, calls = counts(office), office.query("select count(*) from core.fct_activity where rep_id = 'crm:REP-901'")
    daily = "select * exclude (rep_id) from marts.rep_activity_daily order by all"
    figures = office.query(daily)
    assert {needle for needle, _ in found_below(office.workspace.home, NEEDLES)} == set(NEEDLES)
    assert forget(office, "--email", MAIL) == 0
    assert forget(office, "--rep", "REP-901") == 0
    assert run(office, through_dagster) == 0  # with Dagster, which keeps a history
    assert counts(office) == before
    person = [needle for needle in NEEDLES if needle != "c7"]
    assert found_below(office.workspace.home, person) == set()
    files = sum(path.is_file() for path in office.workspace.home.rglob("*"))
    how = "with Dagster's history" if through_dagster else "files of eight kinds"
    record(FORGOTTEN, f"{len(person)} identities sought in every byte of {files} files, {how}")
    assert office.query(daily) == figures
    ((token, name),) = office.query("select rep_id, full_name from core.dim_rep where rep_id like 'crm:erased-%'")
    assert name.startswith("erased")
    assert office.query(f"select count(*) from core.fct_activity where rep_id = '{token}'") == calls
    assert office.query("select count(distinct contact_id) from core.dim_contact where contact_key is null") == [(2,)]
    assert office.query("select count(*) from ops.restatement") == [(0,)]
    hashes = office.hashes()
    assert office.night(full_refresh=True).status == "published"
    assert office.hashes() == hashes
