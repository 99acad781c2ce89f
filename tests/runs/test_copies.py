"""Two systems that tell one company's work: what arrives twice counts once, and knows what both know."""

import csv
import io

import pytest

from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo
from pipelines.night.shipped import shipped_catalogue
from sql.evidence import disagreements
from tests.cheap_nights import ALL_MARTS

TWO_SYSTEMS = """
company: {name: Test, timezone: America/New_York}
sources:
  - {name: dialer, kind: canonical, path: inbox/dialer, assume_past_meetings_held: false}
  - {name: crm, kind: canonical, path: inbox/crm}
"""
DAY = "2026-03-02T15:00:00Z"
REP = {
    "rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01", "role": "ae",
    "email": "ada@x.example",
}  # fmt: skip
OF_DIALER = {
    "source_record_id": "9", "channel": "call", "occurred_at": DAY, "rep_id": "77", "status": "completed",
    "duration_seconds": "240", "external_id": "call-17",
}  # fmt: skip
OF_CRM = {
    "source_record_id": "00T1", "channel": "call", "occurred_at": "2026-03-03T15:00:00Z", "rep_id": "R1",
    "status": "completed", "account_id": "A1", "external_id": "CALL-17", "is_deleted": "", "updated_at": "2026-03-03",
}  # fmt: skip
DAYS = (
    "select rep_id, activity_date::varchar, calls, talk_seconds, accounts_touched from marts.rep_activity_daily"
    " where calls > 0 order by all"
)


@pytest.fixture
def office(open_office):
    return open_office(TWO_SYSTEMS)


