"""What must hold for any delivery: the same rows give the same tables, however they come."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reliability import tried_here

COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
FEW = settings(max_examples=1, **COMMON)
MANY = settings(max_examples=tried_here(10), **COMMON)
IDS = ("A1", "A2", "A3", "A4")
REPS = ("R1", "R2", "R9")
TWO_SYSTEMS = """
company: {name: Test, timezone: America/New_York, holidays: {default_country: US}}
sources:
  - {name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}
  - {name: dialer, kind: canonical, path: inbox/dialer, assume_past_meetings_held: false}
"""
CONTACTS = ("C1", "C2", "C3")
BASE = datetime(2026, 3, 1, tzinfo=UTC)

instants = st.integers(0, 40 * 24 * 6).map(lambda tens: (BASE + timedelta(minutes=10 * tens)).isoformat())
versions = st.integers(0, 5).map(lambda days: (BASE + timedelta(days=days)).isoformat())
activities = st.fixed_dictionaries(
    {
        "source_record_id": st.sampled_from(IDS),
        "channel": st.sampled_from(("call", "email", "meeting", "fax")),
        "occurred_at": instants,
        "rep_id": st.sampled_from((*REPS, "")),
        "status": st.sampled_from(("completed", "scheduled", "")),
        "contact_id": st.sampled_from((*CONTACTS, "", "")),
        "created_at": instants,
        "duration_seconds": st.sampled_from(("", "30", "600")),
        "external_id": st.sampled_from(("", "", "<K1@mail>", "k1@MAIL", "k2")),
        "copy_of_id": st.sampled_from(("", "", *IDS)),
        "is_deleted": st.sampled_from(("", "", "true")),
        "updated_at": versions,
    }
)
reps = st.fixed_dictionaries(
    {
        "rep_id": st.sampled_from(REPS[:2]),
        "full_name": st.just("Somebody"),
        "email": st.sampled_from(("", "one@x.example", "two@x.example")),
        "rep_type": st.sampled_from(("inside", "outside", "hybrid")),
        "hire_date": st.sampled_from(("2025-01-01", "2026-03-04")),
        "effective_from": st.sampled_from(("", "2026-03-10", "2026-03-20")),
        "role": st.sampled_from(("ae", "sales_manager", "")),
        "updated_at": versions,
    }
)
users = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(REPS),
        "kind": st.sampled_from(("person", "person", "queue")),
        "email": st.sampled_from(("", "one@x.example", "two@x.example")),
        "updated_at": versions,
    }
)
contacts = st.fixed_dictionaries(
    {
        "contact_id": st.sampled_from(CONTACTS),
        "account_id": st.sampled_from(("", "X1", "X2")),
        "merged_into_id": st.sampled_from(("", "C2", "C3")),
        "is_deleted": st.sampled_from(("", "true")),
        "updated_at": versions,
    }
).filter(lambda row: row["contact_id"] != row["merged_into_id"])
deals = st.fixed_dictionaries(
    {
        "opportunity_id": st.sampled_from(("D1", "D2")),
        "stage": st.sampled_from(("New", "Offer")),
        "owner_rep_id": st.sampled_from(REPS),
        "created_at": instants,
        "updated_at": versions,
    }
)
stages = [
    {
        "pipeline": "default",
        "stage": "New",
        "stage_order": "0",
        "outcome": "open",
        "kind": "",
        "updated_at": "2026-01-01",
    },
    {
        "pipeline": "default",
        "stage": "Offer",
        "stage_order": "1",
        "outcome": "open",
        "kind": "proposal",
        "updated_at": "2026-01-01",
    },
]
companies = st.fixed_dictionaries(
    {
        "activities": st.lists(activities, min_size=1, max_size=14),
        "dialed": st.lists(activities, max_size=6),
        "reps": st.lists(reps, max_size=5),
        "users": st.lists(users, max_size=3),
        "contacts": st.lists(contacts, max_size=6),
        "opportunities": st.lists(deals, max_size=4),
        "stages": st.sampled_from(([], stages)),
    }
)


def deliveries(company, shuffler, pieces):
    """The company's rows, shuffled and cut into files of several nights; some rows come twice."""
    nights = [[] for _ in range(pieces)]
    for entity, rows in company.items():
        listed = rows + [row for row in rows if shuffler.random() < 0.3]
        shuffler.shuffle(listed)
        for row in listed:
            nights[shuffler.randrange(pieces)].append((entity, row))
    return nights


def deliver(office, rows, tag):
    by_entity = {}
    for entity, row in rows:
        by_entity.setdefault(entity, []).append(row)
    for entity, listed in by_entity.items():
        put(office, entity, f"{tag}.csv", listed)


def put(office, entity, name, rows):
    """Activities come from two systems that share some of them; everything else from one."""
    if entity == "dialed":
        office.deliver(f"activities_{name}", rows, "inbox/dialer")
    else:
        office.deliver(f"{entity}_{name}", rows)


def assert_accounted(office):
    assert (
        office.query(
            "select * from ops.load_accounting where rows_read <> rows_accepted + rows_duplicate + rows_superseded"
            " + rows_quarantined + rows_ignored + rows_erased"
        )
        == []
    )


