"""Figures of the demo company, recomputed over its files by programs that share nothing with the pipeline.

One company of 60 reps and two years, and one night in the middle of a month and of a day, for all of them: events,
closes and people come after it. Every row of a mart is compared; counts and money are equal, rates to a part in 10^12.
"""

import fcntl
import pickle
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pipelines.demo import demo_settings, write_demo
from tests.oracles.activity_oracle import figures
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
