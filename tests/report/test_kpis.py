"""The KPI page shows what marts.sales_kpi says of complete months, one scope at a time."""

from contextlib import closing
from datetime import date

import polars as pl
import pytest

from models.settings import load_settings
from pipelines.reporting.pages import kpis
from pipelines.reporting.pages.kpis import GROUPS, MONTHS, kind_of, kpis_page
from pipelines.reporting.parts import Cube, Field, Kind, Trend, View
from pipelines.reporting.reader import reader_of
from pipelines.reporting.render import change
from pipelines.reporting.words import Words
from sql.warehouse import open_published
from tests.cheap_nights import ALL_MARTS
from tests.runs.conftest import office  # noqa: F401

NAMED = {kpi for group in GROUPS.values() for kpi in group}


def page_of(workspace):
    with closing(open_published(workspace.published_file.resolve())) as connection:
        return kpis_page(reader_of(connection, load_settings(workspace.settings_file, {})))


@pytest.fixture(scope="module")
def page(storied_demo):
    return page_of(storied_demo)


def trends(page):
    return {part.view.name: part for section in page.sections for part in section.parts if isinstance(part, Trend)}


def silent(page):
    return {row["kpi"] for view in page.views if view.name == "silent_kpis" for row in view.rows}


def test_every_kpi_is_on_the_page_once(page, ask):
    assert {kpi for (kpi,) in ask("select kpi from core.ref_kpi")} == NAMED
    labels = {kpi: label for group in GROUPS.values() for kpi, label in group.items()}
    assert trends(page).keys() | {kpi for kpi, label in labels.items() if label in silent(page)} == NAMED
    assert len(trends(page)) + len(silent(page)) == len(NAMED)


def test_what_has_no_value_anywhere_is_listed_with_the_reason(page, ask):
    found = ask(
        """
        select distinct kpi from marts.sales_kpi
        where period_grain = 'month' and is_complete and scope in ('company', 'rep_type', 'team') and value is not null
            and period_start in (
                select distinct period_start from marts.sales_kpi where period_grain = 'month' and is_complete
                order by period_start desc limit ?
            )
        """,
        MONTHS,
    )
    assert trends(page).keys() == {kpi for (kpi,) in found}


def test_every_value_of_every_scope_is_the_marts(page, ask):
    found = ask(
        """
        select kpi, scope || '/' || scope_id, period_start, value from marts.sales_kpi
        where period_grain = 'month' and is_complete and scope in ('company', 'rep_type', 'team') and value is not null
            and period_start in (
                select distinct period_start from marts.sales_kpi where period_grain = 'month' and is_complete
                order by period_start desc limit ?
            )
        """,
        MONTHS,
    )
    shown = [
        (kpi, row["scope"], row["period_start"], row["value"])
        for kpi, trend in trends(page).items()
        for row in trend.view.cube.facts.to_dicts()
        if row["value"] is not None
    ]
    assert len(shown) == len(found)
    assert set(shown) == set(found)


def test_the_company_comes_first_and_is_never_added_to_its_parts(page):
    for trend in trends(page).values():
        assert {row["scope"] for row in trend.view.rows} == {"company/all"}


def test_the_large_figure_is_of_the_last_complete_month_and_the_month_before_is_below(page, ask):
    ((latest,),) = ask("select max(period_start) from marts.sales_kpi where period_grain = 'month' and is_complete")
    for trend in trends(page).values():
        months = trend.view.cube.facts.group_by("scope", maintain_order=True).agg("period_start")["period_start"]
        for of_scope in months:
            assert of_scope[0] == latest
            assert [before_of(month) for month in of_scope[:-1]] == list(of_scope[1:])


def before_of(month):
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("share", Kind.SHARE),
        ("share of working time", Kind.SHARE),
        ("company currency per deal", Kind.MONEY),
        ("new customers per unit of company currency", Kind.NUMBER),
        ("days", Kind.NUMBER),
    ],
)
def test_a_value_looks_like_its_unit(unit, kind):
    assert kind_of(unit) is kind


