-- One row per night and rep, team, company or source that exists on it, with what makes a rep's figures say little.
-- Easily misread: who is not here on a night is gone; a week with a holiday or a day off is excused only when fewer
-- than three workdays are left of it.
with rep_night as (
    select
        n.night_date,
        n.week_start,
        r.rep_id,
        r.full_name,
        r.rep_type,
        r.role,
        r.team,
        r.country,
        n.night_date - r.hire_date < p.ramp_days as is_ramping
    from core.alert_night as n
    cross join core.parameter as p
    inner join core.dim_rep as r
        on
            n.night_date >= r.valid_from
            and n.night_date < r.valid_to
            and n.night_date >= r.hire_date
            and n.night_date <= coalesce(r.termination_date, date '9999-12-31')
),

night_week as (
    select week_start
    from core.alert_night
    group by week_start
),

worked_week as (
    select
        d.rep_id,
        w.week_start,
        count(*) as workdays
    from core.fct_rep_day as d
    cross join core.parameter as p
    inner join night_week as w on d.date_day - (isodow(d.date_day) - p.week_start + 7)::integer % 7 = w.week_start
    where d.is_workday and d.date_day >= (select min(f.week_start) from night_week as f)
    group by d.rep_id, w.week_start
),

holiday_week as (
    select
        h.country,
        w.week_start
    from core.holiday as h
    cross join core.parameter as p
    inner join night_week as w on h.holiday_date >= w.week_start and h.holiday_date < w.week_start + 7
    where list_contains(p.workdays, isodow(h.holiday_date)::integer)
    group by h.country, w.week_start
),

rep_off as (
    select
        n.night_date,
        n.rep_id,
        bool_or(t.end_date >= n.night_date) as is_off_tonight,
        bool_or(t.start_date < n.week_start + 7) as is_off_in_week
    from rep_night as n
    inner join core.fct_time_off as t
        on n.rep_id = t.rep_id and n.night_date >= t.start_date and n.week_start <= t.end_date
    group by n.night_date, n.rep_id
)

select
    n.night_date,
    'rep' as subject_type,
    n.rep_id as subject_id,
    n.full_name as subject_name,
    n.rep_type,
    n.role,
    n.team,
    coalesce(o.is_off_tonight or (o.is_off_in_week and coalesce(w.workdays, 0) < 3), false) as is_on_leave,
    h.country is not null and coalesce(w.workdays, 0) < 3 as is_on_holiday,
    n.is_ramping
from rep_night as n
left join worked_week as w on n.rep_id = w.rep_id and n.week_start = w.week_start
left join holiday_week as h on n.country = h.country and n.week_start = h.week_start
left join rep_off as o on n.night_date = o.night_date and n.rep_id = o.rep_id
union all
select
    night_date,
    'team' as subject_type,
    team as subject_id,
    team as subject_name,
    null as rep_type,
    null as role,
    team,
    false as is_on_leave,
    false as is_on_holiday,
    false as is_ramping
from rep_night
group by night_date, team
union all
select
    night_date,
    'company' as subject_type,
    'all' as subject_id,
    'the company' as subject_name,
    null as rep_type,
    null as role,
    null as team,
    false as is_on_leave,
    false as is_on_holiday,
    false as is_ramping
from core.alert_night
union all
select
    n.night_date,
    'source' as subject_type,
    s.source as subject_id,
    s.source as subject_name,
    null as rep_type,
    null as role,
    null as team,
    false as is_on_leave,
    false as is_on_holiday,
    false as is_ramping
from core.alert_night as n
cross join core.source as s
