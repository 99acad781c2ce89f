"""What was wrongly rejected comes in when its cause is mended, and the accounting adds up before and after."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from models.errors import TouchlineError
from pipelines.night.operator import Target, give_order, read_orders

pytestmark = pytest.mark.slow

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
    rows = office.query(
        f"select file_name, rows_read, {columns} from ops.load_accounting where source = 'dialer' order by 1"
    )
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
    office.stand_on(night_of_the_dialer)
    assert accounts(office) == {"a.csv": counts(6, accepted=1, quarantined=5), "b.csv": counts(1, accepted=1)}
    return office


def night_of_the_dialer(office):
    office.configure(WRONG)
    office.deliver("reps.csv", [REP])
    office.deliver(
        "a.csv",
        [call("1"), call("2", "in"), call("3", "in"), call("3", "in"), call("4", "in", "2026-03-01"), call("5", "fax")],
        "inbox/dialer",
    )
    office.deliver("b.csv", [call("4", "out", "2026-03-09")], "inbox/dialer")
    office.night()


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
        (3, "not_in_map", True, "accepted"),
        (4, "not_in_map", True, "accepted"),
        (5, "not_in_map", True, "duplicate"),
        (6, "not_in_map", True, "superseded"),
        (7, "not_in_map", False, None),
    ]
    from_scratch = open_office(RIGHT)
    for folder in ("crm", "dialer"):
        for path in (dialer.workspace.inbox / folder).iterdir():
            from_scratch.deliver(path.name, path.read_bytes(), f"inbox/{folder}")
    from_scratch.night()
    assert dialer.hashes() == from_scratch.hashes()


def test_a_mended_mapping_alone_brings_the_rows_in_and_later_judgements_move_nothing_more(dialer):
    dialer.configure(RIGHT)
    outcome = dialer.night()
    assert "4 rows that stood in quarantine pass now." in outcome.notes
    assert accounts(dialer) == CORRECTED
    hashes, rejected = dialer.hashes(), dialer.query("select * from quarantine.rejected order by all")
    dialer.night(full_refresh=True)
    order(dialer)
    dialer.night()
    order(dialer)
    dialer.night(full_refresh=True)
    assert (accounts(dialer), dialer.hashes()) == (CORRECTED, hashes)
    assert dialer.query("select * from quarantine.rejected order by all") == rejected


def test_a_replayed_row_is_a_duplicate_of_what_came_whole_after_it(office):
    office.configure(WRONG)
    office.deliver("a.csv", [call("1", "in")], "inbox/dialer")
    office.night()
    office.deliver("b.csv", [call("1", "out")], "inbox/dialer")
    office.night()
    office.configure(WRONG.replace("{out: outbound}", "{out: outbound, in: outbound}"))
    office.night()
    assert accounts(office) == {"a.csv": counts(1, duplicate=1), "b.csv": counts(1, accepted=1)}


def test_a_full_refresh_under_the_same_settings_keeps_the_accounting(dialer):
    before = accounts(dialer)
    dialer.night(full_refresh=True)
    assert accounts(dialer) == before


def test_rows_that_are_rejected_again_go_back_and_what_still_fails_keeps_only_its_present_reason(dialer):
    before = accounts(dialer)
    dialer.configure(RIGHT)
    dialer.night()
    dialer.configure(RIGHT.replace("rep_id: agent", "rep_id: agent\n      duration_seconds: {column: type, unit: s}"))
    outcome = dialer.night()
    assert accounts(dialer)["a.csv"] == counts(6, quarantined=6)
    assert any("6 rows" in note for note in outcome.notes)  # five of a.csv that had passed, one of b.csv
    assert dialer.query("select distinct field, rule from quarantine.rejected where line_number = 2") == [
        ("duration_seconds", "unit")
    ]
    dialer.configure(WRONG)
    dialer.night()
    assert accounts(dialer) == before
    assert dialer.query("select line_number, rule from quarantine.rejected where replayed_at is null order by 1") == [
        (line, "not_in_map") for line in (3, 4, 5, 6, 7)
    ]


def test_discarded_rows_stay_out_whatever_rules_change_until_they_are_taken_back(dialer):
    order(dialer, "discard", lines=[3])
    outcome = dialer.night()
    assert outcome.status == "published"
    marked = "select line_number, discarded_at, discard_reason from quarantine.rejected where discarded_at is not null"
    assert dialer.query(marked) == [(3, GIVEN, "why")]
    dialer.configure(RIGHT)
    order(dialer, lines=[4, 5, 6, 7])
    dialer.night()
    dialer.night(full_refresh=True)
    assert accounts(dialer)["a.csv"] == counts(6, accepted=2, duplicate=1, superseded=1, quarantined=2)
    assert dialer.query("select count(*) from core.fct_activity where activity_id = 'dialer:2'") == [(0,)]
    assert dialer.query(marked) == [(3, GIVEN, "why")]
    order(dialer, lines=[3])
    dialer.night()
    assert accounts(dialer) == CORRECTED
    assert dialer.query("select count(*) from core.fct_activity where activity_id = 'dialer:2'") == [(1,)]


def test_an_order_alone_makes_a_night_and_is_carried_out_once(dialer):
    assert dialer.night().status == "nothing_new"
    order(dialer)
    outcome = dialer.night()
    assert (outcome.status, len(outcome.orders)) == ("published", 1)
    assert dialer.night().status == "nothing_new"
    assert dialer.query(
        "select kind, words, given_by, rows_named, rows_passed, generation from ops.operator_order"
    ) == [("replay", "--all", "ada", 5, 0, 2)]


def test_discards_survive_the_loss_of_the_operator_store(dialer):
    order(dialer, "discard", lines=[3])
    dialer.night()
    dialer.workspace.operator_store.unlink()
    dialer.configure(RIGHT)
    dialer.night()
    assert accounts(dialer)["a.csv"]["quarantined"] == 2
    assert dialer.query("select discard_reason from quarantine.rejected where line_number = 3") == [("why",)]


def test_a_circle_of_merges_that_is_broken_up_leaves_quarantine_when_it_is_judged_again(office):
    office.configure(HEAD)
    circle = [
        {"contact_id": a, "merged_into_id": b, "updated_at": "2026-03-05"} for a, b in (("C1", "C2"), ("C2", "C1"))
    ]
    office.deliver("contacts_1.csv", circle)
    office.night()
    office.deliver("contacts_2.csv", [{"contact_id": "C2", "merged_into_id": "", "updated_at": "2026-03-06"}])
    office.night()
    standing = "select count(*) from quarantine.rejected where replayed_at is null"
    assert office.query(standing) == [(2,)]
    office.night(full_refresh=True)
    assert office.query(standing) == [(0,)]
    assert office.query(
        "select rows_accepted, rows_superseded, rows_quarantined from ops.load_accounting order by load_id"
    ) == [
        (1, 1, 0),
        (1, 0, 0),
    ]


def test_settings_that_break_an_accepted_file_beyond_its_budget_stop_the_night(office):
    office.configure(RIGHT)
    office.deliver("a.csv", [call(str(number)) for number in range(60)], "inbox/dialer")
    office.night()
    office.configure(RIGHT.replace("out: outbound", "raus: outbound"))
    with pytest.raises(TouchlineError, match="was accepted as 000001-0001 and no longer reads: 60 of 60 rows"):
        office.night()
    assert office.query("select generation from ops.publication") == [(1,)]


def test_a_refused_file_is_taken_when_the_settings_that_refused_it_change_or_a_replay_says_so(office):
    office.configure(WRONG)
    office.deliver("reps.csv", [REP])
    office.deliver("c.csv", [{"id": "1", "when": "2026-03-02T15:00:00Z", "type": "out"}], "inbox/dialer")
    (refused,) = [load for load in office.night().loads if load.status == "refused"]
    assert refused.reason.startswith("missing_column")
    assert office.night().status == "nothing_new"
    sha = office.query("select file_sha256 from ops.load where status = 'refused'")[0][0]
    target = [Target("dialer", "activities", sha, "c.csv", None)]
    said = {"words": "--file c.csv", "given_by": "ada", "given_at": GIVEN}
    give_order(office.workspace.operator_store, "replay", target, reason=None, **said)
    assert [load.status for load in office.night().loads] == ["refused"]
    give_order(office.workspace.operator_store, "discard", target, reason="a test file", **said)
    assert office.night().loads == ()
    assert office.query("select distinct discard_reason from ops.load where status = 'refused'") == [("a test file",)]
    assert office.night().status == "nothing_new"
    mended = WRONG.replace("occurred_at: at", "occurred_at: when").replace("changed", "when").replace("agent", "type")
    office.configure(mended)
    assert "c.csv" not in accounts(office)
    give_order(office.workspace.operator_store, "replay", target, reason=None, **said)
    office.night()
    assert accounts(office)["c.csv"] == counts(1, accepted=1)


def test_a_partial_build_leaves_orders_to_a_whole_night(dialer):
    order(dialer, "discard")
    dialer.night(only=frozenset({"marts.rep_activity_daily"}))
    assert dialer.query("select count(*) from quarantine.rejected where discarded_at is not null") == [(0,)]
    assert len(dialer.night().orders) == 1


def test_the_operator_store_is_private_takes_orders_from_many_at_once_and_refuses_a_newer_one(tmp_path):
    store = tmp_path / "var" / "operator.sqlite"
    target = [Target("crm", "activities", "ab", "a.csv", (1, 2))]

    def give(number):
        return give_order(
            store, "discard", target, words=f"{number}", reason="r", given_by="ada", given_at=GIVEN
        ).order_id

    with ThreadPoolExecutor(8) as people:
        given = set(people.map(give, range(40)))
    found = read_orders(store)
    assert ({order.order_id for order in found}, found[0].targets) == (given, tuple(target))
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    with sqlite3.connect(store) as newer:
        newer.execute("pragma user_version = 99")
    with pytest.raises(TouchlineError, match="newer Touchline"):
        read_orders(store)
