"""Real pages of other programs' APIs, saved, by the settings that docs/sources_saved_pages.md shows, and Pipedrive's by its
own mappings: what becomes of each is written down here."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PAYLOADS = DATA / "amp_labs_crm_payloads"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources_saved_pages.md"
DELIVERED = {
    "outreach__mailings.json": "outreach/mailings.json",
    "outreach__opportunities.json": "outreach/opportunities.json",
    "outreach__calls.json": "outreach/mailings_calls.json",
    "outreach__events.json": "outreach/mailings_events.json",
    "salesloft__read-list-users.json": "salesloft/users.json",
    "salesloft__write-create-task.json": "salesloft/tasks.jsonl",
    "gong__get-records-users.json": "gong/users.json",
    "gong__webhook-call-created.json": "gong/calls.jsonl",
    "aircall__read_users_response.json": "aircall/users.json",
    "zoho__deals.json": "zoho/deals.json",
}
ACCOUNTING = (
    "select l.file_name, a.rows_read, a.rows_accepted, a.rows_quarantined, a.rows_ignored from ops.load as l"
    " join ops.load_accounting as a using (load_id, entity) where l.file_name <> 'reps.csv' order by 1, 2"
)
REFUSED = "select file_name, split_part(reason, ':', 1) from ops.load where status = 'refused' order by 1"

pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the real payloads are not beside this clone")


def night_of(office, settings, deliveries, as_of=None):
    office.configure(settings)
    for source, target in deliveries.items():
        content = source.read_bytes()
        if target.endswith(".jsonl"):  # a webhook a line
            content = json.dumps(json.loads(content)).encode() + b"\n"
        office.deliver(Path(target).name, content, str(Path("inbox", target).parent))
    office.night(as_of=as_of or datetime(2026, 4, 1, tzinfo=UTC))


def test_pages_of_other_programs_become_what_the_page_says(office):
    settings = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    night_of(office, settings, {PAYLOADS / source: target for source, target in DELIVERED.items()})
    assert office.query(ACCOUNTING) == [
        ("calls.jsonl", 1, 0, 0, 1),  # Gong marks it as a trial of the webhook
        ("mailings.json", 1, 0, 0, 1),  # a draft was not sent
        ("opportunities.json", 1, 0, 1, 0),  # a deal that stands in no stage
        ("tasks.jsonl", 1, 1, 0, 0),
        ("users.json", 1, 1, 0, 0),
        ("users.json", 1, 1, 0, 0),
        ("users.json", 2, 2, 0, 0),
    ]
    assert office.query("select entity, field, rule from quarantine.rejected") == [
        ("opportunities", "stage", "required")
    ]
    assert office.query(REFUSED) == [
        ("deals.json", "no_records"),  # Zoho's description of the fields, no deals
        ("mailings_calls.json", "no_records"),  # an error page: a scope was missing
        ("mailings_events.json", "missing_column"),  # an event stream, no mailings
    ]
    assert office.query(
        "select activity_id, channel, status, activity_date::varchar, occurred_at_basis, source_rep_id"
        " from core.fct_activity"
    ) == [("salesloft:task-175204275", "call", "scheduled", "2025-01-01", "due", "51550")]


def test_a_page_of_pipedrive_is_read_by_its_mappings(office):
    files = {"pipedrive__activities.json": "pipe/activities.json", "pipedrive__deals.json": "pipe/deals.json"}
    settings = "company: {timezone: UTC}\nsources: [{name: pipe, kind: pipedrive_export, path: inbox/pipe}]\n"
    night_of(office, settings, {PAYLOADS / source: target for source, target in files.items()})
    assert office.query(ACCOUNTING) == [("activities.json", 1, 1, 0, 0)]
    assert office.query(REFUSED) == [("deals.json", "missing_column")]  # a deal without its stage
    assert office.query(
        "select activity_id, channel, status, activity_date::varchar, occurred_at_precision, source_rep_id,"
        " created_at from core.fct_activity"
    ) == [
        ("pipe:activity-2", "call", "scheduled", "2024-10-30", "date", "20580207", datetime(2024, 10, 16, 12, 16, 2, tzinfo=UTC))
    ]  # fmt: skip


RECENTS = """
company: {timezone: UTC}
sources:
  - name: pipe
    kind: mapped
    path: inbox/pipe/recents*.json
    entity: contacts
    timezone: UTC
    read: {records: data}
    needs: [item, data.id]
    fields:
      contact_id: data.id
      full_name: data.name
      account_id: data.org_id
      created_at: data.add_time
      updated_at: data.update_time
    ignore:
      - {if: {item: {not: person}}, because: a record of another kind}
      - {if: {data.id: blank}, because: the record is gone and nothing is told of it}
"""


def test_recents_with_a_null_item_are_read_around_it(office):
    night_of(office, RECENTS, {DATA / "dlt_pipedrive_recents" / "recents_response_with_null.json": "pipe/recents.json"})
    assert office.query(ACCOUNTING) == [("recents.json", 3, 2, 0, 1)]
    assert office.query("select contact_id, account_id, created_at from core.dim_contact order by 1") == [
        ("pipe:532", None, datetime(2023, 2, 22, 15, 40, 6, tzinfo=UTC)),
        ("pipe:611", "pipe:4", datetime(2023, 5, 12, 12, 41, 33, tzinfo=UTC)),
    ]
