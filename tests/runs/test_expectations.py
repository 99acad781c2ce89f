"""What the last good night leads to expect of tonight: what must be stopped, what flagged, what must raise nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from data_quality.expected import Assignment
from data_quality.suites import judge
from models.errors import BlockedError
from models.settings import Quality, Settings, load_settings
from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo
from pipelines.night.audit import auditor, auditor_ahead, expectations_of
from pipelines.night.outcome import read_outcome
from pipelines.night.shipped import shipped_catalogue
from sql.warehouse import Warehouse
from tests.cheap_nights import ALL_MARTS
from tests.runs.conftest import Office

REPS = [{"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "role": "sdr", "hire_date": "2025-01-01"}]
FIRST, LAST, TONIGHT = date(2026, 1, 12), date(2026, 3, 30), date(2026, 3, 31)


def end_of(day: date) -> datetime:
    """The last instant of a day in New York, clocks changed on 8 March."""
    return datetime(day.year, day.month, day.day, 3, 59, 59, 999999, tzinfo=UTC) + timedelta(days=1)


def calls_of(day: date, count: int = 80, **changes: object) -> list[dict[str, object]]:
    """A day of calls between three and five minutes, each with its account."""
    begin = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
    return [
        {
            "source_record_id": f"{day:%m%d}-{number}",
            "channel": "call",
            "occurred_at": (begin + timedelta(minutes=number)).isoformat(),
            "updated_at": (begin + timedelta(minutes=number)).isoformat(),
            "rep_id": "R1",
            "direction": "outbound",
            "status": "completed",
            "duration_seconds": 180 + number % 120,
            "account_id": f"C{number % 7}",
            **changes,
        }
        for number in range(count)
    ]


def working_days(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A workspace that has published eleven weeks of ordinary days."""
    office = Office(tmp_path_factory.mktemp("history") / "workspace")
    office.deliver("reps.csv", REPS)
    office.deliver("activities.csv", [call for day in working_days(FIRST, LAST) for call in calls_of(day)])
    office.night(end_of(LAST))
    return office.workspace.home


@pytest.fixture
def next_day(history, office):
    """A copy of that workspace, to deliver the next day to."""
    shutil.rmtree(office.workspace.home)
    shutil.copytree(history, office.workspace.home, symlinks=True)
    return office


def failures(office, as_of: datetime, **options: object) -> dict[str, tuple[str, str]]:
    """Severity and message of what fails when the night is judged against the generation before it."""
    before = office.workspace.published.resolve()
    outcome = office.night(as_of, **options)
    assert outcome.status == "published"
    return judged(office, before)


def judged(office, before: Path | None) -> dict[str, tuple[str, str]]:
    settings = load_settings(office.workspace.settings_file, office.environment)
    build = office.workspace.published.resolve()
    copy = office.workspace.home / "copy.duckdb"
    shutil.copyfile(build / "crm.duckdb", copy)
    copy.chmod(0o600)
    with Warehouse(crm=copy, previous=before / "crm.duckdb" if before else None) as warehouse:
        suites = expectations_of(
            warehouse.connection, settings, shipped_catalogue().of_subjects(settings.metrics.subjects)
        )
    results = judge(Assignment(copy, office.workspace.home / "pages", suites, "1GB", 2))
    return {result.check_name: (str(result.severity), result.sample) for result in results if not result.passed}


def test_an_ordinary_day_raises_nothing(next_day):
    next_day.deliver("activities_2.csv", calls_of(TONIGHT))
    assert failures(next_day, end_of(TONIGHT)) == {}


def test_seconds_that_become_milliseconds_block(next_day):
    next_day.deliver(
        "activities_2.csv",
        [{**c, "duration_seconds": int(str(c["duration_seconds"])) * 1000} for c in calls_of(TONIGHT)],
    )
    found = failures(next_day, end_of(TONIGHT))
    assert list(found) == ["expect_unit_duration_seconds_crm_call"]
    severity, told = found["expect_unit_duration_seconds_crm_call"]
    assert severity == "block"
    assert told.startswith("crm activities call duration_seconds: median 221 → 234,500: did the unit change? Have the")
    assert told.endswith("TOUCHLINE__QUALITY__UNIT_CHANGE__SEVERITY=warn touchline run")


