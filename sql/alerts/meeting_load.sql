-- One row per night and rep: hours of held meetings a workday, in the four weeks up to the last one that was over.
-- Easily misread: four weeks are added up before they are divided, so that one week of a fair is no load. The baseline
-- is the rep's own median of this figure at the eight weeks before, the peers are the median of the same rep type and
-- role.
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
        w.workdays,
        w.meeting_seconds
    from marts.rep_workload_weekly as w
    inner join bound as b on w.week_start between b.first_week and b.last_week
),

four_weeks as (
    select
        rep_id,
        week_start,
        rep_type,
        role,
        sum(workdays) over so_far::bigint as workdays,
        sum(meeting_seconds) over so_far::bigint as meeting_seconds
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
        meeting_seconds::double / 3600 / workdays as meeting_hours_per_workday
    from four_weeks
    where workdays > 0
),

compared_week as (
    select
        *,
        quantile_cont(meeting_hours_per_workday, 0.5) over (
            partition by rep_id
            order by week_start
            range between interval 56 days preceding and interval 7 days preceding
        ) as baseline,
        quantile_cont(meeting_hours_per_workday, 0.5) over (partition by week_start, rep_type, role) as peers
    from divided_week
)

select
    j.night_date,
    w.rep_id as subject_id,
    'meeting_hours_per_workday' as limit_name,
    w.meeting_hours_per_workday as value,
    w.workdays as sample,
    w.baseline,
    w.peers,
    {
        'meeting hours of four weeks': round(w.meeting_seconds::double / 3600, 1),
        'workdays': w.workdays,
        'last week': w.week_start
    } as evidence
from core.alert_night as j
inner join compared_week as w on j.week_start = w.week_start
