-- One row per rep and week, month, fiscal quarter or year with a day up to as_of on which the rep was employed and
-- counted as a rep.
-- Easily misread: first_day and last_day are the rep's in the period, not the period's; planned_workdays are those of
-- the period after as_of, and 0 once it is over.
with past as (
    select
        r.rep_id,
        d.period_grain,
        d.period_start,
        d.next_period_start,
        d.is_complete,
        min(r.date_day) as first_day,
        max(r.date_day) as last_day,
        count(*) filter (where r.is_workday) as workdays
    from core.fct_rep_day as r
    inner join core.dim_period_day as d on r.date_day = d.date_day
    where r.is_counted and d.period_grain <> 'day'
    group by r.rep_id, d.period_grain, d.period_start, d.next_period_start, d.is_complete
),

planned as (
    select
        r.rep_id,
        d.period_grain,
        d.period_start,
        count(*) as planned_workdays,
        max(r.date_day) as last_planned_workday
    from core.fct_rep_planned_day as r
    cross join core.parameter as p
    inner join core.dim_period_day as d on p.as_of_date = d.date_day and r.date_day < d.next_period_start
    where r.is_counted and r.is_workday and d.period_grain <> 'day'
    group by r.rep_id, d.period_grain, d.period_start
)

select
    w.rep_id,
    w.period_grain,
    w.period_start,
    w.is_complete,
    w.first_day,
    w.last_day,
    w.workdays,
    coalesce(n.planned_workdays, 0) as planned_workdays,
    n.last_planned_workday
from past as w
left join planned as n
    on w.rep_id = n.rep_id and w.period_grain = n.period_grain and w.period_start = n.period_start