def test_a_tenth_of_the_usual_day_is_flagged(next_day):
    next_day.deliver("activities_2.csv", calls_of(TONIGHT, 8))
    assert failures(next_day, end_of(TONIGHT)) == {
        "expect_volume_crm_2026_03_31": (
            "warn",
            "crm, Tuesday 2026-03-31: 8 activities, usually 80: is an export incomplete? Deliver what is missing, and the"
            " next run restates the day. If it was a quiet day, do nothing",
        )
    }


def test_a_column_that_turns_null_blocks(next_day):
    next_day.deliver("activities_2.csv", calls_of(TONIGHT, account_id=""))
    found = failures(next_day, end_of(TONIGHT))
    assert found == {
        "expect_filled_columns_crm_call": (
            "block",
            "crm activities call: filled in the last good night's rows → in the newest 50: account_id 100% → 0%: was a column"
            " renamed, dropped, or a permission lost? Mend the export or its mapping and run again. If one may be empty,"
            " add it, such as activities.account_id, to quality.lost_column.may_be_empty",
        )
    }


def test_what_the_last_rows_of_the_last_good_night_lacked_already_is_not_lost_tonight(office):
    office.deliver("reps.csv", REPS)
    odd = {"account_id": "", "duration_seconds": 200_000, "rep_id": "R9"}
    office.deliver("activities.csv", [*calls_of(date(2026, 3, 27)), *calls_of(LAST, 60), *calls_of(TONIGHT, 60, **odd)])
    office.night(end_of(TONIGHT))
    office.deliver("activities_2.csv", calls_of(date(2026, 4, 1), 5, **odd))
    assert failures(office, end_of(date(2026, 4, 1))) == {}


@pytest.mark.slow
def test_columns_that_are_lost_together_are_one_failure(next_day):
    next_day.deliver("activities_2.csv", calls_of(TONIGHT, account_id="", direction=""))
    ((name, (severity, told)),) = failures(next_day, end_of(TONIGHT)).items()
    assert (name, severity) == ("expect_filled_columns_crm_call", "block")
    assert "direction 100% → 0%, account_id 100% → 0%: was a column renamed" in told


def test_a_column_that_may_be_empty_is_let_pass(next_day):
    text = next_day.workspace.settings_file.read_text()
    next_day.configure(text + "quality: {lost_column: {may_be_empty: [activities.account_id]}}\n")
    next_day.deliver("activities_2.csv", calls_of(TONIGHT, account_id=""))
    assert failures(next_day, end_of(TONIGHT)) == {}


def test_new_words_unknown_reps_and_half_empty_columns_are_flagged_in_one_sentence_each(next_day):
    rows = calls_of(TONIGHT)
    for row in rows[20:]:
        row |= {"rep_id": "R9", "account_id": "" if int(str(row["source_record_id"]).split("-")[1]) % 3 else "C1"}
    emails = [{**row, "channel": "email", "source_record_id": f"m{row['source_record_id']}"} for row in rows[:3]]
    next_day.deliver("activities_2.csv", rows + emails)
    found = failures(next_day, end_of(TONIGHT))
    assert {name: (severity, told[: told.index(found_end)]) for (name, (severity, told)), found_end in zip(
        found.items(), (". Was", ". Did", ". A new"), strict=True)} == {
        "expect_usual_nulls_crm": (
            "warn", "fewer records have what they used to have: crm activities call: account_id 100% → 34%"),
        "expect_known_references_crm": (
            "warn", "more records name what nobody knows: crm activities call: rep_id unknown 0% → 100%"),
        "expect_known_words_crm": (
            "warn", "crm activities: words that were never there before: channel 'email' (3 rows)"),
    }  # fmt: skip


