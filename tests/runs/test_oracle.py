"""Figures of the demo company, recomputed over its files by programs that share nothing with the pipeline.

One company of 60 reps and two years, and one night in the middle of a month and of a day, for all of them: events,
closes and people come after it. Every row of a mart is compared; counts and money are equal, rates to a part in 10^12.
"""

import pickle
from datetime import datetime
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from pipelines.demo import demo_settings, write_demo
from tests.cheap_nights import ALL_MARTS
from tests.oracles.activity_oracle import figures_of
from tests.oracles.company import Company
from tests.oracles.kpi_oracle import sales_kpis
from tests.oracles.lead_oracle import lead_funnels
from tests.oracles.rates import is_same
from tests.oracles.scorecard_oracle import comparisons, scorecards, yields
from tests.oracles.stage_oracle import stage_conversions
from tests.oracles.target_oracle import attainments
from tests.oracles.turnover_oracle import turnovers
from tests.oracles.workload_oracle import workloads

AS_OF = datetime(2026, 6, 18, 15, 30, tzinfo=ZoneInfo("America/New_York"))
QUERIES = {
    "touches": "select rep_id, activity_date, touches from marts.rep_activity_daily where touches > 0",
    "meetings_booked": "select rep_id, activity_date, meetings_booked from marts.rep_activity_daily where meetings_booked > 0",
    "calls_connected": "select rep_type, period_start, calls_connected from marts.rep_type_activity"
    " where period_grain = 'month' and calls_connected > 0",
    "meetings_held": "select rep_type, period_start, meetings_held from marts.rep_type_activity"
    " where period_grain = 'week' and meetings_held > 0",
    "contacts_touched": "select rep_type, period_start, contacts_touched from marts.rep_type_activity"
    " where period_grain = 'month' and contacts_touched > 0",
    "rep_workdays": "select rep_type, period_start, rep_workdays from marts.rep_type_activity"
    " where period_grain = 'month' and rep_workdays > 0",
    "after_hours_touches": "select rep_id, date_trunc('month', activity_date)::date, sum(after_hours_touches)"
    " from marts.rep_activity_daily group by 1, 2 having sum(after_hours_touches) > 0",
    "talk_seconds": "select team, sum(talk_seconds) from marts.rep_activity_daily group by 1 having sum(talk_seconds) > 0",
}
MARTS = {
    "rep_scorecard_monthly": (scorecards, "rep_id, period_start"),
    "target_attainment": (attainments, "rep_id, period_grain, period_start, metric"),
    "activity_yield_monthly": (yields, "period_start, rep_type"),
    "inside_outside_comparison": (comparisons, "period_start, metric"),
    "stage_conversion": (stage_conversions, "cohort_month, pipeline, rep_type, source_type, from_stage, to_stage"),
    "lead_funnel": (lead_funnels, "cohort_month, rep_type, source_type"),
    "rep_workload_weekly": (workloads, "rep_id, week_start"),
    "team_turnover_monthly": (turnovers, "period_start, scope, scope_id"),
}
COLUMNS = {
    "rep_scorecard_monthly": "touches calls emails meetings_held meetings_booked proposals_sent talk_seconds"
    " opportunities_created won_count lost_count won_amount field_days rep_type role team in_person_share"
    " observed_rep_type is_rep_type_drift unpriced_count win_rate tenure_days is_ramping",
    "target_attainment": "target actual attainment expected_by_now pace",
    "activity_yield_monthly": "touches calls calls_outbound calls_outbound_connected calls_connected meetings_held"
    " opportunities_created won_count connect_rate touches_per_meeting meetings_per_opportunity touches_per_win",
    "inside_outside_comparison": "inside_value outside_value hybrid_value inside_vs_outside inside_numerator"
    " inside_denominator outside_numerator outside_denominator hybrid_numerator hybrid_denominator",
    "stage_conversion": "entered advanced lost still_open conversion_rate decided_rate median_days_in_stage"
    " p90_days_in_stage is_mature",
    "lead_funnel": "leads contacted connected meeting_held opportunity_created won untouched contacted_rate"
    " connected_rate meeting_held_rate opportunity_created_rate won_rate won_cumulative_rate"
    " speed_to_lead_seconds_median is_mature",
    "rep_workload_weekly": "workdays touches touches_per_workday contacts_active open_opportunities open_amount"
    " meeting_hours after_hours_share baseline_weeks baseline_touches_per_workday peer_median_touches_per_workday"
    " vs_baseline vs_peers untouched_opportunities workload_level",
    "team_turnover_monthly": "headcount_start headcount_end hires transfers_in transfers_out separations"
    " separations_voluntary separations_involuntary headcount_average_12m separations_12m turnover_rate_12m"
    " is_over_threshold vacancy_days median_tenure_days",
}
KPIS = (
    "win_rate win_rate_by_amount average_deal_size sales_cycle_days expansion_share quota_attainment"
    " pipeline_open_amount pipeline_inflow_amount pipeline_outflow_amount pipeline_changes_amount pipeline_velocity"
    " pipeline_coverage customer_acquisition_cost customer_churn_rate forecast_accuracy selling_time_share"
)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The workspace after its night, and all recomputed figures; one test process makes both for the others."""
    from tests.runs.conftest import Office, made_once

    def make(folder):
        recomputed = make_demo(Office(folder / "workspace", demo_settings()))
        (folder / "recomputed").write_bytes(pickle.dumps(recomputed))

    folder = made_once(tmp_path_factory, "recomputed_demo", make)
    return Demo(Office(folder / "workspace", demo_settings())), pickle.loads((folder / "recomputed").read_bytes())


class Demo:
    """The published file; a table is read once for all tests of it."""

    def __init__(self, office):
        self.query = office.query
        self.columns = cache(self._columns)

    def _columns(self, mart):
        """Each column of the mart as the tuple of its cells, rows in one order."""
        names = f"{MARTS[mart][1]}, {', '.join(COLUMNS[mart].split())}"
        return dict(
            zip(names.split(", "), zip(*self.query(f"select {names} from marts.{mart}"), strict=True), strict=True)
        )

    def rows(self, mart, *names):
        """The mart's key and the cells of the named columns."""
        columns = self.columns(mart)
        keys = zip(*(columns[name] for name in MARTS[mart][1].split(", ")), strict=True)
        return zip(keys, *(columns[name] for name in names), strict=True)


