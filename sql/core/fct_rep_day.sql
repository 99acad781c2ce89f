-- One row per rep and employed day, up to the day of as_of.
-- Easily misread: every employed day has a row; only those with is_workday count as rep-workdays.
with spell as (
    select
        rep_id,
        hire_date,
        termination_date
    from core.dim_rep
    group by rep_id, hire_date, termination_date
),

employed_day as (
    select
        s.rep_id,
        d.date_day,
        d.iso_weekday,
        max(s.hire_date) as hire_date
    from spell as s
    cross join core.parameter as p
    inner join core.dim_date as d
        on s.hire_date <= d.date_day and least(coalesce(s.termination_date, p.as_of_date), p.as_of_date) >= d.date_day
    group by s.rep_id, d.date_day, d.iso_weekday
),

day_off as (
    select
        t.rep_id,
        d.date_day
    from core.fct_time_off as t
    inner join core.dim_date as d on t.start_date <= d.date_day and t.end_date >= d.date_day
    group by t.rep_id, d.date_day
),

country_holiday as (
    select
        country,
        holiday_date
    from core.holiday
    group by country, holiday_date
)

select
    e.rep_id,
    e.date_day,
    r.rep_type,
    r.role,
    r.team,
    r.manager_rep_id,
    r.territory,
    e.hire_date,
    r.is_counted,
    list_contains(p.workdays, e.iso_weekday) and h.holiday_date is null and o.date_day is null as is_workday
from employed_day as e
cross join core.parameter as p
inner join core.dim_rep as r on e.rep_id = r.rep_id and e.date_day >= r.valid_from and e.date_day < r.valid_to
left join country_holiday as h on r.country = h.country and e.date_day = h.holiday_date
left join day_off as o on e.rep_id = o.rep_id and e.date_day = o.date_day
