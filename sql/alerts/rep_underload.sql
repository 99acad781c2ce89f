-- One row per night and rep whose last week that was over by then can be compared with both the rep's own weeks before
-- and the peers: the greater of the two ratios, so that it is low only when both say so.
-- Easily misread: the sample is not what the rep did, which is what is in question, but what would have been usual.
select
    j.night_date,
    w.rep_id as subject_id,
    'times_usual' as limit_name,
    greatest(w.vs_baseline, w.vs_peers) as value,
    round(least(w.baseline_touches_per_workday, w.peer_median_touches_per_workday) * w.workdays)::bigint as sample,
    null::double as baseline,
    null::double as peers,
    {
        'touches per workday': round(w.touches_per_workday, 1),
        'own usual': round(w.baseline_touches_per_workday, 1),
        'colleagues': round(w.peer_median_touches_per_workday, 1),
        'touches': w.touches,
        'workdays': w.workdays,
        'week of': w.week_start
    } as evidence
from core.alert_night as j
inner join marts.rep_workload_weekly as w on j.week_start = w.week_start
where w.vs_baseline is not null and w.vs_peers is not null
