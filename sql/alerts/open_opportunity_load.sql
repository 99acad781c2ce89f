-- One row per night and rep with a row in the last week that was over by then: deals that the rep owned and
-- that were open at its end.
-- Easily misread: the week before the running one is judged for seven nights; the baseline is the rep's own median of
-- the eight weeks before, the peers are the median of that week's reps of the same type and role, the rep included.
with bound as (
    select
        min(week_start) - 56 as first_week,
        max(week_start) as last_week
    from core.alert_night
),

known_week as (
    select
        w.rep_id,
        w.week_start,
        w.rep_type,
        w.role,
        w.open_opportunities,
        w.open_amount,
        w.untouched_opportunities
    from marts.rep_workload_weekly as w
    inner join bound as b on w.week_start between b.first_week and b.last_week
),

compared_week as (
    select
        *,
        quantile_cont(open_opportunities, 0.5) over (
            partition by rep_id
            order by week_start
            range between interval 56 days preceding and interval 7 days preceding
        ) as baseline,
        quantile_cont(open_opportunities, 0.5) over (partition by week_start, rep_type, role) as peers
    from known_week
)

select
    j.night_date,
    w.rep_id as subject_id,
    'open_opportunities' as limit_name,
    w.open_opportunities::double as value,
    null::bigint as sample,
    w.baseline,
    w.peers,
    {
        'open deals': w.open_opportunities,
        'untouched deals': w.untouched_opportunities,
        'open amount': round(w.open_amount)::bigint,
        'week of': w.week_start
    } as evidence
from core.alert_night as j
inner join compared_week as w on j.week_start = w.week_start
