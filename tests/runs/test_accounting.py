"""Every record that arrives ends in exactly one bucket, and the newest version of each id stands."""

import gzip
from datetime import UTC, datetime, timedelta
from functools import partial

import duckdb
import pytest

from models.errors import BlockedError, BusyError, UsageError
from models.settings import load_settings
from pipelines.night.run import NightRequest, run_night
from tests.reliability import record
from tests.runs.conftest import AS_OF, STARTED
from tests.runs.together import together

REP = {
    "rep_id": "R1",
    "full_name": "Ada",
    "rep_type": "inside",
    "hire_date": "2025-01-01",
    "role": "ae",
    "team": "East",
}
CALL = {
    "source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1",
    "direction": "outbound", "status": "completed", "disposition": "connected", "duration_seconds": "120",
    "updated_at": "2026-03-02T16:00:00Z",
}  # fmt: skip


def calls(*ids, **fields):
    return [{**CALL, "source_record_id": name, **fields} for name in ids]


def accounting(office):
    rows = office.query(
        "select file_name, rows_read, rows_accepted, rows_duplicate, rows_superseded, rows_quarantined, rows_ignored"
        " from ops.load_accounting order by load_id"
    )
    return {name: counts for name, *counts in rows}


def touches(office):
    return office.query("select rep_id, activity_date::varchar, touches from marts.rep_activity_daily order by 1, 2")


