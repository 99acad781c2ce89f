"""What the evidence of a mart may say, and what it adds up to."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from models.errors import CatalogueError
from models.tables import Evidence, TableSpec
from sql.evidence import disagreements
from sql.queries import rows_counted

RECORDS: dict[str, Any] = {
    "name": "records",
    "description": "One activity.",
    "sql": "select activity_date, rep_id, channel from core.latest_activities",
    "adds_up_to": {"touches": "count(*)"},
}
MART = "marts/activity/daily"


def refused(toy: Any, *words: str, with_cases: bool = False, **changes: Any) -> None:
    """The catalogue refuses the evidence; the message names file, evidence and each of `words`, and says what to do."""
    toy.change(MART, evidence=[{**RECORDS, **changes}])
    with pytest.raises(CatalogueError) as caught:
        toy.load(with_cases=with_cases)
    message = str(caught.value)
    assert [word for word in ("daily.yaml", *words, "\n  → ") if word not in message] == [], message


def test_evidence_that_keeps_every_rule_is_read(toy: Any) -> None:
    toy.change(MART, evidence=[RECORDS])
    (evidence,) = toy.load(with_cases=True).spec("marts.daily").evidence
    assert evidence.explains == ("touches",)


def test_evidence_is_no_dependency_of_the_build(toy: Any) -> None:
    toy.change(MART, evidence=[{**RECORDS, "sql": "select day as activity_date, '' as rep_id from core.dim_date"}])
    assert toy.load().downstream(["core.dim_date"]) == set()


def test_refuses_an_unknown_table(toy: Any) -> None:
    sql = "select activity_date, rep_id from core.latest_activites"
    refused(toy, "evidence.records", "Did you mean 'core.latest_activities'?", sql=sql)


@pytest.mark.parametrize("table", ["staging.dirty_day", "previous.marts.daily"])
def test_refuses_what_a_published_file_does_not_hold(toy: Any, table: str) -> None:
    refused(toy, "evidence.records", table, sql=f"select activity_date, 'x' as rep_id from {table}")


def test_refuses_records_without_the_whole_grain(toy: Any) -> None:
    sql = "select activity_date, rep_id as rep from core.latest_activities"
    refused(toy, "has no rep_id", "activity_date, rep_id", sql=sql)


def test_refuses_two_columns_of_one_name(toy: Any) -> None:
    sql = "select activity_date, rep_id, channel, source as channel from core.latest_activities"
    refused(toy, "two columns called channel", sql=sql)


def test_refuses_a_sum_over_no_column_of_the_records(toy: Any) -> None:
    adds = {"touches": "count(*) filter (where chanel = 'call')"}
    refused(toy, "evidence.records", '"chanel" not found', '"channel"', adds_up_to=adds, with_cases=True)


def test_refuses_a_figure_that_is_no_column_of_the_mart(toy: Any) -> None:
    refused(toy, "evidence.records", "Did you mean 'touches'?", adds_up_to={"touche": "count(*)"})


def test_refuses_rows_told_by_no_column_of_the_grain(toy: Any) -> None:
    refused(toy, "evidence.records.rows", "Did you mean 'rep_id'?", rows={"rep": ["R1"]})


def test_refuses_an_unknown_key(toy: Any) -> None:
    refused(toy, "evidence.0.add_up_to", "Did you mean 'adds_up_to'?", add_up_to={})


def test_refuses_two_evidences_of_one_name(toy: Any) -> None:
    toy.change(MART, evidence=[RECORDS, RECORDS])
    with pytest.raises(CatalogueError, match="declared twice: records"):
        toy.load()


def test_refuses_evidence_of_a_core_table(toy: Any) -> None:
    toy.change("core/dim_date", evidence=[{**RECORDS, "adds_up_to": {"day": "min(activity_date)"}}])
    with pytest.raises(CatalogueError, match="records themselves"):
        toy.load()


def test_refuses_a_column_that_does_not_resolve_when_the_cases_are_checked(toy: Any) -> None:
    sql = "select activity_date, rep_id, chanel from core.latest_activities"
    refused(toy, "evidence.records", "chanel", sql=sql, with_cases=True)


@pytest.mark.parametrize(
    ("aggregate", "condition"),
    [
        ("count(*)", None),
        ("count(*) filter (where is_touch)", "(is_touch)"),
        ("coalesce(sum(seconds) filter (where is_call), 0)", "(is_call)"),
        ("count(*) filter (where a) / nullif(count(*) filter (where b or c), 0)", "(a) or (b OR c)"),
        ("count(*) filter (where a) / count(*)", None),
    ],
)
def test_the_records_listed_are_those_an_aggregate_looks_at(aggregate: str, condition: str | None) -> None:
    assert rows_counted(aggregate, "here") == condition


def mart(**evidence: Any) -> tuple[TableSpec, Evidence]:
    columns = [
        {"name": name, "type": kind, "description": "x"}
        for name, kind in {"kpi": "VARCHAR", "day": "DATE", "touches": "BIGINT", "seconds": "BIGINT"}.items()
    ]
    stated = {
        "name": "records",
        "description": "x",
        "sql": "select kpi, day, seconds from core.record",
        "adds_up_to": {"touches": "count(*)", "seconds": "sum(seconds)"},
        **evidence,
    }
    spec = TableSpec.model_validate(
        {"table": "marts.m", "description": "x", "grain": ["kpi", "day"], "columns": columns, "evidence": [stated]}
    )
    return spec, spec.evidence[0]


@pytest.fixture
def tables() -> Any:
    with duckdb.connect() as connection:
        connection.execute("create schema core; create schema marts")
        connection.execute(
            "create table core.record as select * from (values"
            " ('a', date '2026-03-01', 5), ('a', date '2026-03-01', 6), ('a', date '2026-03-03', 7))"
            " as record (kpi, day, seconds)"
        )
        connection.execute(
            "create table marts.m as select * from (values ('a', date '2026-03-01', 2, 11),"
            " ('a', date '2026-03-02', 0, null), ('a', date '2026-03-03', 1, 7)) as m (kpi, day, touches, seconds)"
        )
        yield connection


def found(tables: Any, **evidence: Any) -> list[tuple[Any, ...]]:
    rows = tables.execute(disagreements(*mart(**evidence))).fetchall()
    return [(kpi, day.day, *figures) for kpi, day, *figures in rows]


def test_rows_that_are_what_their_records_say_agree(tables: Any) -> None:
    assert found(tables) == []


def test_a_figure_that_differs_is_found(tables: Any) -> None:
    tables.execute("update marts.m set touches = 3 where day = date '2026-03-01'")
    assert found(tables) == [("a", 1, 3, 2, 11, 11)]


def test_a_row_without_records_is_what_the_aggregates_make_of_none(tables: Any) -> None:
    tables.execute("update marts.m set touches = 1, seconds = 0 where day = date '2026-03-02'")
    assert found(tables) == [("a", 2, 1, 0, 0, None)]


def test_records_without_a_row_are_found(tables: Any) -> None:
    tables.execute("delete from marts.m where day = date '2026-03-03'")
    assert found(tables) == [("a", 3, None, 1, None, 7)]


def test_evidence_of_some_rows_says_nothing_of_others(tables: Any) -> None:
    tables.execute("insert into marts.m values ('b', date '2026-03-01', 9, 9)")
    assert found(tables) == [("b", 1, 9, 0, 9, None)]
    assert found(tables, rows={"kpi": ["a"]}) == []
