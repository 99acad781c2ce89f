"""What a night's alerts cost: the third part of `make bench`, or with other sizes by hand.

All rules on a company of many reps and two years, whose tables are made by counting and not through nights: the seconds
of the evaluation and of its slowest rules, and the evaluation as a ratio to one scan of marts.rep_workload_weekly.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, date, datetime

import duckdb

from models.settings import Settings
from pipelines.alerting.episodes import Night
from pipelines.alerting.judge import judge_night
from pipelines.night.shipped import shipped_catalogue, shipped_rules
from sql.alert_judgement import ENGINE_READS, evaluate
from sql.alert_limits import write_nights
from sql.inputs import Parameters, create_parameter_table
from sql.rows import create_table
from sql.warehouse import Warehouse

NIGHT = date(2026, 3, 16)
REPS = (
    "select range as n, 'crm:R' || range as rep_id, 'Team ' || range % ($reps / 10)::bigint as team from range($reps)"
)
DAYS = "select unnest(range(date '2026-03-16' - 730, date '2026-03-17', interval 1 day))::date as date_day"
WEEKS = "select (date '2024-03-18' + 7 * range::integer)::date as week_start from range(104)"
MONTHS = "select (date '2024-04-01' + to_months(range::integer))::date as period_start from range(23)"
FILLED = {
    "core.dim_date": f"""
        select date_day, isodow(date_day)::integer as iso_weekday, date_trunc('week', date_day)::date as week_start,
            date_trunc('month', date_day)::date as month_start, isodow(date_day) < 6 as is_company_workday
        from ({DAYS})""",
    "core.dim_rep": f"""
        select rep_id, date '0001-01-01' as valid_from, date '9999-12-31' as valid_to, 'Rep ' || n as full_name,
            'inside' as rep_type, 'ae' as role, team, 'US' as country, date '2024-01-08' as hire_date
        from ({REPS})""",
    "core.fct_rep_day": f"""
        select rep_id, date_day, team, isodow(date_day) < 6 as is_workday from ({REPS}), ({DAYS})""",
    "core.fct_time_off": f"""
        select rep_id, (date '2026-03-09' - (n % 60)::integer)::date as start_date,
            (date '2026-03-13' - (n % 60)::integer)::date as end_date
        from ({REPS}) where n % 5 = 0""",
    "core.source": "select * from (values ('crm', 1), ('dialer', 2)) as v (source, priority)",
    "core.latest_activities": """
        select 'crm:' || range as activity_id, if(range % 3 = 0, 'dialer', 'crm') as source,
            (date '2026-03-16' - (range % 730)::integer)::date as activity_date,
            timestamptz '2026-03-16 15:00:00+00' - to_days((range % 730)::integer) as occurred_at
        from range($events)""",
    "core.fct_activity": """
        select 'crm:' || range as activity_id, if(range % 3 = 0, 'dialer', 'crm') as source,
            if(range % 97 = 0, 'unknown', 'crm:R' || range % $reps) as rep_id, range % 4 > 0 as is_touch,
            (date '2026-03-16' - (range % 730)::integer)::date as activity_date
        from range($events)""",
    "core.fct_stage_passage": """
        select 'crm:O' || range as opportunity_id, 'S' || range % 5 as stage, 'default' as pipeline,
            'S' || (range % 5 + 1) as next_stage, (date '2026-03-16' - (range % 730)::integer)::date as passed_date,
            if(range % 3 = 0, 'lost', 'advanced') as became,
            timestamptz '2026-03-26 15:00:00+00' - to_days((range % 730)::integer) as advanced_at
        from range($events // 10)""",
    "ops.load_accounting": """
        select 'L' || range as load_id, if(range % 2 = 0, 'crm', 'dialer') as source, 'activities' as entity,
            1000 as rows_read, 1000 - range % 9 as rows_accepted, range % 9 as rows_quarantined,
            timestamptz '2026-03-16 23:00:00+00' - to_days((range // 2)::integer) as as_of
        from range(1460)""",
    "ops.load": """
        select 'L' || range as load_id, if(range % 2 = 0, 'crm', 'dialer') as source, 'activities' as entity,
            'accepted' as status, timestamptz '2026-03-16 23:00:00+00' - to_days((range // 2)::integer) as as_of
        from range(1460)""",
    "marts.rep_workload_weekly": f"""
        select rep_id, week_start, true as is_complete, 'inside' as rep_type, 'ae' as role, team, false as is_ramping,
            5 as workdays, 5 * v as touches, v::double as touches_per_workday, 3 * v as contacts_active,
            v // 2 as open_opportunities, 900 * v as meeting_seconds, v / 4 as meeting_hours, v as after_hours_touches,
            v % 50 / 100 as after_hours_share, 40.0 as baseline_touches_per_workday, 8 as baseline_weeks,
            50.0 as peer_median_touches_per_workday, v / 40 as vs_baseline, v / 50 as vs_peers,
            v // 6 as untouched_opportunities
        from (select *, 10 + (hash(rep_id, week_start) % 85)::bigint as v from ({REPS}), ({WEEKS}))""",
    "marts.rep_scorecard_monthly": f"""
        select rep_id, period_start, true as is_complete, if(n % 40 = 0, 'outside', 'inside') as rep_type, team,
            12 as meetings_held, 12 as meetings_in_person, 10000 as meeting_seconds, 400 as in_person_meeting_seconds,
            0.04 as in_person_share, 'inside' as observed_rep_type
        from ({REPS}), ({MONTHS})""",
    "marts.rep_activity_daily": f"""
        select rep_id, date_day as activity_date, 40 as touches from ({REPS}), ({DAYS}) where isodow(date_day) < 6""",
    "marts.team_turnover_monthly": f"""
        select period_start, 'team' as scope, team as scope_id, true as is_complete, 10 as headcount_end,
            month(period_start) % 2 as separations, month(period_start) % 4 as separations_12m,
            10.0 as headcount_average_12m, month(period_start) % 4 / 10 as turnover_rate_12m, 0 as vacancy_days
        from (select team from ({REPS}) group by team), ({MONTHS})""",
}
SCAN = """
select sum(touches), sum(contacts_active), sum(open_opportunities), sum(meeting_hours), sum(after_hours_share),
    sum(vs_baseline), sum(vs_peers), sum(untouched_opportunities), max(week_start), max(rep_id)
from marts.rep_workload_weekly
"""


