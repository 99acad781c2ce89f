"""What the catalogue reads from its files, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from models.errors import CatalogueError


def refused(toy: Any, *words: str, with_cases: bool = False) -> None:
    """Loading fails; the message names each of `words` and ends in a remedy."""
    with pytest.raises(CatalogueError) as caught:
        toy.load(with_cases=with_cases)
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n  → " in message


def test_dependencies_are_read_from_the_sql_and_not_from_ctes_or_table_functions(toy: Any) -> None:
    catalogue = toy.load(with_cases=True)
    assert catalogue.models["marts.daily"].query.reads == {
        "core.latest_activities",
        "core.ref_medium",
        "staging.dirty_day",
    }
    assert catalogue.models["core.dim_date"].query.reads == {"core.parameter"}


def test_a_table_comes_after_all_it_reads_and_ties_go_by_name(toy: Any) -> None:
    for name, reads in (("a", "marts.z"), ("z", "core.dim_date"), ("b", "core.dim_date")):
        toy.write(
            f"marts/{name}",
            f"select day from {reads}",
            table=f"marts.{name}",
            description="x",
            grain=["day"],
            columns=[{"name": "day", "type": "DATE", "description": "x"}],
        )
    catalogue = toy.load()
    order = [model.table for model in catalogue.ordered()]
    assert order == ["core.dim_date", "marts.b", "marts.daily", "marts.z", "marts.a"]
    assert catalogue.downstream(["core.dim_date"]) == {"marts.a", "marts.b", "marts.z"}
    assert catalogue.downstream(["core.latest_activities"]) == {"marts.daily"}


def test_a_check_that_refers_to_a_table_is_built_after_it(toy: Any) -> None:
    check = {"name": "known_day", "kind": "refers", "columns": ["day"], "to": "marts.daily.activity_date"}
    toy.change("core/dim_date", checks=[{**check, "reason": "x"}])
    assert [model.table for model in toy.load().ordered()] == ["marts.daily", "core.dim_date"]


def test_the_last_generation_is_no_dependency_but_must_be_known(toy: Any) -> None:
    toy.write(
        "staging/seen",
        "select activity_date from previous.marts.daily group by activity_date",
        table="staging.seen",
        description="x",
        grain=["activity_date"],
        columns=[{"name": "activity_date", "type": "DATE", "description": "x"}],
    )
    query = toy.load().models["staging.seen"].query
    assert (query.reads, query.reads_previous) == (frozenset(), {"marts.daily"})
    (toy.sql / "staging/seen.sql").write_text("select activity_date from previous.marts.dayly")
    refused(toy, "seen.sql", "marts.dayly", "Did you mean 'marts.daily'?")


@pytest.mark.parametrize("change", ["core/dim_date.sql", "core/dim_date.yaml", "reference/medium.csv"])
def test_the_fingerprint_moves_with_every_file(toy: Any, change: str) -> None:
    catalogue = toy.load()
    before = catalogue.fingerprint()
    assert catalogue.fingerprint() == before
    path = toy.sql / change
    path.write_text(path.read_text() + "\n")
    assert catalogue.fingerprint() != before


def test_refuses_an_unknown_table_with_the_nearest_known_name(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select activity_date as day from core.latest_activites")
    refused(toy, "dim_date.sql", "core.latest_activites", "Did you mean 'core.latest_activities'?")


def test_refuses_a_table_without_a_schema(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select as_of_date as day from parameter")
    refused(toy, "dim_date.sql", "'parameter'", "Write core.parameter")


def test_refuses_columns_that_differ_from_the_declared(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select as_of_date as days from core.parameter")
    refused(toy, "dim_date.sql", "only in the YAML: day", "only in the SQL: days", "Did you mean 'days'?")


def test_refuses_columns_in_another_order(toy: Any) -> None:
    (toy.sql / "marts/activity/daily.sql").write_text(
        "select rep_id, activity_date, 1 as touches, 0.5 as spoken_rate from core.latest_activities"
    )
    refused(toy, "daily.sql", "first difference at place 1")


def test_refuses_select_star_out_of_a_file(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select p.* from core.parameter as p")
    refused(toy, "dim_date.sql", "select *")


def test_refuses_two_statements_in_a_file(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select 1 as day; select 2 as day")
    refused(toy, "dim_date.sql", "one SELECT", "found 2")


def test_refuses_a_statement_that_is_no_select(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("create table core.dim_date as select 1 as day")
    refused(toy, "dim_date.sql", "one SELECT")


def test_refuses_sql_that_cannot_be_parsed(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select as_of_date as day from core.parameter where (")
    refused(toy, "dim_date.sql", "is no SQL")


def test_refuses_an_unknown_key_with_the_nearest_known_one(toy: Any) -> None:
    toy.change("core/dim_date", colums=[])
    refused(toy, "dim_date.yaml", "colums", "Did you mean 'columns'?")


def test_refuses_a_key_given_twice(toy: Any) -> None:
    path = toy.sql / "core/dim_date.yaml"
    path.write_text(path.read_text() + "\ndescription: again\n")
    refused(toy, "dim_date.yaml", "'description' is given twice")


def test_refuses_a_missing_description(toy: Any) -> None:
    toy.change("core/dim_date", columns=[{"name": "day", "type": "DATE"}])
    refused(toy, "dim_date.yaml", "columns.0.description")


def test_refuses_a_grain_that_names_no_column(toy: Any) -> None:
    toy.change("core/dim_date", grain=["days"])
    refused(toy, "dim_date.yaml", "grain names no column", "days")


def test_refuses_a_file_named_otherwise_than_its_table(toy: Any) -> None:
    toy.change("core/dim_date", table="core.dim_day")
    refused(toy, "dim_date.yaml", "core.dim_day", "Rename the files to dim_day")


def test_refuses_a_table_in_another_layers_folder(toy: Any) -> None:
    toy.change("core/dim_date", table="marts.dim_date")
    refused(toy, "dim_date.yaml", "marts.dim_date", "sql/marts/")


def test_refuses_a_query_without_a_contract(toy: Any) -> None:
    (toy.sql / "core/dim_date.yaml").unlink()
    refused(toy, "dim_date.sql has no contract", "dim_date.yaml")


def test_refuses_a_contract_without_a_query(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").unlink()
    refused(toy, "dim_date.yaml has no query", "dim_date.sql")


def test_refuses_one_metric_name_for_two_tables(toy: Any) -> None:
    toy.change("core/dim_date", metrics=[{"name": "touches", "formula": "x", "unit": "x"}])
    refused(toy, "'touches'", "core.dim_date", "marts.daily", "metrics")


def test_refuses_a_circle(toy: Any) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        toy.write(
            f"marts/{name}",
            f"select day from marts.{other}",
            table=f"marts.{name}",
            description="x",
            grain=["day"],
            columns=[{"name": "day", "type": "DATE", "description": "x"}],
        )
    refused(toy, "circle", "marts.one → marts.two → marts.one")


def test_refuses_a_table_that_reads_itself(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select day from core.dim_date")
    refused(toy, "dim_date.sql", "its own table", "previous.core.dim_date")


def test_refuses_a_core_table_that_reads_a_mart(toy: Any) -> None:
    (toy.sql / "core/dim_date.sql").write_text("select activity_date as day from marts.daily")
    refused(toy, "dim_date.sql", "core.dim_date reads marts.daily")


def test_refuses_a_view_on_what_is_gone_after_the_night(toy: Any) -> None:
    toy.change("core/dim_date", write="view")
    (toy.sql / "core/dim_date.sql").write_text("select activity_date as day from staging.dirty_day")
    refused(toy, "dim_date.sql", "the view core.dim_date", "staging.dirty_day", "write: rebuild")


def test_refuses_a_view_that_is_checked_in_no_table(toy: Any) -> None:
    toy.change("core/dim_date", write="view", checked_in="staging.dirty_dai")
    refused(toy, "checked_in: staging.dirty_dai", "Did you mean 'staging.dirty_day'?")


def test_refuses_a_window_column_that_the_window_has_not(toy: Any) -> None:
    toy.change("marts/activity/daily", window={"of": "staging.dirty_day", "by": ["rep_id"]})
    refused(toy, "daily.sql", "window.by: rep_id", "staging.dirty_day")


def test_refuses_a_check_of_an_unknown_column(toy: Any) -> None:
    check = {"name": "share", "kind": "share", "columns": ["spoken_rat"], "reason": "x"}
    toy.change("marts/activity/daily", checks=[check])
    refused(toy, "daily.sql", "checks.share", "Did you mean 'spoken_rate'?")


def test_refuses_a_reference_to_an_unknown_column(toy: Any) -> None:
    check = {"name": "known", "kind": "refers", "columns": ["activity_date"], "to": "core.dim_date.dai"}
    toy.change("marts/activity/daily", checks=[{**check, "reason": "x"}])
    refused(toy, "daily.sql", "checks.known.to", "Did you mean 'day'?")


def test_refuses_a_reference_file_with_another_header(toy: Any) -> None:
    (toy.sql / "reference/medium.csv").write_text("channel,spoken\ncall,true\n")
    refused(toy, "medium.csv", "channel, spoken", "channel, is_spoken")


def test_refuses_a_reference_record_with_a_cell_too_many(toy: Any) -> None:
    (toy.sql / "reference/medium.csv").write_text("channel,is_spoken\ncall,true,1\n")
    refused(toy, "medium.csv, record 2", "3 cells")


def test_refuses_a_model_without_a_case(toy: Any) -> None:
    (toy.cases / "marts/daily/example.yaml").unlink()
    toy.load()
    refused(toy, "marts.daily has no test case", "<rule>.yaml", with_cases=True)


def test_refuses_a_case_of_no_model(toy: Any) -> None:
    toy.case("marts.dailly", expect=[])
    refused(toy, "marts.dailly", "Did you mean 'marts.daily'?", with_cases=True)