def test_a_value_that_two_digits_would_call_0_says_something():
    words = Words("en", "USD", "UTC")
    assert [words.show(value, Kind.NUMBER) for value in (0.0000317, -0.004, 0.0, 0.01)] == [
        "0.0000317",
        "-0.004",
        "0.0",
        "0.01",
    ]


def test_halves_are_rounded_as_browsers_do():
    words = Words("en", "USD", "UTC")
    assert [words.show(0.0625, Kind.SHARE), words.show(2.5, Kind.COUNT), words.show(-2.5, Kind.MONEY)] == [
        "6.3%",
        "3",
        "-$3",
    ]


def test_no_change_is_said_of_an_amount_below_0():
    assert [change(3.0, 2.0), change(3.0, 0.0), change(3.0, -2.0), change(None, 2.0)] == [0.5, None, None, None]


def test_rows_of_two_scopes_are_shown_one_scope_at_a_time():
    facts = pl.DataFrame({"scope": ["company/all", "team/North"], "value": [3, 2]})
    view = View("kpi", Cube("kpi", facts, whole="company/all"), (Field("value", "Value"),))
    assert [row["value"] for row in view.rows] == [3]


ROSTER = [{"rep_id": "R1", "full_name": "Ann", "rep_type": "inside", "hire_date": "2026-01-05"}]


def test_what_needs_deals_is_listed_when_there_are_none(office):  # noqa: F811
    office.environment = dict(ALL_MARTS)
    office.deliver("reps.csv", ROSTER)
    office.night()
    page = page_of(office.workspace)
    assert "Win rate" in silent(page)
    assert "calls_per_rep_workday" in trends(page)


def test_without_kpis_it_says_so(office):  # noqa: F811
    office.deliver("reps.csv", ROSTER)
    office.night()
    page = page_of(office.workspace)
    assert page.views == ()
    assert page.sections[0].empty.startswith("There are no KPIs to show")


@pytest.mark.browser
def test_a_reader_sees_the_figures_of_the_scope_that_was_chosen(demo_report, read, ask):
    reader = read().open(demo_report / "kpis.html")
    chosen = "select scope_id, value from marts.sales_kpi where kpi = 'win_rate' and period_grain = 'month' and scope = ? and value is not null and period_start = (select max(period_start) from marts.sales_kpi where period_grain = 'month' and is_complete) order by 1"
    for scope in ("team", "rep_type"):
        for name, value in ask(chosen, scope):
            reader.choose(scope=f"{scope}/{name}")
            assert reader.page.inner_text("[data-trend='win_rate'] .value") == f"{value + 1e-12:.1%}"
    reader.page.click("button[type=reset]")
    ((_, value),) = ask(chosen, "company")
    reader.page.wait_for_function(
        f"document.querySelector(\"[data-trend='win_rate'] .value\").textContent === '{value + 1e-12:.1%}'"
    )


@pytest.mark.browser
def test_a_kpi_that_a_scope_does_not_have_shows_nothing(demo_report, read):
    reader = read().open(demo_report / "kpis.html").choose(scope="rep_type/inside").draw_charts()
    assert reader.page.inner_text("[data-trend='customer_churn_rate'] .value") == "–"
    assert reader.page.inner_text("[data-view='customer_churn_rate'].chart") == "No row matches the filter."
    assert reader.faults == []


def test_of_very_many_teams_the_page_has_none(storied_demo, monkeypatch):
    """Two hundred teams' KPIs would be larger than all other pages."""
    monkeypatch.setattr(kpis, "MOST_TEAMS", 2)
    with closing(open_published(storied_demo.published_file.resolve())) as connection:
        reader = reader_of(connection, load_settings(storied_demo.settings_file, {}))
        scopes = {scope.split("/")[0] for scope in kpis.monthly_kpis(reader)["scope"].unique()}
    assert scopes == {"company", "rep_type"}
