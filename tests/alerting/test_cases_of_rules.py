"""What a case of a rule may say, and how it fails."""

from datetime import UTC, date, datetime

import pytest
import yaml

from models.errors import CatalogueError
from pipelines.alerting.cases import load_case, run_case
from pipelines.night.shipped import shipped_catalogue, shipped_rules

REP = {
    "record_key": "a", "source": "crm", "rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "team": "East",
    "hire_date": "2025-01-06", "effective_from": "2025-01-06",
}  # fmt: skip
WEEK = {"rep_id": "crm:R1", "week_start": "2026-03-02", "workdays": 5, "touches": 500, "touches_per_workday": 100}
GIVEN = {"core.latest_reps": [REP], "marts.rep_workload_weekly": [WEEK]}
FIRING = {"night": "2026-03-09", "subject_id": "crm:R1", "state": "firing"}


@pytest.fixture
def case(tmp_path):
    def write(rule="rep_overload", **content):
        path = tmp_path / rule / "example.yaml"
        path.parent.mkdir()
        told = {"why": "an example", "nights": ["2026-03-09"], "given": GIVEN, "expect": [FIRING], **content}
        path.write_text(yaml.safe_dump(told))
        return path

    return write


def run(path, connection):
    return run_case(shipped_catalogue(), shipped_rules(), load_case(path), connection)


def refused(path, connection, words):
    with pytest.raises(CatalogueError) as caught:
        run(path, connection)
    assert words in str(caught.value) and "example.yaml" in str(caught.value)


def test_a_case_ends_with_its_last_night_in_the_company_s_zone(case):
    nights = {"from_date": "2026-03-08", "to_date": "2026-03-09"}
    told = load_case(case(nights=nights, parameters={"timezone": "Asia/Tokyo"}))
    assert told.dates == (date(2026, 3, 8), date(2026, 3, 9))
    assert told.parameters.as_of == datetime(2026, 3, 9, 14, 59, 59, 999999, UTC)


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ([FIRING], []),
        ([], ["unexpected row"]),
        ([FIRING, {**FIRING, "subject_id": "crm:R2"}], ["missing row"]),
        ([{**FIRING, "state": "pending"}], ["row differs"]),
        ([{**FIRING, "suppressed_by": "leave"}], ["row differs"]),
        ([{**FIRING, "value": 99}], ["row differs"]),
        ([{**FIRING, "value": 100, "limit_name": "touches_per_workday"}], []),
    ],
)
def test_the_whole_expectation_is_compared(case, connection, expect, words):
    assert [block.splitlines()[0] for block in run(case(expect=expect), connection)] == words


def test_a_rule_refused_in_a_case_is_a_difference(case, connection):
    nobody = {**GIVEN, "marts.rep_workload_weekly": [{**WEEK, "rep_id": "crm:R9"}]}
    (told,) = run(case(given=nobody, expect=[]), connection)
    assert told.startswith("rep_overload was refused: it returns crm:R9, which is no known rep")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"rule": "rep_overlord"}, "Did you mean 'rep_overload'?"),
        ({"expects": []}, "Did you mean 'expect'?"),
        ({"expect": [{**FIRING, "night": "2026-03-10"}]}, "the night 2026-03-10, which is none of `nights`"),
        ({"expect": [{**FIRING, "stat": "firing"}]}, "stat"),
        ({"given": {**GIVEN, "marts.sales_kpi": []}}, "marts.sales_kpi, which rep_overload does not read"),
        ({"given": {"core.latest_reps": [{"rep": "R1"}]}}, "core.latest_reps has no column 'rep'"),
        ({"settings": {"rules": {"rep_overload": {"times_usal": 2}}}}, "Did you mean 'times_usual'?"),
        ({"parameters": {"ramp_day": 3}}, "parameters.ramp_day"),
    ],
)
def test_a_case_that_says_something_impossible_is_refused(case, connection, content, words):
    refused(case(**content), connection, words)
