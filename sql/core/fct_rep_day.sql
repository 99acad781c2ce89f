-- One row per rep and employed day, up to the day of as_of.
-- Easily misread: every employed day has a row; only those with is_workday count as rep-workdays.
select
    c.rep_id,
    c.date_day,
    c.rep_type,
    c.role,
    c.team,
    c.manager_rep_id,
    c.territory,
    c.hire_date,
    c.is_counted,
    c.is_workday
from staging.rep_calendar as c
cross join core.parameter as p
where c.date_day <= p.as_of_date
