-- One row per source and working day since the last good night: how many activities that weekday usually holds.
-- Easily misread: an earlier day is counted as it stood the same time after its end, since people log late.
with night as (
    select
        now.as_of,
        case
            when timezone(now.timezone, now.as_of + interval 1 second)::date > now.as_of_date then now.as_of_date
            else now.as_of_date - 1
        end as last_day,
        case
            when timezone(before.timezone, before.as_of + interval 1 second)::date > before.as_of_date
                then before.as_of_date
            else before.as_of_date - 1
        end as judged_until
    from core.parameter as now
    cross join previous.core.parameter as before
),

known as (
    select
        a.source,
        a.activity_date,
        count(*) as activities
    from core.latest_activities as a
    cross join night as n
    where
        a.is_deleted is not true
        and a.activity_date between n.last_day - 63 and n.last_day
        and greatest(epoch_us(a.occurred_at), epoch_us(coalesce(a.created_at, a.occurred_at)))
        <= epoch_us(n.as_of) - (n.last_day - a.activity_date) * 86400000000
    group by a.source, a.activity_date
),

started as (
    select
        source,
        min(activity_date) as first_day
    from core.latest_activities
    where is_deleted is not true
    group by source
),

working_day as (
    select
        s.source,
        d.date_day,
        d.iso_weekday,
        coalesce(k.activities, 0) as activities
    from core.dim_date as d
    cross join night as n
    inner join started as s on d.date_day >= s.first_day
    left join known as k on s.source = k.source and d.date_day = k.activity_date
    where d.is_company_workday and d.date_day between n.last_day - 63 and n.last_day
)

select
    day.source,
    day.date_day,
    median(earlier.activities) as usual_activities
from working_day as day
cross join night as n
inner join working_day as earlier
    on
        day.source = earlier.source
        and day.iso_weekday = earlier.iso_weekday
        and earlier.date_day < day.date_day
        and earlier.date_day >= day.date_day - 56
where day.date_day > n.judged_until and day.date_day > n.last_day - 7
group by day.source, day.date_day
having count(*) >= 4
order by day.source, day.date_day
