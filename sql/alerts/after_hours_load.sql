-- One row per night and rep: share of touches outside the working hours, in the four weeks up to the last that is over.
-- Easily misread: touches on a day off are after hours too. Four weeks are added up before they are divided, as one
-- late evening is no habit. The baseline is the rep's own median of this figure at the eight weeks before, the peers
-- are the median of the same rep type and role.
with bound as (
    select
        min(week_start) - 77 as first_week,
        max(week_start) as last_week
    from core.alert_night
),

known_week as (
    select
        w.rep_id,
        w.week_start,
        w.rep_type,
        w.role,
        w.touches,
        w.after_hours_touches
    from marts.rep_workload_weekly as w
    inner join bound as b on w.week_start between b.first_week and b.last_week
),

four_weeks as (
    select
        rep_id,
        week_start,
        rep_type,
        role,
        sum(touches) over so_far::bigint as touches,
        sum(after_hours_touches) over so_far::bigint as after_hours_touches
    from known_week
    window so_far as (
        partition by rep_id
        order by week_start
        range between interval 21 days preceding and current row
    )
),

divided_week as (
    select
        *,
        after_hours_touches::double / touches as after_hours_share
    from four_weeks
    where touches > 0
),

compared_week as (
    select
        *,
        quantile_cont(after_hours_share, 0.5) over (
            partition by rep_id
            order by week_start
            range between interval 56 days preceding and interval 7 days preceding
        ) as baseline,
        quantile_cont(after_hours_share, 0.5) over (partition by week_start, rep_type, role) as peers
    from divided_week
)

select
    j.night_date,
    w.rep_id as subject_id,
    'after_hours_share' as limit_name,
    w.after_hours_share as value,
    w.touches as sample,
    w.baseline,
    w.peers,
    {
        'touches after hours in four weeks': w.after_hours_touches,
        'touches': w.touches,
        'last week': w.week_start
    } as evidence
from core.alert_night as j
inner join compared_week as w on j.week_start = w.week_start