def test_each_gate_can_be_silenced(next_day):
    gates = ", ".join(f"{gate}: {{severity: off}}" for gate in ("sparse_column", "unknown_reference", "new_words"))
    next_day.configure(next_day.workspace.settings_file.read_text() + f"quality: {{{gates}}}\n")
    rows = calls_of(TONIGHT, rep_id="R9")
    next_day.deliver("activities_2.csv", [*rows, {**rows[0], "channel": "email", "source_record_id": "m1"}])
    assert failures(next_day, end_of(TONIGHT)) == {}


@pytest.mark.slow
def test_what_is_filled_when_something_ends_is_not_missed(office):
    def contracts(first, day, **more):
        rows = ({"contract_id": f"K{number}", "account_id": "C1"} for number in range(first, first + 60))
        return [{**row, "start_date": "2026-01-01", "updated_at": f"{day}T10:00:00Z", **more} for row in rows]

    ended = {"end_date": "2026-12-31", "cancelled_date": "2026-02-01", "monthly_amount": 100}
    office.deliver("contracts_1.csv", contracts(0, LAST, **ended))
    office.night(end_of(LAST))
    office.deliver("contracts_2.csv", contracts(100, TONIGHT))
    ((name, (severity, told)),) = failures(office, end_of(TONIGHT)).items()
    assert (name, severity) == ("expect_filled_columns_crm", "warn")
    assert "monthly_amount 100% → 0%" in told and "cancelled_date" not in told and "end_date" not in told


def test_a_silent_source_is_flagged(next_day):
    later = date(2026, 4, 6)
    found = failures(next_day, end_of(later))
    assert found["expect_fresh_crm"] == (
        "warn",
        "crm is silent: its newest activity is 180 hours old, at most 96 are expected: did its export stop? Look at the job"
        " that delivers it. If it is slower by nature, raise fresh_within_hours of the source",
    )
    assert found["expect_volume_crm_2026_04_06"][1].startswith("crm, Monday 2026-04-06: 0 activities, usually 80")


@pytest.mark.slow
def test_a_weekend_raises_nothing(next_day):
    next_day.deliver(
        "activities_2.csv", [call for number in range(4) for call in calls_of(TONIGHT + timedelta(days=number))]
    )
    next_day.night(end_of(date(2026, 4, 3)))
    assert failures(next_day, end_of(date(2026, 4, 5))) == {}


@pytest.mark.slow
def test_a_holiday_raises_nothing(next_day):
    days = working_days(TONIGHT, date(2026, 5, 22))
    next_day.deliver("activities_2.csv", [call for day in days for call in calls_of(day)])
    next_day.night(end_of(date(2026, 5, 22)))
    assert failures(next_day, end_of(date(2026, 5, 25))) == {}  # Memorial Day


@pytest.mark.slow
def test_growth_raises_nothing(next_day):
    next_day.deliver("activities_2.csv", calls_of(TONIGHT, 800))
    assert failures(next_day, end_of(TONIGHT)) == {}


@pytest.mark.slow
def test_a_backfilled_month_and_a_full_refresh_raise_nothing(next_day):
    old = [
        call
        for day in working_days(date(2025, 11, 3), date(2025, 11, 28))
        for call in calls_of(day, duration_seconds=4)
    ]
    next_day.deliver("activities_old.csv", old)
    next_day.deliver("activities_2.csv", calls_of(TONIGHT))
    assert failures(next_day, end_of(TONIGHT)) == {}
    assert failures(next_day, end_of(TONIGHT), full_refresh=True) == {}


@pytest.mark.slow
def test_an_earlier_instant_is_not_compared_with_a_later_one(next_day):
    assert failures(next_day, end_of(date(2026, 2, 2)), full_refresh=True) == {}


@pytest.mark.slow
def test_a_first_night_and_a_companys_first_weeks_raise_nothing(office):
    office.deliver("reps.csv", REPS)
    office.deliver("activities.csv", calls_of(date(2026, 3, 10)))
    office.night(end_of(date(2026, 3, 10)))
    assert judged(office, None) == {}
    office.deliver("activities_2.csv", calls_of(date(2026, 3, 17), 4, account_id="", duration_seconds=200_000))
    assert failures(office, end_of(date(2026, 3, 17))) == {}


