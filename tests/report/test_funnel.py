"""The funnel page shows what marts.lead_funnel and marts.stage_conversion say: parts added up and divided, medians as they are."""

import itertools
from contextlib import closing

import polars as pl
import pytest

from models.settings import load_settings
from pipelines.reporting.pages.funnel import STEPS, funnel_page
from pipelines.reporting.pages.funnel_stages import MOST_PIPELINES, pipelines_of
from pipelines.reporting.parts import Chart, Cube
from pipelines.reporting.reader import reader_of
from sql.warehouse import open_published
from tests.cheap_nights import ALL_MARTS
from tests.runs.conftest import office  # noqa: F401


def page_of(workspace):
    with closing(open_published(workspace.published_file.resolve())) as connection:
        page = funnel_page(reader_of(connection, load_settings(workspace.settings_file, {})))
        return page, {view.name: view.rows for view in page.views}


@pytest.fixture(scope="module")
def shown(storied_demo):
    return page_of(storied_demo)


def test_the_figures_are_sums_of_all_cohorts_divided(shown, ask):
    found = ask(
        """
        select sum(leads), sum(contacted) / sum(leads), sum(connected) / sum(contacted),
            sum(meeting_held) / sum(connected), sum(opportunity_created) / sum(meeting_held),
            sum(won) / sum(opportunity_created), sum(won) / sum(leads), sum(untouched)
        from marts.lead_funnel
        """
    )[0]
    (row,) = shown[1]["leads_all"]
    assert list(row.values()) == pytest.approx([float(value) for value in found])
    assert row["leads"] > 0


def test_each_step_is_what_the_mart_counts_of_mature_cohorts_and_of_the_others(shown, ask):
    sums = ", ".join(f"sum({step})::bigint" for step in STEPS)
    for is_mature, maturity in ((True, "mature"), (False, "not yet mature")):
        (counts,) = ask(f"select {sums} from marts.lead_funnel where is_mature = ? having count(*) > 0", is_mature) or [
            ()
        ]
        rows = [row for row in shown[1]["leads_by_step"] if row["maturity"] == maturity]
        assert [row["reached"] for row in rows] == list(counts)
        assert [row["step"] for row in rows] == (list(STEPS.values()) if counts else [])
        assert [row["step_rate"] for row in rows[1:]] == [
            pytest.approx(now / before) for before, now in itertools.pairwise(counts)
        ]
        assert [row["cumulative_rate"] for row in shown[1]["lead_shares_by_step"] if row["maturity"] == maturity] == [
            pytest.approx(count / counts[0]) for count in counts
        ]


def test_nothing_is_said_to_come_before_the_first_step(shown):
    assert {row["step_rate"] for row in shown[1]["leads_by_step"] if row["step"] == "Leads"} == {None}


def test_months_are_whole_cohorts_the_latest_first(shown, ask):
    found = ask(
        "select cohort_month, sum(leads)::bigint, sum(opportunity_created) / sum(leads) from marts.lead_funnel group by 1 order by 1 desc"
    )
    rows = shown[1]["leads_by_month"]
    assert [(row["cohort_month"], row["leads"]) for row in rows] == [(month, leads) for month, leads, _ in found]
    assert [row["opportunity_created_cumulative_rate"] for row in rows] == [
        pytest.approx(float(rate)) for *_, rate in found
    ]


def test_speed_to_lead_lists_every_median_as_it_is(shown, ask):
    found = ask(
        "select cohort_month, rep_type, source_type, leads, untouched, speed_to_lead_seconds_median from marts.lead_funnel"
    )
    names = ("cohort_month", "rep_type", "source_type", "leads", "untouched", "speed_to_lead_seconds_median")
    assert {tuple(row[name] for name in names) for row in shown[1]["speed_to_lead"]} == set(found)


