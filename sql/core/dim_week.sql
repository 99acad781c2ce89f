-- One row per week up to the one that holds as_of, with the instant that its figures speak of.
-- Easily misread: the running week ends with as_of, so its last_day may be any day of the week.
select
    d.period_start as week_start,
    least(d.next_period_start - 1, p.as_of_date)::date as last_day,
    least(timezone(p.timezone, d.next_period_start::timestamp) - interval 1 microsecond, p.as_of) as ended_at,
    d.is_complete
from core.dim_period_day as d
inner join core.parameter as p on d.date_day <= p.as_of_date
where d.period_grain = 'week'
group by d.period_start, d.next_period_start, d.is_complete, p.as_of_date, p.timezone, p.as_of