def test_a_first_night_publishes_and_a_second_finds_nothing_new(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", calls("A1", "A2"))
    assert office.night().status == "published"
    assert touches(office) == [("crm:R1", "2026-03-02", 2)]
    again = office.night()
    assert (again.status, again.generation) == ("nothing_new", 1)


def test_what_has_happened_since_on_the_same_day_is_something_new(office):
    at = partial(datetime, 2026, 3, 2, tzinfo=UTC)
    office.deliver("reps.csv", [REP])
    meeting = {**CALL, "source_record_id": "M1", "channel": "meeting", "duration_seconds": "7200"}
    office.deliver("activities.csv", [*calls("A1"), meeting])
    assert office.night(at(14)).status == "published"
    assert office.night(at(14, 59)).status == "nothing_new"  # before both
    assert office.night(at(15)).status == "published" and touches(office) == [("crm:R1", "2026-03-02", 1)]
    stands = office.night(at(16, 30))
    assert (stands.status, stands.as_of) == ("nothing_new", at(15))  # the meeting is not over
    assert office.night(at(17)).status == "published" and touches(office) == [("crm:R1", "2026-03-02", 2)]


@pytest.mark.parametrize("settings", ["report: {language: tr}", "privacy: {min_group: 7}"])
def test_another_report_is_something_new(office, settings):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", calls("A1"))
    office.night()
    office.configure(office.workspace.settings_file.read_text(encoding="utf-8") + settings + "\n")
    assert office.night().status == "published"


def test_whoever_stops_a_night_has_not_failed(office, monkeypatch):
    office.deliver("reps.csv", [REP])

    def stopped(*_):
        raise RuntimeError("Query interrupted")  # so DuckDB says it

    monkeypatch.setattr("pipelines.night.run.build_generation", stopped)
    with pytest.raises(KeyboardInterrupt):
        office.night()
    assert not (office.workspace.var / "nights.jsonl").exists() and not list(office.workspace.building.glob("*"))


def test_the_same_bytes_under_another_name_add_nothing(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", calls("A1"))
    office.night()
    office.deliver("activities_again.csv", calls("A1"))
    assert office.night().status == "nothing_new"
    office.deliver("activities_more.csv", calls("A2"))
    office.night()
    status = dict(office.query("select file_name, status from ops.load"))
    assert status["activities_again.csv"] == "duplicate"
    assert touches(office) == [("crm:R1", "2026-03-02", 2)]


@together
def test_an_equal_row_is_a_duplicate_an_older_one_superseded_a_newer_one_wins(desk):
    desk.deliver("reps.csv", [REP])
    desk.deliver("activities_1.csv", calls("A1", "A1", "A2"))
    yield
    assert accounting(desk)["activities_1.csv"] == [3, 2, 1, 0, 0, 0]
    newer = calls("A1", status="cancelled", updated_at="2026-03-03T00:00:00Z")
    desk.deliver("activities_2.csv", newer + calls("A2"))
    desk.deliver("activities_3.csv", calls("A1", updated_at="2026-03-01T00:00:00Z"))
    yield
    assert accounting(desk)["activities_2.csv"] == [2, 1, 1, 0, 0, 0]
    assert accounting(desk)["activities_3.csv"] == [1, 0, 0, 1, 0, 0]
    assert touches(desk) == [("crm:R1", "2026-03-02", 1)]


@together
def test_without_updated_at_the_later_landed_row_wins_and_is_listed_as_a_conflict(desk):
    desk.deliver("reps.csv", [REP])
    desk.deliver("activities_1.csv", calls("A1", updated_at=""))
    yield
    desk.deliver("activities_2.csv", calls("A1", updated_at="", status="cancelled"))
    yield
    assert touches(desk) == []
    loads = dict(desk.query("select file_name, load_id from ops.load"))
    assert desk.query("select record_id, kept_load_id, other_load_id, reason from ops.conflict") == [
        ("crm:A1", loads["activities_2.csv"], loads["activities_1.csv"], "no_updated_at")
    ]


@together
def test_a_deleted_call_is_gone_from_past_days_too(desk):
    desk.deliver("reps.csv", [REP])
    desk.deliver("activities_1.csv", calls("A1", "A2"))
    yield
    desk.deliver("activities_2.csv", calls("A2", is_deleted="true", updated_at="2026-03-09T00:00:00Z"))
    yield
    assert touches(desk) == [("crm:R1", "2026-03-02", 1)]


def test_a_broken_row_is_quarantined_with_field_rule_and_what_was_found(office):
    office.deliver("reps.csv", [REP])
    office.deliver(
        "activities.csv",
        [
            *calls("A1"),
            *calls("A2", occurred_at="2026-02-30"),
            *calls("A3", channel="whatsapp", rep_id="bo@example.com"),
        ],
    )
    outcome = office.night()
    assert accounting(office)["activities.csv"] == [3, 1, 0, 0, 2, 0]
    assert office.query("select line_number, record_id, field, rule, excerpt from quarantine.rejected order by 1") == [
        (3, "A2", "occurred_at", "impossible", "2026-02-30"),
        (4, "A3", "channel", "not_in_set", "whatsapp"),
    ]
    assert outcome.quarantine == {"occurred_at: impossible": 1, "channel: not_in_set": 1}
    with duckdb.connect(str(office.workspace.published / "private.duckdb"), read_only=True) as private:
        assert "bo@example.com" in private.execute("select string_agg(raw) from quarantined_row").fetchone()[0]


def test_a_file_that_cannot_be_read_is_refused_named_and_stays_while_the_night_goes_on(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", calls("A1"))
    truncated = office.deliver("activities_2.csv.gz", gzip.compress(b"source_record_id,channel\n" * 50)[:-9])
    office.deliver("activities_3.csv", b"channel,occurred_at\ncall,2026-03-02\n")
    outcome = office.night()
    refused = {load.file_name: load for load in outcome.loads if load.status == "refused"}
    assert refused["activities_2.csv.gz"].reason.startswith("corrupt_gzip")
    assert refused["activities_3.csv"].reason.startswith("missing_column")
    assert all(load.remedy for load in refused.values())
    assert truncated.exists()
    assert dict(office.query("select file_name, status from ops.load"))["activities_2.csv.gz"] == "refused"
    assert touches(office) == [("crm:R1", "2026-03-02", 1)]
    again = office.night()
    assert again.status == "nothing_new"
    assert {load.file_name for load in again.loads} == {"activities_2.csv.gz", "activities_3.csv"}


def test_a_file_over_its_quarantine_budget_is_refused_whole_and_read_when_the_budget_is_raised(office):
    office.deliver("reps.csv", [REP])
    office.deliver(
        "activities.csv", calls(*(f"A{n}" for n in range(80))) + calls(*(f"B{n}" for n in range(20)), channel="fax")
    )
    outcome = office.night()
    (refused,) = [load for load in outcome.loads if load.status == "refused"]
    assert refused.reason.startswith("over_budget: 20 of 100 rows")
    assert touches(office) == []
    office.configure(office.workspace.settings_file.read_text() + "quality: {max_quarantined_share: 0.5}\n")
    office.night()
    assert accounting(office)["activities.csv"] == [100, 80, 0, 0, 20, 0]
    assert touches(office) == [("crm:R1", "2026-03-02", 80)]


def test_an_unknown_rep_is_credited_when_the_roster_arrives(office):
    office.deliver("activities.csv", calls("A1"))
    office.night()
    assert touches(office) == [("unknown", "2026-03-02", 1)]
    assert office.query("select source, source_rep_id, activities from ops.unattributed") == [("crm", "R1", 1)]
    office.deliver("reps.csv", [REP])
    office.night()
    assert touches(office) == [("crm:R1", "2026-03-02", 1)]
    assert office.query("select * from ops.unattributed") == []


@together
def test_a_late_change_of_the_roster_restates_past_days(desk):
    desk.deliver("reps.csv", [REP])
    desk.deliver("activities.csv", [*calls("A1"), *calls("A2", occurred_at="2026-03-20T15:00:00Z")])
    yield
    desk.deliver("reps_2.csv", [{**REP, "rep_type": "outside", "effective_from": "2026-03-15"}])
    yield
    rows = desk.query("select activity_date::varchar, rep_type from marts.rep_activity_daily order by 1")
    assert rows == [("2026-03-02", "inside"), ("2026-03-20", "outside")]


@together
def test_activities_of_a_merged_contact_move_to_the_survivor(desk):
    desk.deliver("reps.csv", [REP])
    contacts = [{"contact_id": name, "updated_at": "2026-01-01T00:00:00Z"} for name in ("C1", "C2", "C3")]
    desk.deliver("contacts.csv", contacts)
    desk.deliver("activities.csv", [*calls("A1", contact_id="C1"), *calls("A2", contact_id="C3")])
    yield
    assert desk.query("select contacts_touched from marts.rep_activity_daily") == [(2,)]
    merged = [
        {"contact_id": a, "merged_into_id": b, "updated_at": "2026-03-05T00:00:00Z"}
        for a, b in (("C1", "C2"), ("C2", "C3"))
    ]
    desk.deliver("contacts_2.csv", merged)
    yield
    assert desk.query("select contacts_touched from marts.rep_activity_daily") == [(1,)]


@together
def test_a_row_of_a_circle_that_comes_again_is_a_duplicate(desk):
    first = {"contact_id": "C1", "merged_into_id": "C2", "updated_at": "2026-03-01T00:00:00Z"}
    closing = {"contact_id": "C2", "merged_into_id": "C1", "updated_at": "2026-03-02T00:00:00Z"}
    desk.deliver("contacts_1.csv", [first])
    yield
    desk.deliver("contacts_2.csv", [{**first, "is_deleted": ""}])
    desk.deliver("contacts_3.csv", [closing])
    assert (yield).status == "published"
    parts = "file_name, rows_accepted, rows_duplicate, rows_quarantined"
    assert desk.query(f"select {parts} from ops.load_accounting where entity = 'contacts' order by file_name") == [
        ("contacts_1.csv", 1, 0, 0),
        ("contacts_2.csv", 0, 1, 0),
        ("contacts_3.csv", 0, 0, 1),
    ]


def test_the_row_of_a_circle_that_leaves_accepted_is_the_one_that_was_accepted(office):
    """Two rows say the same merge, one of them superseded by the other: the superseded one stays what it is."""
    linked = {"contact_id": "C3", "merged_into_id": "C2"}
    closing = {"contact_id": "C2", "merged_into_id": "C3", "account_id": ""}
    office.deliver("contacts_0.csv", [{**linked, "account_id": ""}, closing])
    office.deliver("contacts_1.csv", [{**linked, "account_id": "X1"}])
    assert office.night().status == "published"
    parts = "file_name, rows_accepted, rows_superseded, rows_quarantined"
    told = f"select {parts} from ops.load_accounting where entity = 'contacts' order by file_name"
    assert office.query(told) == [("contacts_0.csv", 0, 1, 1), ("contacts_1.csv", 0, 0, 1)]
    office.night(full_refresh=True)
    assert office.query(told) == [("contacts_0.csv", 0, 1, 1), ("contacts_1.csv", 0, 0, 1)]


@together
def test_merges_in_a_circle_are_quarantined_and_each_counts_as_itself(desk):
    desk.deliver("reps.csv", [REP])
    circle = [
        {"contact_id": a, "merged_into_id": b, "updated_at": "2026-03-05T00:00:00Z"}
        for a, b in (("C1", "C2"), ("C2", "C1"))
    ]
    desk.deliver("contacts.csv", circle)
    desk.deliver("activities.csv", [*calls("A1", contact_id="C1"), *calls("A2", contact_id="C2")])
    yield
    assert accounting(desk)["contacts.csv"] == [2, 0, 0, 0, 2, 0]
    assert desk.query("select line_number, rule from quarantine.rejected order by 1") == [
        (2, "merge_cycle"),
        (3, "merge_cycle"),
    ]
    assert desk.query("select contacts_touched from marts.rep_activity_daily") == [(2,)]


def test_a_sum_that_does_not_add_up_stops_publication_and_keeps_the_last_good_night(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", calls("A1"))
    office.night()
    published = (office.workspace.published / "crm.duckdb").resolve()
    published.chmod(0o644)
    with duckdb.connect(str(published)) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    office.deliver("activities_2.csv", calls("A2"))
    with pytest.raises(BlockedError, match="rows_read_is_the_sum_of_its_parts") as blocked:
        office.night()
    assert blocked.value.exit_code == 3
    assert office.query("select generation from ops.publication") == [(1,)]
    assert list(office.workspace.failed.iterdir())


def test_a_second_night_at_the_same_time_is_refused(office):
    from pipelines.night.generation import one_night_at_a_time

    office.deliver("reps.csv", [REP])
    with one_night_at_a_time(office.workspace), pytest.raises(BusyError, match="process"):
        office.night()


class AnotherAtEachStep:
    """A Progress that starts a second night whenever a step begins."""

    def __init__(self, office):
        self.office, self.refused = office, []

    def step(self, name):
        with pytest.raises(BusyError, match="process"):
            self.office.night()
        self.refused.append(name)

    def advance(self, done, total):
        pass


def test_a_second_night_is_refused_at_every_step_of_the_first_and_disturbs_nothing(office, open_office):
    undisturbed, another = open_office(), AnotherAtEachStep(office)
    for each in (office, undisturbed):
        each.deliver("reps.csv", [REP])
        each.deliver("activities.csv", [CALL])
    settings = load_settings(office.workspace.settings_file, office.environment)
    assert run_night(NightRequest(office.workspace, AS_OF, STARTED, "first"), settings, another).status == "published"
    undisturbed.night()
    assert office.hashes() == undisturbed.hashes()
    assert {"land", "load", "tables", "publish"} <= set(another.refused)
    record("a second night at the same time is refused", f"tried at {len(another.refused)} steps of a night")


def test_a_dry_run_publishes_nothing(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", calls("A1"))
    outcome = office.night(dry_run=True)
    assert (outcome.status, outcome.tables["core.latest_activities"]) == ("dry_run", 1)
    assert not office.workspace.published.exists()
    assert office.night().status == "published"


def test_a_new_company_day_is_built_though_no_file_is_new(office):
    from_tomorrow = calls("A1", occurred_at="2026-04-01T15:00:00Z", status="")
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", from_tomorrow)
    first = office.night()
    assert touches(office) == []
    tomorrow = office.night(as_of=first.as_of + timedelta(days=1))
    assert (tomorrow.status, tomorrow.generation) == ("published", 2)
    assert touches(office) == [("crm:R1", "2026-04-01", 1)]


def test_who_a_contact_is_stays_out_of_the_published_file(office):
    office.deliver("reps.csv", [REP])
    person = {
        "contact_id": "C1",
        "full_name": "Zebulon Quux",
        "email": "Zebulon@Example.com",
        "phone": "+1 212 555 0199",
    }
    office.deliver("contacts.csv", [person, {"contact_id": "C2", "email": " zebulon@example.com"}])
    office.night()
    published = (office.workspace.published / "crm.duckdb").read_bytes().lower()
    assert b"zebulon" not in published and b"5550199" not in published
    keys = office.query("select count(distinct contact_key), count(contact_key) from core.dim_contact")
    assert keys == [(1, 2)]
    with duckdb.connect(str(office.workspace.published / "private.duckdb"), read_only=True) as private:
        assert private.execute("select count(*) from contact_identity").fetchone() == (2,)


@together
def test_columns_that_nothing_names_are_kept_privately_and_told_once(desk):
    desk.deliver("reps.csv", [REP])
    desk.deliver("activities_1.csv", calls("A1", mood="sunny"))
    told = [note for note in (yield).notes if "mood" in note]
    desk.deliver("activities_2.csv", calls("A2", mood="rainy"))
    told_again = [note for note in (yield).notes if "mood" in note]
    assert (len(told), told_again) == (1, [])
    with duckdb.connect(str(desk.workspace.published / "private.duckdb"), read_only=True) as private:
        own = "select record_key, extra from extra where starts_with(record_key, ?) order by 1"
        extra = private.execute(own, [f"{desk.name('crm')}:"]).fetchall()
    assert extra == [
        (f"{desk.name('crm')}:{name}", f'{{"mood":"{mood}"}}') for name, mood in (("A1", "sunny"), ("A2", "rainy"))
    ]


def test_a_partial_build_leaves_new_files_to_the_next_whole_night(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", calls("A1"))
    first = office.night()
    office.deliver("activities_2.csv", calls("A2"))
    partial = office.night(as_of=first.as_of + timedelta(days=3), only=frozenset({"marts.rep_activity_daily"}))
    assert (partial.status, partial.generation, partial.as_of) == ("published", 2, first.as_of)
    assert touches(office) == [("crm:R1", "2026-03-02", 1)]
    office.night()
    assert touches(office) == [("crm:R1", "2026-03-02", 2)]


def test_a_partial_build_is_refused_when_the_settings_changed(office):
    office.deliver("reps.csv", [REP])
    office.night()
    office.configure(office.workspace.settings_file.read_text() + "metrics: {connected_call_seconds: 30}\n")
    with pytest.raises(UsageError, match="only a whole night"):
        office.night(only=frozenset({"marts.rep_activity_daily"}))


def test_an_alias_that_leads_nowhere_hides_its_ids_and_nothing_else(office):
    office.deliver("reps.csv", [REP, {**REP, "rep_id": "R2"}, {**REP, "rep_id": "R3"}])
    aliases = [("R1", "R2"), ("R2", "GHOST")]
    office.deliver("rep_aliases.csv", [{"source": "crm", "source_rep_id": a, "rep_id": b} for a, b in aliases])
    office.deliver("activities.csv", [*calls("A1"), *calls("A2", rep_id="R3")])
    office.night()
    assert touches(office) == [("crm:R3", "2026-03-02", 1), ("unknown", "2026-03-02", 1)]


@together
def test_a_refused_file_moves_no_line_number_of_the_next(desk):
    """Rows that are taken out of the staging table leave their places behind."""
    desk.deliver("activities_1.csv", calls("A1", "A2"))
    desk.deliver("activities_2.csv", calls(*(f"B{place}" for place in range(25)), channel="pigeon"))
    desk.deliver("activities_3.csv", [*calls("C1", "C2"), *calls("C3", channel="pigeon")])
    yield
    assert accounting(desk)["activities_3.csv"] == [3, 2, 0, 0, 1, 0]
    assert desk.query("select file_name, line_number from quarantine.rejected") == [("activities_3.csv", 4)]
