"""Each construct that sqlglot does not carry over, and how Spark and Sail are asked instead; needs neither of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import CatalogueError
from sql.catalog import load_catalogue
from sql.engines.dialect import parse, to_spark
from sql.engines.spark import ENGINE_LAYERS

RULES = {
    "tables are views of the session": (
        "select a.x from core.dim_rep as a",
        "SELECT a.x FROM core__dim_rep AS a",
    ),
    "a table without an alias keeps its name": (
        "select dim_rep.x from core.dim_rep",
        "SELECT dim_rep.x FROM core__dim_rep AS dim_rep",
    ),
    "an instant becomes a clock": (
        "select timezone(p.zone, a.at)::date as d from a, p",
        "SELECT CAST(FROM_UTC_TIMESTAMP(a.at, p.zone) AS DATE) AS d FROM a, p",
    ),
    "a clock becomes an instant": (
        "select timezone(p.zone, a.d::timestamp) as t from a, p",
        "SELECT TO_UTC_TIMESTAMP(CAST(a.d AS TIMESTAMP_NTZ), p.zone) AS t FROM a, p",
    ),
    "the first value skips blanks": (
        "select arg_min(a, b) as x from t",
        "SELECT MIN_BY(a, b) FILTER(WHERE NOT a IS NULL) AS x FROM t",
    ),
    "the first value skips blanks among the asked rows": (
        "select arg_max(a, row(b, c)) filter (where d) as x from t",
        "SELECT MAX_BY(a, STRUCT(b AS f1, c AS f2)) FILTER(WHERE d AND NOT a IS NULL) AS x FROM t",
    ),
    "the last value may be a blank": (
        "select arg_max_null(a, b) as x from t",
        "SELECT MAX_BY(a, b) AS x FROM t",
    ),
    "a row's fields are counted from one": (
        "select part[2] as x from t",
        "SELECT CASE WHEN NOT part IS NULL THEN part.f2 END AS x FROM t",
    ),
    "a struct's field goes by its name, and is none of a struct that is not there": (
        "select place['scope'] as x, t.place.scope from t",
        "SELECT CASE WHEN NOT place IS NULL THEN place.scope END AS x,"
        " CASE WHEN NOT t.place IS NULL THEN t.place.scope END AS scope FROM t",
    ),
    "a division is one of doubles": (
        "select a / 2 as x from t",
        "SELECT CASE WHEN ABS(a) <= 9007 THEN CAST(a AS DOUBLE) ELSE CAST(CAST(CASE WHEN a < 0 THEN CEIL(a) ELSE FLOOR(a)"
        " END AS DECIMAL(38, 0)) AS DOUBLE) + CAST((a - CASE WHEN a < 0 THEN CEIL(a) ELSE FLOOR(a) END) AS DOUBLE) END / 2"
        " AS x FROM t",
    ),
    "Monday is 1 and Sunday 7": ("select isodow(d) as x from t", "SELECT (PMOD(DAYOFWEEK(d) + 5, 7) + 1) AS x FROM t"),
    "months are the calendar's": (
        "select d - to_months(n) as x from t",
        "SELECT ADD_MONTHS(d, (n) * -1) AS x FROM t",
    ),
    "hours are the clock's": (
        "select t.at + to_hours(2) as x from t",
        "SELECT TIMESTAMP_MICROS(UNIX_MICROS(CAST(t.at AS TIMESTAMP)) + (2) * 3600000000) AS x FROM t",
    ),
    "days are counted up to the last": (
        "select unnest(range(a::timestamp, b::timestamp, interval 1 day))::date as d from t",
        "SELECT EXPLODE(CASE WHEN CAST(CAST(a AS TIMESTAMP_NTZ) AS DATE) < CAST(CAST(b AS TIMESTAMP_NTZ) AS DATE) THEN"
        " SEQUENCE(CAST(CAST(a AS TIMESTAMP_NTZ) AS DATE), DATE_ADD(CAST(CAST(b AS TIMESTAMP_NTZ) AS DATE), -1),"
        " INTERVAL '1' DAY) END) AS d FROM t",
    ),
    "a pair is looked for in two columns": (
        "select x from t where (a, b) in (select (w.a, w.b) from w)",
        "SELECT x FROM t WHERE (a, b) IN (SELECT w.a, w.b FROM w)",
    ),
    "lists are walked side by side": (
        "select k, unnest(a) as x, unnest(b) as y from t",
        "SELECT k, INLINE(ARRAYS_ZIP(a, b)) AS (x, y) FROM t",
    ),
    "lateral values are an array of structs": (
        "select s.a from t cross join lateral (values ('x', t.b), ('y', t.c)) as s (a, v)",
        "SELECT s.a FROM t LATERAL VIEW INLINE(ARRAY(STRUCT('x' AS a, t.b AS v), STRUCT('y' AS a, t.c AS v))) s AS a, v",
    ),
    "a window's aggregate is asked of NULL instead of a filter": (
        "select count(*) filter (where a) over (partition by b) as x from t",
        "SELECT COUNT(CASE WHEN a THEN 1 END) OVER (PARTITION BY b) AS x FROM t",
    ),
    "a frame of days counts days": (
        "select sum(a) over (order by d range between interval 56 days preceding and interval 7 days preceding) as x from t",
        "SELECT SUM(a) OVER (ORDER BY DATEDIFF(d, CAST('1970-01-01' AS DATE)) NULLS LAST range BETWEEN 56 preceding AND 7"
        " preceding) AS x FROM t",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_construct_is_written_for_spark(rule: str) -> None:
    here, there = RULES[rule]
    assert " ".join(to_spark(parse(here)).split()) == there


@pytest.mark.parametrize(
    "query",
    [
        "select date_sub('day', a, b) as x from t",
        "select quantile_cont(a, 0.9) over (partition by b rows between unbounded preceding and unbounded following"
        " exclude current row) as x from t",
    ],
)
def test_a_construct_without_a_rule_is_refused_with_what_to_do(query: str) -> None:
    with pytest.raises(CatalogueError, match=r"has a rule|has no rule") as refused:
        to_spark(parse(query))
    assert "sql/engines/" in str(refused.value)


def test_nothing_of_duckdb_is_left_in_any_model() -> None:
    """What no rule knows would reach the engine as it stands and fail a night there."""
    own = (
        "TIMEZONE(",
        "EPOCH_US(",
        "ARG_M",
        "TO_MONTHS(",
        "TO_HOURS(",
        "ROW(",
        "LIST_",
        "UNNEST(",
        "QUANTILE_",
        "EXCLUDE",
    )
    models = load_catalogue(Path(__file__).parents[2] / "sql").models.values()
    made = [model for model in models if model.spec.schema_name in ENGINE_LAYERS]
    texts = {model.table: to_spark(parse(model.query.text)).upper().replace("_TIMEZONE(", "") for model in made}
    left = {table: [word for word in own if word in text] for table, text in texts.items()}
    assert {table: words for table, words in left.items() if words} == {}
    assert len(made) > 70
