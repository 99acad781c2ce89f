"""Every question of docs/queries.md is answered by its SQL, from the tables that its text names."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from pipelines.demo import DEMO_AS_OF
from pipelines.night.workspace import Workspace
from sql.warehouse import open_published
from tests.runs.conftest import STORIED, Office, made_once

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
SHAPE = re.compile(
    r"### (?P<number>\d+)\. (?P<question>[^\n]+\?)\n\nReads (?P<reads>[^\n]+)\.\n\n"
    r"```sql\n(?P<sql>.*?)```\n\nHow to read it: (?P<reading>.+?)\n(?=\n|\Z)",
    re.DOTALL,
)
QUESTIONS = [match.groupdict() for match in SHAPE.finditer(PAGE)]


def make_corrected_demo(folder: Path, storied: Workspace) -> None:
    """The demo company a night later, on which a call of March arrived: now a published figure has moved."""
    shutil.copytree(storied.home, folder / "workspace", symlinks=True)
    settings = (storied.settings_file).read_text(encoding="utf-8")
    office = Office(folder / "workspace", settings)
    shutil.copyfile(storied.secret_key, office.workspace.secret_key)
    office.environment, office.nights = dict(STORIED), 1
    ((rep,),) = office.query(
        "select min(source_rep_id) from core.dim_rep where is_counted and valid_from < '2026-03-03'"
    )
    call = {"source_record_id": "late", "channel": "call", "occurred_at": "2026-03-03T15:00:00Z", "rep_id": rep}
    office.deliver("activities_late.csv", [{**call, "direction": "outbound", "status": "completed"}])
    office.night(as_of=DEMO_AS_OF + timedelta(days=1))


@pytest.fixture(scope="module")
def published(storied_demo, tmp_path_factory):
    """Locked down, as `touchline query` opens it."""
    home = made_once(tmp_path_factory, "corrected_demo", lambda folder: make_corrected_demo(folder, storied_demo))
    connection = open_published((home / "workspace/var/published/crm.duckdb").resolve())
    yield connection
    connection.close()


def test_the_page_has_its_questions_in_one_shape():
    assert [int(one["number"]) for one in QUESTIONS] == list(range(1, PAGE.count("```sql") + 1))
    assert len(QUESTIONS) >= 20


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one["number"])
def test_each_question_has_an_answer(published, question):
    result = published.execute(question["sql"])
    names = [column[0] for column in result.description]
    assert result.fetchall(), "no row on the demo company"
    assert len(set(names)) == len(names), "two columns of one name"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one["number"])
def test_the_text_names_the_tables_that_are_read(question):
    tree = sqlglot.parse_one(question["sql"], dialect="duckdb")
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table)}
    assert set(re.findall(r"`([a-z_]+\.[a-z_]+)`", question["reads"])) == read
    assert isinstance(tree, exp.Select)


def answer_to(published, number):
    """Its rows, by name of column."""
    (question,) = (one for one in QUESTIONS if one["number"] == number)
    result = published.execute(question["sql"])
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_what_is_rolled_up_by_team_is_what_the_company_has(published):
    rows = answer_to(published, "11")
    own = published.execute(
        "select sum(numerator)::bigint, sum(denominator)::bigint from marts.sales_kpi"
        " where kpi = 'win_rate' and scope = 'company' and period_grain = 'month' and is_complete"
    ).fetchall()
    assert [(sum(row["won"] for row in rows), sum(row["closed"] for row in rows))] == own


def test_the_activities_behind_a_number_are_as_many_as_it_says(published):
    ((most,),) = published.execute(
        "select max(touches) from marts.rep_activity_daily where rep_id <> 'unknown'"
    ).fetchall()
    assert len(answer_to(published, "18")) == most


def test_a_moved_figure_names_the_file_that_moved_it(published):
    assert {row["file_name"] for row in answer_to(published, "19")} >= {"activities_late.csv"}


def test_every_row_has_an_account(published):
    assert {row["unaccounted"] for row in answer_to(published, "22")} == {0}


def test_the_rep_of_the_demo_s_story_is_overloaded_for_a_reason(published):
    first = answer_to(published, "15")[0]
    assert (first["workload_level"], first["team"]) == ("overload", "Inside Sales")
    assert first["level_reason"] == "baseline_and_peers"


def test_an_answer_needs_no_more_than_what_readers_have(published):
    with pytest.raises(duckdb.Error, match=r"read-only|disabled"):
        published.execute("create table marts.x as select 1")
