-- One row per night, rep and limit, of the last week that ended before the night.
-- Easily misread: times_usual is the lesser of the rep's own usual and the peers', so both must be passed; without one
-- of them it says nothing.
with judged_week as (
    select
        n.night_date,
        w.rep_id,
        w.touches,
        w.touches_per_workday,
        w.baseline_touches_per_workday,
        w.peer_median_touches_per_workday,
        case when w.vs_baseline is not null and w.vs_peers is not null then least(w.vs_baseline, w.vs_peers) end
            as times_usual,
        {
            'touches per workday': round(w.touches_per_workday, 1),
            'own usual': round(w.baseline_touches_per_workday, 1),
            'colleagues': round(w.peer_median_touches_per_workday, 1),
            'touches': w.touches,
            'workdays': w.workdays,
            'week of': w.week_start
        } as evidence
    from core.alert_night as n
    inner join marts.rep_workload_weekly as w on n.week_start = w.week_start
    where w.workdays > 0
)

select
    night_date,
    rep_id as subject_id,
    'touches_per_workday' as limit_name,
    touches_per_workday as value,
    touches as sample,
    baseline_touches_per_workday as baseline,
    peer_median_touches_per_workday as peers,
    evidence
from judged_week
union all
select
    night_date,
    rep_id as subject_id,
    'times_usual' as limit_name,
    times_usual as value,
    touches as sample,
    null::double as baseline,
    null::double as peers,
    evidence
from judged_week
where times_usual is not null
