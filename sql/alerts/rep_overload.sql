-- One row per night, rep and limit, of the last week that ended before the night.
-- Easily misread: times_usual is the lesser of the rep's own usual and the peers', so both must be passed; without one
-- of them it says nothing.
with judged_week as (
    select
        n.night_date,
        w.*
    from core.alert_night as n
    inner join core.dim_date as d on n.night_date = d.date_day
    inner join marts.rep_workload_weekly as w on d.week_start - 7 = w.week_start
    where w.workdays > 0
),

measured as (
    select
        night_date,
        rep_id,
        'touches_per_workday' as limit_name,
        touches_per_workday as value
    from judged_week
    union all
    select
        night_date,
        rep_id,
        'times_usual' as limit_name,
        least(vs_baseline, vs_peers) as value
    from judged_week
    where vs_baseline is not null and vs_peers is not null
)

select
    m.night_date,
    m.rep_id as subject_id,
    m.limit_name,
    m.value,
    null::bigint as sample,
    case m.limit_name when 'times_usual' then 1.0 else w.baseline_touches_per_workday end::double as baseline,
    case m.limit_name when 'times_usual' then 1.0 else w.peer_median_touches_per_workday end::double as peers,
    {
        'touches': w.touches,
        'workdays': w.workdays,
        'week of': w.week_start,
        'times own usual': w.vs_baseline,
        'times peers': w.vs_peers
    } as evidence
from measured as m
inner join judged_week as w on m.night_date = w.night_date and m.rep_id = w.rep_id
