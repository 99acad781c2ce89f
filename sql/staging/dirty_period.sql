-- One row per day, week, month or fiscal quarter that holds a day whose mart rows are replaced tonight.
-- Easily misread: the day need not be in core.dim_date any more, so its periods are worked out here.
with placed_day as (
    select
        w.activity_date,
        date_trunc('month', w.activity_date)::date as month_start,
        (month(w.activity_date) - p.fiscal_year_start_month + 12) % 12 as months_into_year,
        (isodow(w.activity_date) - p.week_start + 7) % 7 as days_into_week
    from staging.dirty_day as w
    cross join core.parameter as p
)

select
    'day' as period_grain,
    activity_date as period_start
from placed_day
union
select
    'week' as period_grain,
    (activity_date - days_into_week::integer)::date as period_start
from placed_day
union
select
    'month' as period_grain,
    month_start as period_start
from placed_day
union
select
    'quarter' as period_grain,
    (month_start - to_months(months_into_year % 3))::date as period_start
from placed_day