@pytest.mark.slow
def test_a_copy_that_comes_later_and_goes_again_moves_both_days(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", [OF_DIALER], "inbox/dialer")
    office.night()
    assert office.query(DAYS) == [("unknown", "2026-03-02", 1, 240, 0)]
    office.deliver("activities_1.csv", [OF_CRM])
    office.night()
    assert office.query(DAYS) == [("crm:R1", "2026-03-02", 1, 240, 1)]
    office.deliver("activities_2.csv", [{**OF_CRM, "is_deleted": "true", "updated_at": "2026-03-04"}])
    office.night()
    assert office.query(DAYS) == [("unknown", "2026-03-02", 1, 240, 0)]


@pytest.mark.slow
def test_the_load_of_a_copy_is_named_for_the_day_of_the_one_it_hides(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", [OF_CRM])
    office.night()
    assert office.query(DAYS) == [("crm:R1", "2026-03-03", 1, 0, 1)]
    office.deliver("activities_1.csv", [OF_DIALER], "inbox/dialer")
    office.night()
    assert office.query(DAYS) == [("crm:R1", "2026-03-02", 1, 240, 1)]
    moved = office.query(
        "select distinct key ->> 'activity_date', cause, l.source from ops.restatement join ops.load as l using (load_id)"
        " where table_name = 'marts.rep_activity_daily' order by all"
    )
    assert moved == [("2026-03-02", "load", "dialer"), ("2026-03-03", "load", "dialer")]


def test_a_message_id_is_one_however_two_systems_write_it_and_its_address_is_hidden(office):
    mail = {"channel": "email", "occurred_at": DAY, "status": "completed", "direction": "outbound"}
    office.deliver("activities.csv", [{**mail, "source_record_id": "1", "external_id": "<CAb.7@Mail.Example>"}])
    office.deliver(
        "activities.csv", [{**mail, "source_record_id": "x", "external_id": "cab.7@mail.example"}], "inbox/dialer"
    )
    office.night()
    assert office.query("select source, other_source, reason, channel, copies from ops.overlap") == [
        ("crm", "dialer", "external_id", "email", 1)
    ]
    [(token, of_both)] = office.query(
        "select min(external_id), count(distinct external_id) from core.latest_activities"
    )
    assert token.startswith("keyed-") and "@" not in token and of_both == 1


def test_meetings_without_a_status_are_counted_by_what_becomes_of_them(office):
    meeting = {"channel": "meeting", "occurred_at": DAY, "external_id": "uid", "status": ""}
    office.deliver(
        "activities.csv",
        [
            {**meeting, "source_record_id": "1"},
            {**meeting, "source_record_id": "2", "external_id": ""},
            {**meeting, "source_record_id": "3", "external_id": "", "occurred_at": "2027-03-02T15:00:00Z"},
            {**meeting, "source_record_id": "4", "external_id": "", "status": "completed"},
        ],
    )
    office.deliver("activities.csv", [{**meeting, "source_record_id": "1"}], "inbox/dialer")
    office.night()
    said = "select source, assumed_meetings, unconfirmed_meetings, deletes_observable from ops.source order by source"
    assert office.query(said) == [("crm", 1, 0, False), ("dialer", 0, 1, False)]
    held = "select activity_id, status from core.fct_activity where is_meeting_held order by all"
    assert office.query(held) == [("crm:2", "completed"), ("crm:4", "completed")]


@pytest.mark.slow
def test_accounts_that_come_later_credit_what_was_nobodys(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [{**OF_DIALER, "external_id": ""}], "inbox/dialer")
    office.night()
    assert office.query("select reason, full_name from ops.unattributed") == [("not_on_roster", None)]
    account = {"user_id": "77", "kind": "person", "full_name": "Ada L.", "email": "Ada@X.example", "is_active": "true"}
    office.deliver("users.csv", [account], "inbox/dialer")
    office.night()
    assert office.query(DAYS) == [("crm:R1", "2026-03-02", 1, 240, 0)]
    assert office.query("select * from ops.unattributed") == []


KNOWN_BY_THE_COPY = ("rep_id", "booked_by_rep_id", "account_id", "contact_id", "contact_ids", "lead_id")
"""Fields that every third activity leaves to its copy."""


def told_twice(text):
    """The activities, each with an id that its copy shares, and the copies; rows without an id or of another width stay."""
    header, *rows = csv.reader(io.StringIO(text))
    plain, copies = [], []
    for row in rows:
        if len(row) != len(header) or not row[0]:
            plain.append(row)
            continue
        cells = dict(zip(header, row, strict=True))
        cells["external_id"] = f"shared {cells['source_record_id']}"
        blank = dict.fromkeys(KNOWN_BY_THE_COPY, "") if sum(map(ord, cells["source_record_id"])) % 3 == 0 else {}
        plain.append([*{**cells, **blank}.values()])
        copies.append([*{**cells, "source_record_id": f"zz{cells['source_record_id']}"}.values()])
    return as_text([*header, "external_id"], plain), as_text([*header, "external_id"], copies)


def as_text(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(dict.fromkeys(header)), *rows])
    return text.getvalue().encode("latin-1")


@pytest.mark.slow
def test_a_company_told_twice_has_the_figures_of_one_told_once(office_at, tmp_path):
    once, twice = (office_at(tmp_path / name, demo_settings()) for name in ("once", "twice"))
    for office in (once, twice):
        office.environment = ALL_MARTS | {"TOUCHLINE__QUALITY__MAX_QUARANTINED_SHARE": "1"}
        inbox = office.workspace.home / "inbox"
        write_demo(inbox / "crm", reps=6, days=60, dialer=inbox / "dialer")
    for path in sorted((twice.workspace.home / "inbox" / "crm").glob("activities*")):
        plain, copies = told_twice(path.read_text("latin-1"))
        path.write_bytes(plain)
        (path.parent / f"activities_zz_{path.name}").write_bytes(copies)
    once.night(as_of=DEMO_AS_OF)
    twice.night(as_of=DEMO_AS_OF)
    assert twice.query("select count(*) > 1000 from core.activity_copy") == [(True,)]
    assert twice.query("select count(*) > 300 from core.activity_fill") == [(True,)]
    told, known = twice.hashes(), once.hashes()
    others = {table for table in known if told[table] != known[table] and not table.startswith("core.latest_")}
    assert others == {"core.activity_copy", "core.activity_fill", "core.fct_activity"}  # the last by source_rep_id
    for spec in shipped_catalogue().specs().values():
        assert [one.name for one in spec.evidence if twice.query(disagreements(spec, one))] == []
