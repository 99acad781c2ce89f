"""Columns that a company does not admit are stored nowhere but in the landed copy, also when it says so later."""

import duckdb
import pytest
from pydantic import ValidationError

from models.settings import Settings
from tests.runs.conftest import Office

SETTINGS = """
company: {{name: Test, timezone: America/New_York}}
sources:
  - {{name: crm, kind: canonical, path: inbox/crm{crm}}}
  - name: dialer
    kind: mapped
    path: inbox/dialer/calls*.csv
    entity: activities{dialer}
    joins: {{people: {{path: inbox/dialer/people*.csv, on: Call ID, key: call}}}}
    fields:
      source_record_id: Call ID
      channel: {{const: call}}
      occurred_at: Started
      contact_id: {{join: people, column: person}}
"""
OPEN = SETTINGS.format(crm="", dialer="")
LIMITED = SETTINGS.format(
    crm=", keep_columns: [mood], drop_columns: [Phone]", dialer="\n    keep_columns: []\n    drop_columns: [salary]"
)
REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01", "shoe": "secret-a"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "mood": "sunny"}
CONTACT = {"contact_id": "C1", "email": "ann@x.example", "PHONE": "+1 212 555 0100"}
DIALED = {"Call ID": "1", "Started": "2026-03-02T15:00:00Z", "Salary": "secret-b"}
SECRETS = ("secret-a", "secret-b", "secret-c", "secret-d", "secret-e", "2125550100", "212 555 0100")


def stored(office):
    """Every cell of what is published, private.duckdb too, as one text."""
    found = []
    for name in ("crm.duckdb", "private.duckdb"):
        with duckdb.connect(str(office.workspace.published / name), read_only=True) as connection:
            tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
            found += [str(connection.execute(f"select * from {table}").fetchall()) for (table,) in tables]
    return "\n".join(found)


def deliver(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL, {**CALL, "source_record_id": "A2", "channel": "pigeon", "hat": "secret-c"}])
    office.deliver("contacts.csv", [CONTACT])
    office.deliver("calls.csv", b"Call ID,Started,Salary\n1,2026-03-02T15:00:00Z,secret-b\n2,soon,secret-d\n3,soon,secret-d,x\n",
                   "inbox/dialer")  # fmt: skip
    office.deliver("people.csv", b"call,person,wage\n1,P1,secret-e\n", "inbox/dialer")


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """What is stored before and after the columns were limited, and in a workspace that was limited from the start."""
    office = Office(tmp_path_factory.mktemp("admission") / "workspace", OPEN)
    deliver(office)
    office.night()
    before = stored(office)
    office.configure(LIMITED)
    office.night()
    fresh = Office(tmp_path_factory.mktemp("fresh") / "workspace", LIMITED)
    deliver(fresh)
    fresh.night()
    return before, office, fresh


def test_without_a_list_everything_is_kept_privately(nights):
    before, _, _ = nights
    assert [secret for secret in SECRETS if secret in before] == [*SECRETS[:5], "212 555 0100"]


@pytest.mark.parametrize("place", [1, 2])
def test_what_is_not_admitted_is_stored_nowhere(nights, place):
    office = nights[place]
    found = stored(office)
    assert [secret for secret in SECRETS if secret in found] == []
    assert "sunny" in found and "pigeon" in found  # what is admitted stays, quarantined rows too
    assert office.query("select count(*), count(contact_key) from core.dim_contact where source = 'crm'") == [(1, 1)]
    assert office.query("select contact_id from core.fct_activity where source = 'dialer'") == [("dialer:P1",)]
    assert office.query("select sum(rows_read), sum(rows_quarantined) from ops.load_accounting") == [(8, 3)]
    assert office.query("select count(*) from ops.source_column where column_name in ('salary', 'Salary', 'hat')") == [
        (0,)
    ]


def test_a_column_that_a_field_reads_cannot_be_dropped_silently():
    fields = {"account_id": "Id", "name": "Name"}
    dialer = {"name": "x", "kind": "mapped", "path": "x.csv", "entity": "accounts", "fields": fields}
    with pytest.raises(ValidationError, match="`drop_columns` names 'Name', which a field reads"):
        Settings.model_validate({"sources": [dialer | {"drop_columns": ["Name"]}]})
