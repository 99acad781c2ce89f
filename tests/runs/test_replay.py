"""What was wrongly rejected comes in when its cause is mended, and the accounting adds up before and after."""

from datetime import UTC, datetime

import pytest

from models.errors import TouchlineError
from pipelines.night.operator import Target, give_order, read_orders

HEAD = "company: {timezone: UTC}\nsources:\n  - {name: crm, kind: canonical, path: inbox/crm}\n"
DIALER = """
  - name: dialer
    kind: mapped
    path: inbox/dialer/*.csv
    entity: activities
    fields:
      source_record_id: id
      channel: {const: call}
      occurred_at: at
      updated_at: changed
      direction: {column: type, map: {out: outbound%s}}
      rep_id: agent
"""
WRONG, RIGHT = HEAD + DIALER % "", HEAD + DIALER % ", in: inbound"
REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
PARTS = ("accepted", "duplicate", "superseded", "quarantined", "ignored", "erased")
GIVEN = datetime(2026, 4, 2, tzinfo=UTC)


def call(name, kind="out", changed="2026-03-03", **fields):
    return {"id": name, "at": "2026-03-02T15:00:00Z", "type": kind, "agent": "R1", "changed": changed, **fields}


def accounts(office):
    """Counts by file, and that they add up in every row."""
    columns = ", ".join(f"rows_{part}" for part in PARTS)
    rows = office.query(f"select file_name, rows_read, {columns} from ops.load_accounting where source = 'dialer' order by 1")
    assert all(read == sum(parts) for _, read, *parts in rows)
    return {name: dict(zip(("read", *PARTS), counts, strict=True)) for name, *counts in rows}


def counts(read, **parts):
    return {"read": read, **dict.fromkeys(PARTS, 0), **parts}


def order(office, kind="replay", lines=None, **options):
    """An order about the dialer's quarantined rows, as the command line gives it."""
    found = office.query(
        "select source, entity, file_sha256, rejected.file_name, list(distinct line_number order by line_number)"
        " from quarantine.rejected as rejected join ops.load as load using (load_id, source, entity)"
        " where replayed_at is null group by all"
    )
    targets = [Target(*key, tuple(lines or found_lines)) for *key, found_lines in found]
    give_order(
        office.workspace.operator_store,
        kind,
        targets,
        words="--all",
        reason="why" if kind == "discard" else None,
        given_by="ada",
        given_at=GIVEN,
        **options,
    )


@pytest.fixture
def dialer(office):
    """A night in which the mapping rejected every incoming call."""
    office.configure(WRONG)
    office.deliver("reps.csv", [REP])
    office.deliver(
        "a.csv",
        [call("1"), call("2", "in"), call("3", "in"), call("3", "in"), call("4", "in", "2026-03-01"), call("5", "fax")],
        "inbox/dialer",
    )
    office.deliver("b.csv", [call("4", "out", "2026-03-09")], "inbox/dialer")
    office.night()
    assert accounts(office) == {"a.csv": counts(6, accepted=1, quarantined=5), "b.csv": counts(1, accepted=1)}
    return office


CORRECTED = {
    "a.csv": counts(6, accepted=3, duplicate=1, superseded=1, quarantined=1),
    "b.csv": counts(1, accepted=1),
}


def test_a_corrected_mapping_and_a_replay_bring_every_wrongly_rejected_row_in(dialer, open_office):
    dialer.configure(RIGHT)
    order(dialer)
    outcome = dialer.night()
    assert [(done["rows_named"], done["rows_passed"]) for done in outcome.orders] == [(5, 4)]
    assert accounts(dialer) == CORRECTED
    assert dialer.query(
        "select line_number, rule, replayed_at is not null, replayed_as from quarantine.rejected order by 1"
    ) == [
        (3, "not_in_set", True, "accepted"),
        (4, "not_in_set", True, "accepted"),
        (5, "not_in_set", True, "duplicate"),
        (6, "not_in_set", True, "superseded"),
        (7, "not_in_set", False, None),
    ]
    from_scratch = open_office(RIGHT)
    for folder in ("crm", "dialer"):
        for path in (dialer.workspace.inbox / folder).iterdir():
            from_scratch.deliver(path.name, path.read_bytes(), f"inbox/{folder}")
    from_scratch.night()
    assert dialer.hashes() == from_scratch.hashes()
