"""What a test case may say, what it is built from, and how it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from models.errors import CatalogueError
from sql.cases import load_case, run_case
from sql.warehouse import connect

CALL = {"source": "crm", "channel": "call", "activity_date": "2026-03-02", "rep_id": "R1"}
EMAIL = {**CALL, "channel": "email"}
ROW = {"activity_date": "2026-03-02", "rep_id": "R1", "touches": 2, "spoken_rate": 0.5}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as opened:
        yield opened


@pytest.fixture
def run(toy: Any, connection: duckdb.DuckDBPyConnection) -> Any:
    return lambda table, **content: run_case(toy.load(), load_case(toy.case(table, **content)), connection)


def test_a_case_holds_when_every_row_is_expected(run: Any) -> None:
    assert run("marts.daily", given={"core.latest_activities": [CALL, EMAIL]}, expect=[ROW]) == []


def test_a_deviating_row_is_shown_whole_with_the_column_marked(run: Any) -> None:
    found = run("marts.daily", given={"core.latest_activities": [CALL, EMAIL]}, expect=[{**ROW, "touches": 3}])
    assert [line.split() for line in found[0].splitlines()] == [
        ["row", "differs"],
        ["column", "expected", "found"],
        ["activity_date", "2026-03-02", "2026-03-02"],
        ["rep_id", "R1", "R1"],
        ["≠", "touches", "3", "2"],
        ["spoken_rate", "0.5", "0.5"],
    ]
    assert len(found) == 1


def test_missing_and_unexpected_rows_are_both_told(run: Any) -> None:
    found = run("marts.daily", given={"core.latest_activities": [CALL]}, expect=[{**ROW, "rep_id": "R2"}])
    assert [block.splitlines()[0] for block in found] == ["missing row", "unexpected row"]


def test_a_column_left_out_must_be_null_or_a_required_zero(run: Any) -> None:
    short = {key: value for key, value in ROW.items() if key != "spoken_rate"}
    nothing_spoken = run("marts.daily", given={"core.latest_activities": [EMAIL, EMAIL]}, expect=[short])
    assert ["≠", "spoken_rate", "·", "0.0"] in [line.split() for line in nothing_spoken[0].splitlines()]
    explicit = short | {"spoken_rate": 0}
    assert run("marts.daily", given={"core.latest_activities": [EMAIL, EMAIL]}, expect=[explicit]) == []


def test_two_cases_share_no_rows(run: Any) -> None:
    assert run("marts.daily", given={"core.latest_activities": [CALL, EMAIL]}, expect=[ROW]) == []
    assert run("marts.daily", expect=[]) == []


def test_parameters_replace_the_defaults_and_give_the_company_day(run: Any) -> None:
    parameters = {"as_of": "2026-01-31T23:30:00Z", "timezone": "Asia/Tokyo"}
    found = run("core.dim_date", parameters=parameters, expect=[])
    assert len(found) == 31 and "2026-02-01" in found[-1]


def test_the_last_generation_and_given_models_replace_what_would_be_built(toy: Any, run: Any) -> None:
    toy.write(
        "staging/gone",
        "select p.day from previous.core.dim_date as p where p.day not in (select day from core.dim_date)",
        table="staging.gone",
        description="x",
        grain=["day"],
        columns=[{"name": "day", "type": "DATE", "description": "x"}],
    )
    days = [{"day": "2020-01-01"}, {"day": "2020-01-02"}]
    given = {"previous.core.dim_date": days, "core.dim_date": days[:1]}
    assert run("staging.gone", given=given, expect=days[1:]) == []


def test_a_window_table_keeps_its_rows_outside_the_window(run: Any) -> None:
    old = [{**ROW, "activity_date": "2026-03-01"}, {**ROW, "touches": 9}]
    given = {
        "marts.daily": old,
        "staging.dirty_day": [{"activity_date": "2026-03-02"}],
        "core.latest_activities": [CALL, EMAIL],
    }
    assert run("marts.daily", given=given, expect=[old[0], ROW]) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"core.latest_activites": []}, "core.latest_activities"),
        ({"core.latest_reps": []}, "does not read"),
        ({"core.latest_activities": [{"chanel": "call"}]}, "Did you mean 'channel'?"),
        ({"core.latest_activities": [{"activity_date": "2026-03-02T10:00:00Z"}]}, "write a day"),
        ({"core.latest_activities": [{"occurred_at": "2026-03-02 10:00:00"}]}, "with an offset"),
        ({"core.latest_activities": [{"duration_seconds": 1.5}]}, "whole number"),
        ({"core.latest_activities": [{"rep_id": 7}]}, "in quotes"),
        ({"core.latest_activities": [{"contact_ids": "c1"}]}, "write a list"),
        ({"core.latest_activities": [{"is_deleted": "no"}]}, "BOOLEAN"),
        ({"core.latest_activities": [{"activity_date": "2026-02-30"}]}, "2026-02-30"),
    ],
)
def test_a_case_that_says_something_impossible_is_refused(run: Any, given: Any, words: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        run("marts.daily", given=given, expect=[])
    assert words in str(caught.value) and "example.yaml" in str(caught.value)


def test_an_unknown_key_of_a_case_is_refused(toy: Any) -> None:
    with pytest.raises(CatalogueError, match="Did you mean 'expect'"):
        load_case(toy.case("marts.daily", expects=[], expect=[]))


def test_a_query_of_other_types_than_declared_fails_the_case(toy: Any, run: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select as_of as day from core.parameter")
    with pytest.raises(CatalogueError, match="day: declared DATE, the query makes TIMESTAMP WITH TIME ZONE"):
        run("core.dim_date", expect=[])
