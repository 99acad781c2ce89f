-- One row per rep and week with a day employed, up to as_of: who the rep was on the last of these days.
-- Easily misread: workdays are those on which the role counted as a rep, so a week may have them and not be counted.
select
    r.rep_id,
    d.week_start,
    arg_max(r.rep_type, r.date_day) as rep_type,
    arg_max_null(r.role, r.date_day) as role,
    arg_max(r.team, r.date_day) as team,
    arg_max(r.is_counted, r.date_day) as is_counted,
    arg_max(datediff('day', r.hire_date, r.date_day), r.date_day) as tenure_days,
    count(*) filter (where r.is_workday and r.is_counted) as workdays
from core.fct_rep_day as r
inner join core.dim_date as d on r.date_day = d.date_day
group by r.rep_id, d.week_start