def make_demo(office):
    """Writes the company, runs its night, and recomputes what that should have found."""
    inbox = office.workspace.home / "inbox" / "crm"
    dialer = inbox.parent / "dialer"
    write_demo(inbox, reps=60, days=730, events=24_000, seed=3, dialer=dialer)
    office.environment = ALL_MARTS
    office.night(as_of=AS_OF)
    company = Company(inbox, AS_OF, dialer)
    recomputed = {mart: recompute(company) for mart, (recompute, _) in MARTS.items()}
    return {**recomputed, "sales_kpi": sales_kpis(company), "figures": figures_of(company.export, AS_OF)}


@pytest.mark.parametrize("figure", QUERIES)
def test_a_figure_equals_its_independent_recomputation(demo, figure):
    published, expected = demo
    found = {_key(row[:-1]): int(row[-1]) for row in published.query(QUERIES[figure])}
    assert found == {_key(key): number for key, number in expected["figures"][figure].items()}
    assert found


def test_every_file_is_accounted_for_as_recomputed(demo):
    published, expected = demo
    names = ("rows_read", "rows_accepted", "rows_duplicate", "rows_superseded", "rows_quarantined", "rows_ignored")
    rows = published.query(f"select file_name, {', '.join(names)} from ops.load_accounting")
    found = {name: {place: n for place, n in zip(names, counts, strict=True) if n} for name, *counts in rows}
    assert found == {
        name: {place: n for place, n in counts.items() if n}
        for name, counts in expected["figures"]["accounting"].items()
    }


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_has_the_recomputed_rows(demo, mart):
    published, expected = demo
    found = {key for (key,) in published.rows(mart)}
    missing, surplus = expected[mart].keys() - found, found - expected[mart].keys()
    assert not missing and not surplus, f"missing {_few(missing)}, surplus {_few(surplus)}"
    assert found


@pytest.mark.parametrize(
    ("mart", "column"), [(mart, name) for mart, names in COLUMNS.items() for name in names.split()]
)
def test_a_column_of_a_mart_equals_its_recomputation(demo, mart, column):
    published, expected = demo
    cells = published.rows(mart, column)
    pairs = [(key, value, expected[mart][key][column]) for key, value in cells if key in expected[mart]]
    differing = [pair for pair in pairs if not is_same(*pair[1:])]
    assert not differing, f"{len(differing)} of {len(pairs)} cells differ (row, found, recomputed): {_few(differing)}"
    assert pairs


@pytest.mark.parametrize("kpi", KPIS.split())
def test_a_kpi_equals_its_recomputation_in_every_period_and_scope(demo, kpi):
    """A period or scope without anything has no recomputed row: it must be published as nothing."""
    published, expected = demo
    columns = "period_grain, period_start, scope, scope_id, value, numerator, denominator"
    rows = published.query(f"select {columns} from marts.sales_kpi where kpi = '{kpi}'")
    found = {row[:4]: row[4:] for row in rows}
    missing = {key for key, parts in expected["sales_kpi"][kpi].items() if any(parts)} - found.keys()
    assert not missing, f"missing {_few(missing)}"
    nothing = (0, 0, None) if kpi.startswith("pipeline") and kpi.endswith("amount") else (None, None, None)
    pairs = [(key, parts, expected["sales_kpi"][kpi].get(key, nothing)) for key, parts in found.items()]
    if kpi == "forecast_accuracy":  # where nothing was forecast, what was won is published all the same
        pairs = [(key, (*parts[:2], None) if wanted == nothing else parts, wanted) for key, parts, wanted in pairs]
    differing = [pair for pair in pairs if not _is_same_kpi(*pair[1:])]
    assert not differing, f"{len(differing)} of {len(pairs)} rows differ (row, found, recomputed): {_few(differing)}"
    assert pairs


def _is_same_kpi(found, expected):
    """A sum of nothing may be 0 or absent, a value that nobody can say is absent; a part that is a rate is rounded."""
    parts = zip(found[1:], expected[1:], strict=True)
    return is_same(found[0], expected[0]) and all(
        is_same(float(one or 0) if isinstance(other, Fraction) else one or 0, other or 0) for one, other in parts
    )


def _few(items):
    return "; ".join(map(str, sorted(items, key=str)[:4])) + (" …" if len(items) > 4 else "")


def _key(key):
    return tuple(key) if isinstance(key, tuple) else (key,)
