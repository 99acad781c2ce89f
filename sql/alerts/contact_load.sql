-- One row per night and rep with a row in the last week that was over by then: contacts touched in the 28 days up to
-- its end.
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
        w.contacts_active,
        w.touches
    from marts.rep_workload_weekly as w
    inner join bound as b on w.week_start between b.first_week and b.last_week
),

compared_week as (
    select
        *,
        quantile_cont(contacts_active, 0.5) over (
            partition by rep_id
            order by week_start
            range between interval 56 days preceding and interval 7 days preceding
        ) as baseline,
        quantile_cont(contacts_active, 0.5) over (partition by week_start, rep_type, role) as peers
    from known_week
)

select
    j.night_date,
    w.rep_id as subject_id,
    'contacts_active' as limit_name,
    w.contacts_active::double as value,
    null::bigint as sample,
    w.baseline,
    w.peers,
    { 'contacts of 28 days': w.contacts_active, 'touches of the week': w.touches, 'week of': w.week_start } as evidence
from core.alert_night as j
inner join compared_week as w on j.week_start = w.week_start
