-- One row per period grain and calendar day: which day, week, month, fiscal quarter and year a day lies in.
-- Easily misread: the period that holds as_of is not complete, even at the last instant of its last day.
with period_day as (
    select
        'day' as period_grain,
        date_day,
        date_day as period_start,
        date_day + 1 as next_period_start
    from core.dim_date
    union all
    select
        'week' as period_grain,
        date_day,
        week_start as period_start,
        week_start + 7 as next_period_start
    from core.dim_date
    union all
    select
        'month' as period_grain,
        date_day,
        month_start as period_start,
        (month_start + interval 1 month)::date as next_period_start
    from core.dim_date
    union all
    select
        'quarter' as period_grain,
        date_day,
        quarter_start as period_start,
        (quarter_start + interval 3 month)::date as next_period_start
    from core.dim_date
    union all
    select
        'year' as period_grain,
        date_day,
        year_start as period_start,
        (year_start + interval 1 year)::date as next_period_start
    from core.dim_date
)

select
    d.period_grain,
    d.date_day,
    d.period_start,
    d.next_period_start,
    d.next_period_start <= p.as_of_date as is_complete
from period_day as d
cross join core.parameter as p