def fill_tables(connection: duckdb.DuckDBPyConnection, reps: int, events: int) -> None:
    """Every table that rules read; those without rows above stay empty."""
    specs = shipped_catalogue().specs()
    episodes = ("marts.alerts", "ops.alert_transition", "ops.alert_evaluation")
    read = {table for rule in shipped_rules() for table in rule.query.reads}
    for table in sorted({*read, *ENGINE_READS, *episodes}):
        create_table(connection, specs[table])
        if table in FILLED:
            query = FILLED[table].replace("$reps", str(reps)).replace("$events", str(events))
            connection.execute(f"insert into {table} by name {query}")
    as_of = datetime(2026, 3, 16, 23, 59, 59, tzinfo=UTC)
    create_parameter_table(connection, Parameters(as_of=as_of))


def seconds_of(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    """The middle of three."""
    found = []
    for _ in range(3):
        begun = time.perf_counter()
        connection.execute(query).fetchall()
        found.append(time.perf_counter() - begun)
    return sorted(found)[1]


def main() -> None:
    """Prints seconds, ratio and what was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reps", type=int, default=10_000)
    options.add_argument("--events", type=int, default=5_000_000)
    chosen = options.parse_args()
    rules, settings = shipped_rules(), Settings()
    with Warehouse(threads=2) as warehouse:
        connection = warehouse.connection
        fill_tables(connection, chosen.reps, chosen.events)
        write_nights(connection, [NIGHT])
        scan = seconds_of(connection, SCAN)
        begun = time.perf_counter()
        evaluations = evaluate(connection, rules, settings)
        evaluated = time.perf_counter() - begun
        begun = time.perf_counter()
        judged = judge_night(connection, rules, settings, Night(NIGHT, datetime(2026, 3, 16, 23, 59, 59, tzinfo=UTC)))
        first = time.perf_counter() - begun
        slowest = sorted(((seconds_of(connection, rule.query.text), rule.name) for rule in rules), reverse=True)[:3]
    refused = [f"{one.rule}: {one.reason}" for one in evaluations if one.reason]
    subjects, beyond = sum(one.subjects for one in evaluations), sum(one.beyond for one in evaluations)
    print(f"{len(rules)} rules, {chosen.reps:,} reps, two years, {os.cpu_count()} cores {' '.join(refused)}")
    print(f"{subjects:,} subjects judged, {beyond:,} beyond; {len(judged.transitions):,} episodes on the first night")
    print(f"evaluating {evaluated:.2f} s = {evaluated / scan:.0f} scans of the weeks ({scan * 1000:.0f} ms)")
    print(f"evaluating and folding {first:.2f} s; slowest: {', '.join(f'{name} {s:.2f} s' for s, name in slowest)}")


if __name__ == "__main__":
    main()
