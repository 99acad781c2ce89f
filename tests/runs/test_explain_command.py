"""`touchline explain` lists what stands behind a published row, and says when it does not add up to it."""

import json
import shutil

import duckdb
import pytest

from pipelines.cli import main
from pipelines.new_workspace import make_workspace
from tests.runs.conftest import Office

REP = {
    "rep_id": "R1",
    "full_name": "Ada",
    "rep_type": "inside",
    "role": "ae",
    "hire_date": "2026-03-02",
    "team": "East",
}
CALL = {"channel": "call", "rep_id": "R1", "direction": "outbound"}
ACTIVITIES = [
    {**CALL, "source_record_id": "1", "occurred_at": "2026-03-02T15:00:00Z", "disposition": "connected"},
    {**CALL, "source_record_id": "2", "occurred_at": "2026-03-02T16:00:00Z", "disposition": "no_answer"},
    {**CALL, "source_record_id": "3", "occurred_at": "2026-03-02T17:00:00Z", "channel": "email"},
    {**CALL, "source_record_id": "4", "occurred_at": "2026-03-03T17:00:00Z", "channel": "email", "rep_id": "O'Hara"},
    {**CALL, "source_record_id": "5", "occurred_at": "2026-03-05T17:00:00Z", "channel": "sms"},
]
DAY = ("--key", "rep_id=crm:R1", "--key", "activity_date=2026-03-02")
MONTH = ("--key", "period_grain=month", "--key", "period_start=2026-03-01", "--key", "rep_type=inside")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The workspace after a night with two reps."""
    office = Office(tmp_path_factory.mktemp("published") / "workspace")
    office.deliver("reps.csv", [REP, {**REP, "rep_id": "O'Hara", "full_name": "Bo"}])
    office.deliver("activities.csv", ACTIVITIES)
    office.night()
    return office.workspace


@pytest.fixture
def explain(published, capsys):
    """Runs the command, by default on that workspace: exit code, standard output, standard error."""

    def run(*arguments, home=published.home):
        with pytest.raises(SystemExit) as exit:
            main(["explain", *arguments, "--home", str(home)])
        captured = capsys.readouterr()
        return exit.value.code, captured.out, captured.err

    return run


@pytest.fixture
def tampered(published, tmp_path):
    """A copy of the workspace whose published file one statement changes, as no night would."""

    def change(statement):
        shutil.copytree(published.home, tmp_path / "copy", symlinks=True)
        path = (tmp_path / "copy" / "var" / "published" / "crm.duckdb").resolve()
        path.chmod(0o644)
        with duckdb.connect(str(path)) as connection:
            connection.execute(statement)
        return tmp_path / "copy"

    return change


def test_a_figure_its_records_and_their_sum(explain):
    code, out, err = explain("marts.rep_activity_daily", *DAY, "--metric", "calls")
    assert (code, err) == (0, "")
    assert "Completed calls of every direction." in out
    assert "calls adds up to 2: as published" in out
    assert "crm:1" in out and "crm:2" in out
    assert "crm:3" not in out, "an e-mail is no call"


def test_the_same_as_json(explain):
    code, out, _ = explain("rep_activity_daily", *DAY, "--metric", "calls_connected", "--json")
    found = json.loads(out)
    (listing,) = found["evidence"]
    (record,) = listing.pop("records")
    assert code == 0
    assert found["key"] == {"rep_id": "crm:R1", "activity_date": "2026-03-02"}
    assert (found["row"]["calls"], found["row"]["touches"], found["is_as_published"]) == (2, 3, True)
    assert [metric["name"] for metric in found["metrics"]] == ["calls_connected"]
    assert (record["activity_id"], record["occurred_at"]) == ("crm:1", "2026-03-02T15:00:00+00:00")
    assert "rep_id" not in record
    assert (listing["name"], listing["records_found"]) == ("activities", 1)
    assert listing["adds_up_to"] == [
        {"column": "calls_connected", "published": 1, "found": 1, "is_as_published": True}
    ]  # fmt: skip


def test_a_rate_is_explained_by_its_parts(explain):
    code, out, _ = explain("rep_type_activity", *MONTH, "--metric", "calls_per_rep_workday", "--json")
    found = json.loads(out)
    sums = {one["column"]: one["found"] for listing in found["evidence"] for one in listing["adds_up_to"]}
    assert code == 0
    assert sums == {"calls": 2, "rep_workdays": 44}
    assert found["row"]["calls_per_rep_workday"] == 2 / 44


def test_without_a_metric_every_kind_of_record_is_listed(explain):
    found = json.loads(explain("rep_activity_daily", *DAY, "--json")[1])
    counts = {listing["name"]: listing["records_found"] for listing in found["evidence"]}
    assert counts == {"activities": 3, "bookings": 0, "proposals": 0, "contacts": 0, "accounts": 0}


def test_all_records_are_added_up_however_few_are_listed(explain):
    _, out, _ = explain("rep_activity_daily", *DAY, "--metric", "touches", "--limit", "1")
    assert "touches adds up to 3: as published" in out
    assert "(the first 1 of 3; all: --limit 3)" in out
    assert "crm:1" in out and "crm:2" not in out


def test_a_value_is_bound_and_never_read_as_sql(explain):
    code, out, _ = explain("rep_activity_daily", "--key", "rep_id=crm:O'Hara", "--key", "activity_date=2026-03-03")
    assert (code, "touches adds up to 1: as published" in out) == (0, True)
    code, _, err = explain("rep_activity_daily", "--key", "rep_id=' or 1=1 --", "--key", "activity_date=2026-03-03")
    assert (code, "has no row" in err) == (2, True)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_does_not_add_up_is_told_and_fails(explain, tampered, form):
    home = tampered("update marts.rep_activity_daily set calls = 7 where rep_id = 'crm:R1'")
    code, out, err = explain("rep_activity_daily", *DAY, *form, home=home)
    assert code == 1
    assert "calls is published as 7, found 2" in err and "touchline run --full-refresh" in err
    assert '"is_as_published": false' in out if form else "calls adds up to 2: NOT as published, 7" in out


def test_missing_key_columns_are_named_with_examples(explain):
    code, out, err = explain("rep_activity_daily", "--key", "rep_id=crm:R1")
    assert (code, out) == (2, "")
    assert "--key activity_date missing" in err
    assert "touchline explain marts.rep_activity_daily --key rep_id=crm:R1 --key activity_date=2026-03-05" in err


def test_examples_can_be_pasted_into_a_shell(explain):
    _, _, err = explain("rep_activity_daily", "--key", "activity_date=2026-03-03")
    assert """--key 'rep_id=crm:O'"'"'Hara' --key activity_date=2026-03-03""" in err


def test_a_row_that_is_not_there_names_the_nearest(explain):
    code, out, err = explain("rep_activity_daily", "--key", "rep_id=crm:R1", "--key", "activity_date=2026-03-04")
    assert (code, out) == (2, "")
    assert "has no row with rep_id = crm:R1, activity_date = 2026-03-04" in err
    near = [line.split("activity_date=")[1] for line in err.splitlines() if "touchline explain" in line]
    assert near[:2] == ["2026-03-05", "2026-03-02"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rep_activity_dayly",), "Did you mean 'rep_activity_daily'?"),
        (("core.dim_rep",), "no evidence"),
        (("rep_activity_daily", "--key", "rep=crm:R1"), "Did you mean 'rep_id'?"),
        (("rep_activity_daily", "--key", "rep_id"), "--key rep_id=VALUE"),
        (("rep_activity_daily", *DAY, "--key", "rep_id=crm:R2"), "given twice"),
        (("rep_activity_daily", "--key", "activity_date=2026-02-30"), "is no DATE"),
        (("rep_activity_daily", *DAY, "--metric", "call"), "Did you mean 'calls'?"),
        (("rep_activity_daily", *DAY, "--metric", "role"), "no records stand behind 'role'"),
    ],
)
def test_wrong_words_are_wrong_usage_with_the_nearest_right_one(explain, arguments, says):
    code, out, err = explain(*arguments)
    assert (code, out) == (2, "")
    assert says in err and "\n  → " in err


def test_a_file_of_another_version_says_to_run_a_night(explain, tampered):
    code, out, err = explain("rep_activity_daily", *DAY, home=tampered("drop view core.fct_counted_activity"))
    assert (code, out) == (1, "")
    assert "touchline run" in err


def test_a_mart_of_a_subject_that_is_not_built_names_the_setting(explain):
    code, out, err = explain("lead_funnel", "--key", "cohort_month=2026-03-01")
    assert (code, out) == (2, "")
    assert "the subject funnel was not built" in err and "metrics.subjects" in err


def test_an_empty_mart_has_no_examples(explain, tampered):
    code, _, err = explain("rep_activity_daily", *DAY, home=tampered("delete from marts.rep_activity_daily"))
    assert (code, "has no rows" in err) == (2, True)


def test_it_needs_a_published_night(tmp_path, capsys):
    make_workspace(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["explain", "rep_activity_daily", *DAY, "--home", str(tmp_path)])
    assert (exit.value.code, "touchline run" in capsys.readouterr().err) == (1, True)


def test_nothing_is_written(explain, published):
    path = (published.published / "crm.duckdb").resolve()
    before = path.read_bytes()
    assert explain("rep_activity_daily", *DAY)[0] == 0
    assert path.read_bytes() == before
