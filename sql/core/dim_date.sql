-- One row per calendar day, from the first hire or event to the end of the fiscal year that holds as_of.
-- Easily misread: quarters and years are fiscal, and a week starts on company.week_start, not always on Monday.
with known_day as (
    select min(hire_date) as date_day
    from core.latest_reps
    where is_deleted is not true
    union all
    select min(least(activity_date, case when channel = 'meeting' then created_date end)) as date_day
    from core.latest_activities
    where is_deleted is not true
    union all
    select timezone(p.timezone, min(c.changed_at))::date as date_day
    from core.latest_stage_changes as c
    cross join core.parameter as p
    where c.is_deleted is not true
    group by p.timezone
    union all
    select timezone(p.timezone, min(least(o.created_at, o.closed_at)))::date as date_day
    from core.latest_opportunities as o
    cross join core.parameter as p
    where o.is_deleted is not true
    group by p.timezone
    union all
    select timezone(p.timezone, min(l.created_at))::date as date_day
    from core.latest_leads as l
    cross join core.parameter as p
    where l.is_deleted is not true
    group by p.timezone
),

fiscal_month as (
    select
        as_of_date,
        (month(as_of_date) - fiscal_year_start_month + 12) % 12 as months_into_year
    from core.parameter
),

bound as (
    select
        least(f.as_of_date, min(k.date_day)) as first_day,
        (date_trunc('month', f.as_of_date) - to_months(f.months_into_year) + interval 1 year)::date as next_year_start
    from fiscal_month as f
    cross join known_day as k
    group by f.as_of_date, f.months_into_year
),

calendar_day as (
    select unnest(range(first_day::timestamp, next_year_start::timestamp, interval 1 day))::date as date_day
    from bound
),

placed_day as (
    select
        c.date_day,
        isodow(c.date_day)::integer as iso_weekday,
        date_trunc('month', c.date_day)::date as month_start,
        (month(c.date_day) - p.fiscal_year_start_month + 12) % 12 as months_into_year,
        (isodow(c.date_day) - p.week_start + 7) % 7 as days_into_week,
        p.workdays,
        p.default_country
    from calendar_day as c
    cross join core.parameter as p
),

company_holiday as (
    select
        country,
        holiday_date
    from core.holiday
    group by country, holiday_date
)

select
    d.date_day,
    d.iso_weekday,
    (d.date_day - d.days_into_week::integer)::date as week_start,
    d.month_start,
    (d.month_start - to_months(d.months_into_year % 3))::date as quarter_start,
    (d.month_start - to_months(d.months_into_year))::date as year_start,
    list_contains(d.workdays, d.iso_weekday) and h.holiday_date is null as is_company_workday
from placed_day as d
left join company_holiday as h on d.default_country = h.country and d.date_day = h.holiday_date
