-- One row per week, month, fiscal quarter and fiscal year that has begun by the day of as_of.
-- Easily misread: last_date is the last day that counts, so in the period that holds as_of it is the day of as_of.
select
    d.period_grain,
    d.period_start,
    d.next_period_start,
    least(d.next_period_start - 1, p.as_of_date) as last_date,
    d.is_complete
from core.dim_period_day as d
cross join core.parameter as p
where d.period_grain <> 'day' and d.period_start <= p.as_of_date
group by d.period_grain, d.period_start, d.next_period_start, p.as_of_date, d.is_complete