def any_batching_order_repetition_and_renaming_gives_the_same_tables(open_office, company, seed, pieces):
    at_once, in_nights = open_office(TWO_SYSTEMS), open_office(TWO_SYSTEMS)
    deliver(at_once, [(entity, row) for entity, rows in company.items() for row in rows], "all")
    at_once.night()
    for number, rows in enumerate(deliveries(company, random.Random(seed), pieces)):
        deliver(in_nights, rows, f"{seed}_{number}")
        in_nights.night()
    assert in_nights.hashes() == at_once.hashes()
    assert_accounted(in_nights)
    in_nights.night(full_refresh=True)
    assert in_nights.hashes() == at_once.hashes()


def without_updated_at_the_same_landing_order_gives_the_same_tables(open_office, company, pieces):
    files = []
    for entity, rows in company.items():
        plain = [{**row, "updated_at": ""} for row in rows]
        files += [(entity, f"{place}.csv", plain[place::pieces]) for place in range(pieces) if plain[place::pieces]]
    at_once, one_by_one = open_office(TWO_SYSTEMS), open_office(TWO_SYSTEMS)
    for file in files:
        put(at_once, *file)
    at_once.night()
    by_landing = sorted(files, key=lambda file: (file[0] == "dialed", *file[:2]))  # source by source, then by name
    for file in by_landing:
        put(one_by_one, *file)
        one_by_one.night()
    assert one_by_one.hashes() == at_once.hashes()
    one_by_one.night(full_refresh=True)
    assert one_by_one.hashes() == at_once.hashes()


def nights_at_a_moving_as_of_equal_a_full_refresh_at_the_last_one(open_office, company, seed):
    moving = open_office(TWO_SYSTEMS)
    for number, rows in enumerate(deliveries(company, random.Random(seed), 3)):
        deliver(moving, rows, str(number))
        moving.night(as_of=BASE + timedelta(days=12 * (number + 1), hours=16))
    incremental = moving.hashes()
    moving.night(as_of=BASE + timedelta(days=36, hours=16), full_refresh=True)
    assert moving.hashes() == incremental


DAY_COLUMNS = ("rep_type", "touches", "calls", "meetings_held", "meetings_booked", "contacts_touched")
PAST_DAYS = """
    select rep_id, activity_date::varchar, {columns}
    from marts.rep_activity_daily
    where activity_date < (select least(as_of_date, date '{until}') from core.parameter) order by all
"""
UNDONE = """
    select key ->> 'rep_id', key ->> 'activity_date', column_name, old_value from ops.restatement
    where table_name = 'marts.rep_activity_daily' and generation = (select generation from ops.publication)
"""


def past_days(office, until):
    found = office.query(PAST_DAYS.format(columns=", ".join(DAY_COLUMNS), until=until))
    return {(rep, day): dict(zip(DAY_COLUMNS, cells, strict=True)) for rep, day, *cells in found}


def undo(days, restated):
    """The days as they were: old values in, and a row whose required word is blank was not there."""
    before = {place: dict(cells) for place, cells in days.items()}
    for rep, day, column, old in restated:
        cells = before.setdefault((rep, day), dict.fromkeys(DAY_COLUMNS, 0))
        if column in cells:
            cells[column] = old if old is None or column == "rep_type" else int(old)
    return {place: cells for place, cells in before.items() if cells["rep_type"] is not None}


def undoing_what_was_restated_gives_the_last_nights_past(open_office, company, seed, full_refresh):
    office = open_office(TWO_SYSTEMS)
    for number, rows in enumerate(deliveries(company, random.Random(seed), 3)):
        deliver(office, rows, str(number))
        as_of = BASE + timedelta(days=30 + 4 * number, hours=16)
        before = past_days(office, as_of.date()) if number else None
        office.night(as_of=as_of, full_refresh=full_refresh and number > 0)
        if before is not None:
            until = (as_of - timedelta(days=4)).date()
            assert undo(past_days(office, until), office.query(UNDONE)) == before


batched = given(company=companies, seed=st.integers(0, 10_000), pieces=st.integers(2, 4))
landed_in_order = given(company=companies, pieces=st.integers(2, 4))
over_time = given(company=companies, seed=st.integers(0, 10_000))
restated = given(company=companies, seed=st.integers(0, 10_000), full_refresh=st.booleans())

test_any_batching = FEW(batched(any_batching_order_repetition_and_renaming_gives_the_same_tables))

test_any_batching_of_many = pytest.mark.slow(
    MANY(batched(any_batching_order_repetition_and_renaming_gives_the_same_tables))
)
test_without_updated_at_for_many = pytest.mark.slow(
    MANY(landed_in_order(without_updated_at_the_same_landing_order_gives_the_same_tables))
)
test_moving_as_of_for_many = pytest.mark.slow(
    MANY(over_time(nights_at_a_moving_as_of_equal_a_full_refresh_at_the_last_one))
)
test_restatement_of_many = pytest.mark.slow(MANY(restated(undoing_what_was_restated_gives_the_last_nights_past)))
