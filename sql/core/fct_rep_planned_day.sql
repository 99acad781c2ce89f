-- One row per rep and day after as_of on which the rep will be employed, to the end of the periods that hold as_of.
-- Easily misread: a plan, as the roster, the holidays and the days off read today; it is never in a count of workdays
-- that have passed.
select
    c.rep_id,
    c.date_day,
    c.rep_type,
    c.role,
    c.is_counted,
    c.is_workday
from staging.rep_calendar as c
cross join core.parameter as p
where c.date_day > p.as_of_date
