-- One row per night and source: activities of the last company workday before the night's day, as a share of what that
-- weekday usually holds: the median of those of the eight weeks before that were workdays, four of them at least.
-- Easily misread: an earlier day is counted as it stood the same number of days after it, since people log late.
with judged_day as (
    select
        n.night_date,
        max(d.date_day) as judged_date
    from core.alert_night as n
    inner join core.dim_date as d on n.night_date > d.date_day and n.night_date - 14 <= d.date_day
    where d.is_company_workday
    group by n.night_date
),

bound as (
    select
        min(judged_date) - 56 as first_date,
        max(judged_date) as last_date
    from judged_day
),

logged_day as (
    select
        a.source,
        a.activity_date,
        greatest(coalesce(a.created_date, a.activity_date) - a.activity_date, 0) as days_late,
        count(*) as activities
    from core.latest_activities as a
    inner join bound as b on a.activity_date between b.first_date and b.last_date
    where a.is_deleted is not true
    group by a.source, a.activity_date, greatest(coalesce(a.created_date, a.activity_date) - a.activity_date, 0)
),

known_source as (
    select
        a.source,
        min(a.activity_date) as first_date
    from core.latest_activities as a
    inner join core.source as s on a.source = s.source
    where a.is_deleted is not true
    group by a.source
),

week_before as (
    select unnest(range(0, 9))::integer as weeks
),

-- the judged day and, from 1 week to 8 before it, the days it is compared with
asked_day as (
    select
        j.night_date,
        j.judged_date,
        w.weeks,
        d.date_day,
        j.night_date - j.judged_date as days_known
    from judged_day as j
    cross join week_before as w
    inner join core.dim_date as d on d.date_day = j.judged_date - 7 * w.weeks
    where d.is_company_workday
),

counted_day as (
    select
        a.night_date,
        a.judged_date,
        a.weeks,
        s.source,
        coalesce(sum(l.activities), 0)::bigint as activities
    from asked_day as a
    inner join known_source as s on a.date_day >= s.first_date
    left join logged_day as l
        on a.date_day = l.activity_date and s.source = l.source and a.days_known >= l.days_late
    group by a.night_date, a.judged_date, a.weeks, s.source
),

compared_day as (
    select
        night_date,
        judged_date,
        source,
        max(activities) filter (where weeks = 0) as activities,
        quantile_cont(activities, 0.5) filter (where weeks > 0) as usual,
        count(*) filter (where weeks > 0) as usual_days
    from counted_day
    group by night_date, judged_date, source
)

select
    night_date,
    source as subject_id,
    'share' as limit_name,
    activities / usual as value,
    round(usual)::bigint as sample,
    1.0::double as baseline,
    null::double as peers,
    { 'activities': activities, 'usually': round(usual)::bigint, 'day': judged_date } as evidence
from compared_day
where usual_days >= 4 and usual > 0