def test_every_pair_of_every_pipeline_is_what_the_mart_counts(shown, ask):
    found = ask(
        """
        select from_stage || ' → ' || to_stage, is_mature, sum(entered)::bigint, sum(advanced)::bigint, sum(lost)::bigint,
            sum(still_open)::bigint, sum(advanced) / sum(entered), sum(advanced) / nullif(sum(advanced) + sum(lost), 0)
        from marts.stage_conversion group by all
        """
    )
    rows = [row for name, listed in shown[1].items() if name.startswith("pipeline_") for row in listed]
    assert len(rows) == len(found) > 0
    for pair, is_mature, entered, advanced, lost, still_open, conversion, decided in found:
        maturity = "mature" if is_mature else "not yet mature"
        (row,) = [row for row in rows if (row["pair"], row["maturity"]) == (pair, maturity)]
        assert [row[name] for name in ("entered", "advanced", "lost", "still_open")] == [
            entered,
            advanced,
            lost,
            still_open,
        ]
        assert row["conversion_rate"] == pytest.approx(float(conversion))
        assert row["decided_rate"] == (None if decided is None else pytest.approx(float(decided)))


def test_pairs_follow_the_stages(shown):
    rows = next(listed for name, listed in shown[1].items() if name.startswith("pipeline_"))
    mature = [row["pair"].split(" → ") for row in rows if row["maturity"] == "mature"]
    assert len(mature) > 2
    assert all(here[1] == there[0] for here, there in itertools.pairwise(mature))


def test_time_in_stage_lists_quantiles_of_twelve_months_as_they_are(shown, ask):
    found = ask(
        """
        select cohort_month, pipeline, from_stage || ' → ' || to_stage, rep_type, source_type, median_days_in_stage,
            p90_days_in_stage
        from marts.stage_conversion
        where median_days_in_stage is not null
            and cohort_month > (select max(cohort_month) - interval 12 month from marts.stage_conversion)
        """
    )
    names = ("cohort_month", "pipeline", "pair", "rep_type", "source_type", "median_days_in_stage", "p90_days_in_stage")
    assert {tuple(row[name] for name in names) for row in shown[1]["time_in_stage"]} == set(found)


def test_the_pipelines_of_the_most_deals_come_first():
    facts = pl.DataFrame({"pipeline": ["a", "b", "b", "c"], "entered": [3, 1, 3, 3]})
    assert pipelines_of(Cube("stages", facts)) == ["b", "a", "c"]


def test_each_pipeline_has_a_chart_up_to_a_number(shown, ask):
    pipelines = ask("select count(distinct pipeline) from marts.stage_conversion")[0][0]
    charts = [part for section in shown[0].sections for part in section.parts if isinstance(part, Chart)]
    named = [chart.title for chart in charts if chart.title.startswith("Pipeline: ")]
    assert len(named) == min(pipelines, MOST_PIPELINES)


def test_without_leads_and_deals_it_says_so(office):  # noqa: F811
    office.environment = dict(ALL_MARTS)
    office.deliver("reps.csv", [{"rep_id": "R1", "full_name": "Ann", "rep_type": "inside", "hire_date": "2026-01-05"}])
    office.night()
    page, rows = page_of(office.workspace)
    assert rows == {}
    assert [section.empty.split(":")[0] for section in page.sections] == [
        "There are no leads to follow",
        "There are no deals to follow",
    ]


def test_without_stages_of_their_source_it_says_why_no_deal_is_followed(office):  # noqa: F811
    office.environment = dict(ALL_MARTS)
    deal = {"opportunity_id": "O1", "stage": "Demo", "owner_rep_id": "R1", "created_at": "2026-03-02T15:00:00Z"}
    office.deliver("opportunities.csv", [deal])
    office.night()
    (said,) = [section.empty for section in page_of(office.workspace)[0].sections if section.title == "Deals"]
    assert "no stages file of their source names the stages they are in (table ops.unknown_stage)" in said


@pytest.mark.browser
def test_what_a_filter_leaves_of_the_leads_is_what_the_mart_says(demo_report, read, ask):
    reader = read().open(demo_report / "funnel.html").choose(rep_type="inside", source_type="marketing", period="91")
    ((months, leads, untouched, rate),) = ask(
        """
        select count(*), sum(leads)::bigint, sum(untouched)::bigint, sum(won) / sum(leads)
        from marts.lead_funnel cross join core.parameter as p
        where rep_type = 'inside' and source_type = 'marketing' and last_day(cohort_month) > p.as_of_date - 91
        """
    )
    assert months == 3
    assert [reader.figure("leads"), reader.figure("untouched")] == [f"{leads:,}", f"{untouched:,}"]
    assert float(reader.figure("won_cumulative_rate").rstrip("%")) == pytest.approx(100 * float(rate), abs=0.05)
    assert len(reader.table("speed_to_lead")) == months