def test_an_auditor_that_was_started_ahead_is_taken_once_and_gone_with_the_block():
    wanted, unwanted = Settings(), Settings(quality=Quality(expectations=False))
    with auditor_ahead(wanted):
        with auditor(unwanted) as none:
            assert none is None
        with auditor(wanted) as taken, auditor(wanted) as another:
            assert taken is not None and another is not None
            assert taken.process.pid != another.process.pid
            assert taken.process.poll() is None
    assert taken.process.poll() is not None and another.process.poll() is not None
    with auditor_ahead(wanted):
        pass
    with auditor(wanted) as later:
        assert later is not None and later.process.poll() is None


@pytest.mark.slow
def test_a_blocked_night_publishes_nothing_and_says_what_to_do(next_day):
    next_day.environment = {}
    next_day.deliver("activities_2.csv", calls_of(TONIGHT, duration_seconds=240_000))
    before = next_day.workspace.published.readlink()
    with pytest.raises(BlockedError) as blocked:
        next_day.night(end_of(TONIGHT))
    assert blocked.value.exit_code == 3
    assert "median 221 → 240,000: did the unit change?" in str(blocked.value)
    assert next_day.workspace.published.readlink() == before
    outcome = read_outcome(next_day.workspace.last_night)
    assert outcome is not None and outcome.status == "blocked"
    (page,) = next_day.workspace.failed.rglob("data_docs/index.html")
    assert "did the unit change?" in page.read_text("utf-8")
    assert not list(next_day.workspace.failed.rglob("report")), "half of one"


@pytest.mark.slow
def test_a_flagged_night_publishes_its_checks_and_its_pages(next_day):
    next_day.environment = {}
    rows = calls_of(TONIGHT, 8)
    next_day.deliver("activities_2.csv", [*rows[:6], *({**row, "channel": "email"} for row in rows[6:])])
    outcome = next_day.night(end_of(TONIGHT))
    assert outcome.status == "published"
    failed = ["expect_known_words_crm", "expect_volume_crm_2026_03_31"]
    assert [check["check_name"] for check in outcome.failed_checks] == failed
    assert "channel 'email' (2 rows)" in outcome.failed_checks[0]["sample"]
    assert (
        next_day.query(
            "select table_name, severity, failing_rows from ops.check_result where kind = 'expectation' and not passed"
        )
        == [("core.latest_activities", "warn", 1)] * 2
    )
    published = next_day.query("select json_extract(row_counts, '$.\"ops.check_result\"')::int from ops.publication")
    assert published == next_day.query("select count(*)::int from ops.check_result")
    pages = list((next_day.workspace.published / "data_docs").glob("*.html"))
    assert len(pages) > 20
    index = (next_day.workspace.published / "data_docs" / "index.html").read_text("utf-8")
    for told in (
        "Test, generation 2, as of Tuesday 31 March 2026, 23:59 (America/New_York). It is compared with generation 1",
        "<b>flagged</b> crm activities: words that were never there before: channel &#x27;email&#x27; (2 rows)",
        "One row",  # what a row of a table is, from its YAML
    ):
        assert told in index
    for page in pages:
        text = page.read_text("utf-8")
        assert "<script" not in text and "<link" not in text and "src=" not in text and "url(" not in text, page


@pytest.mark.slow
def test_the_demo_companys_nights_raise_nothing(tmp_path):
    office = Office(tmp_path / "demo", demo_settings())
    office.environment = ALL_MARTS
    inbox = office.workspace.home / "inbox" / "crm"
    write_demo(inbox, reps=12, days=100, seed=5)
    later = [path for path in inbox.iterdir() if path.name.startswith(("activities_2026-06", "activities_corrections"))]
    for path in later:
        path.rename(tmp_path / path.name)
    office.night(DEMO_AS_OF - timedelta(days=30))
    for path in later:
        (tmp_path / path.name).rename(path)
    assert later
    assert failures(office, DEMO_AS_OF) == {}
    assert failures(office, DEMO_AS_OF, full_refresh=True) == {}
