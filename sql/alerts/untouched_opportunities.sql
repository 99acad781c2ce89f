-- One row per night and rep who owned open deals at the end of the last week that was over: the share of them that the
-- rep had left alone, the least of it at the ends of the last four weeks.
-- Easily misread: the least, so that one slow week is no neglect. Only weeks are judged whose untouched_days the
-- activities on record cover, for before the first of them everything looks left alone. The baseline is the rep's own
-- median of the eight weeks before, the peers are the median of the same rep type and role.
with bound as (
    select
        min(week_start) - 77 as first_week,
        max(week_start) as last_week
    from core.alert_night
),

first_record as (
    select min(activity_date) as first_date
    from marts.rep_activity_daily
    where touches > 0
),

known_week as (
    select
        w.rep_id,
        w.week_start,
        w.rep_type,
        w.role,
        w.open_opportunities,
        w.untouched_opportunities,
        coalesce(w.untouched_opportunities::double / nullif(w.open_opportunities, 0), 0) as untouched_share
    from marts.rep_workload_weekly as w
    inner join bound as b on w.week_start between b.first_week and b.last_week
    cross join core.parameter as p
    cross join first_record as f
    where w.week_start + 7 - p.untouched_days >= f.first_date
),

lasting_week as (
    select
        *,
        count(*) over four_weeks as weeks,
        min(untouched_share) over four_weeks as least_share,
        min(open_opportunities) over four_weeks as least_open
    from known_week
    window four_weeks as (
        partition by rep_id
        order by week_start
        range between interval 21 days preceding and current row
    )
),

compared_week as (
    select
        *,
        quantile_cont(least_share, 0.5) over (
            partition by rep_id
            order by week_start
            range between interval 56 days preceding and interval 7 days preceding
        ) as baseline,
        quantile_cont(least_share, 0.5) over (partition by week_start, rep_type, role) as peers
    from lasting_week
    where weeks = 4 and open_opportunities > 0
)

select
    j.night_date,
    w.rep_id as subject_id,
    'untouched_share' as limit_name,
    w.least_share as value,
    w.least_open as sample,
    w.baseline,
    w.peers,
    {
        'untouched deals': w.untouched_opportunities, 'open deals': w.open_opportunities, 'week of': w.week_start
    } as evidence
from core.alert_night as j
inner join compared_week as w on j.week_start = w.week_start
