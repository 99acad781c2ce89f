"""Two objects of a CRM may be read from one file: an order about a row of the one leaves the other's alone."""

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipelines.commands.quarantined import Choice, open_quarantine, refused_files, targets_of
from pipelines.night.operator import VERSION, Target, give_order, read_orders

SETTINGS = """
company: {timezone: UTC}
sources: [{name: hub, kind: hubspot_export, path: inbox/hub, mappings: mappings}]
"""
MAPPING = """
entity: activities
files: [both]
needs: [%(at)s]
fields:
  source_record_id: {column: id, prefix: "%(at)s:"}
  channel: {const: call}
  occurred_at: {column: %(at)s}
"""
ROWS = [
    {"id": "1", "rang_at": "never", "talked_at": "never"},
    {"id": "2", "rang_at": "2026-03-02T15:00:00Z", "talked_at": "2026-03-02T15:00:05Z"},
]
GIVEN = datetime(2026, 4, 2, tzinfo=UTC)
SAID = {"words": "--all", "reason": "why", "given_by": "ada", "given_at": GIVEN}


@pytest.fixture
def both(office):
    """A file from which two objects are read; each rejects its first row, at the same line."""
    return office.stand_on(night_of_both)


def night_of_both(office):
    office.configure(SETTINGS)
    for at in ("rang_at", "talked_at"):
        office.deliver(f"{at}.yaml", (MAPPING % {"at": at}).encode(), "mappings")
    office.deliver("both.csv", ROWS, "inbox/hub")
    office.deliver("both_2.csv", b"id,rang_at\n", "inbox/hub")
    office.night()


def chosen(office, **choice):
    connection = open_quarantine(office.workspace)
    try:
        wanted = Choice(**choice)
        return targets_of(connection, wanted, refused_files(connection, wanted))
    finally:
        connection.close()


def dismissed(office):
    return office.query(
        "select object, rejected.discarded_at is not null from quarantine.rejected as rejected"
        " join ops.load using (load_id) order by all"
    )


@pytest.mark.slow
def test_a_row_of_one_object_is_dismissed_and_taken_back_alone(both):
    loads = dict(both.query("select object, load_id from ops.load where file_name = 'both.csv'"))
    (target,) = chosen(both, load=loads["rang_at"])
    assert (target.lines, target.object) == ((2,), "rang_at")
    give_order(both.workspace.operator_store, "discard", [target], **SAID)
    both.night()
    assert dismissed(both) == [("rang_at", True), ("talked_at", False)]
    both.night(full_refresh=True)
    assert dismissed(both) == [("rang_at", True), ("talked_at", False)]
    give_order(both.workspace.operator_store, "discard", [replace(target, object="talked_at")], **SAID)
    give_order(both.workspace.operator_store, "replay", [target], **SAID)
    assert [done["rows_named"] for done in both.night().orders] == [1, 1]
    assert dismissed(both) == [("rang_at", False), ("talked_at", True)]


def test_an_order_of_before_names_every_object_of_its_file(both):
    refused = both.query("select object from ops.load where file_name = 'both_2.csv' and status = 'refused'")
    assert refused == [("talked_at",)] and [one.object for one in chosen(both) if one.lines is None] == ["talked_at"]
    give_order(both.workspace.operator_store, "discard", [replace(chosen(both)[0], object=None)], **SAID)
    both.night()
    assert dismissed(both) == [("rang_at", True), ("talked_at", True)]


def test_orders_of_an_earlier_version_keep_their_targets(tmp_path):
    store = tmp_path / "operator.sqlite"
    targets = (Target("hub", "activities", "ab", "b.csv", (2, 1)), Target("hub", "contacts", "cd", "c.csv", None))
    for given in (targets, ()):
        give_order(store, "discard", given, **SAID)
    before = [{"source": "hub", "entity": "activities", "file_sha256": "ab", "file_name": "b.csv", "lines": [2, 1]}]
    before += [{"source": "hub", "entity": "contacts", "file_sha256": "cd", "file_name": "c.csv", "lines": None}]
    with sqlite3.connect(store) as older:
        older.execute("update operator_order set targets = ? where place = 1", [json.dumps(before)])
        older.execute(f"pragma user_version = {VERSION - 1}")
    older.close()
    assert [order.targets for order in read_orders(store)] == [tuple(replace(one, object=None) for one in targets), ()]
