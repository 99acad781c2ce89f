-- One row per night and source with activities: hours from its newest one to the end of the night's day.
-- Easily misread: weekends take time, so the limit must outlast one; holidays on which the company would else have
-- worked take none. By what the source's own usual pause is longer than three days (Friday to Monday) the silence is
-- shortened, so that a source that seldom speaks is not called silent each time. The day of as_of ends with as_of.
with night as (
    select
        n.night_date,
        p.timezone,
        p.workdays,
        least(timezone(p.timezone, (n.night_date + 1)::timestamp), p.as_of) as ended_at
    from core.alert_night as n
    cross join core.parameter as p
),

spoken_day as (
    select
        a.source,
        a.activity_date,
        max(a.occurred_at) as newest_at,
        a.activity_date - lag(a.activity_date) over (partition by a.source order by a.activity_date) as pause
    from core.latest_activities as a
    inner join core.source as s on a.source = s.source
    cross join core.parameter as p
    where a.is_deleted is not true and a.occurred_at <= p.as_of
    group by a.source, a.activity_date
),

-- a pause that came once may have been an outage, one that came twice is a habit
newest_of_day as (
    select
        source,
        activity_date,
        newest_at,
        max(pause, 2) over (
            partition by source
            order by activity_date
            range between interval 84 days preceding and current row
        )[2] as usual_pause
    from spoken_day
),

night_source as (
    select
        n.night_date,
        n.timezone,
        n.workdays,
        n.ended_at,
        s.source
    from night as n
    cross join core.source as s
),

silence as (
    select
        n.night_date,
        n.timezone,
        n.workdays,
        n.ended_at,
        n.source,
        d.newest_at,
        d.usual_pause,
        d.activity_date as newest_date
    from night_source as n
    asof inner join newest_of_day as d on n.source = d.source and n.night_date >= d.activity_date
),

holiday_pause as (
    select
        s.night_date,
        s.source,
        count(*) as holidays,
        sum(least(epoch(s.ended_at) - epoch(timezone(s.timezone, d.date_day::timestamp)), 86400)) as seconds
    from silence as s
    inner join core.dim_date as d
        on
            s.newest_date < d.date_day
            and s.night_date >= d.date_day
            and not d.is_company_workday
            and list_contains(s.workdays, d.iso_weekday)
    group by s.night_date, s.source
)

select
    s.night_date,
    s.source as subject_id,
    'hours' as limit_name,
    greatest(
        epoch(s.ended_at)
        - epoch(s.newest_at)
        - coalesce(h.seconds, 0)
        - greatest(coalesce(s.usual_pause, 0) - 3, 0) * 86400,
        0
    ) / 3600 as value,
    null::bigint as sample,
    s.usual_pause * 24::double as baseline,
    null::double as peers,
    { 'newest activity': s.newest_date, 'holidays left out': coalesce(h.holidays, 0) } as evidence
from silence as s
left join holiday_pause as h on s.night_date = h.night_date and s.source = h.source
