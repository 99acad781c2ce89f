-- One row per rep and employed day, past or to come, up to the end of the periods that hold as_of.
-- Easily misread: days after as_of are what the roster, the holidays and the days off let expect today; what was worked
-- is in core.fct_rep_day, what is to come in core.fct_rep_planned_day.
with bound as (
    select
        min(d.date_day) as first_day,
        (
            select max(e.next_period_start)
            from core.dim_period_day as e
            cross join core.parameter as p
            where e.date_day = p.as_of_date
        ) as next_day
    from core.dim_date as d
),

-- the week of as_of may run beyond the fiscal year in which core.dim_date ends
calendar_day as (
    select unnest(range(first_day::timestamp, next_day::timestamp, interval 1 day))::date as date_day
    from bound
),

spell as (
    select
        rep_id,
        hire_date,
        termination_date
    from core.dim_rep
    group by rep_id, hire_date, termination_date
),

-- counted up, not joined with the calendar by a range: that takes half as long again
spell_day as (
    select
        s.rep_id,
        s.hire_date,
        unnest(
            range(
                greatest(s.hire_date, b.first_day)::timestamp,
                least(coalesce(s.termination_date + 1, b.next_day), b.next_day)::timestamp,
                interval 1 day
            )
        )::date as date_day
    from spell as s
    cross join bound as b
),

employed_day as (
    select
        rep_id,
        date_day,
        max(hire_date) as hire_date
    from spell_day
    group by rep_id, date_day
),

day_off as (
    select
        t.rep_id,
        d.date_day
    from core.fct_time_off as t
    inner join calendar_day as d on t.start_date <= d.date_day and t.end_date >= d.date_day
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
    list_contains(p.workdays, isodow(e.date_day)::integer)
    and h.holiday_date is null
    and o.date_day is null as is_workday
from employed_day as e
cross join core.parameter as p
inner join core.dim_rep as r on e.rep_id = r.rep_id and e.date_day >= r.valid_from and e.date_day < r.valid_to
left join country_holiday as h on r.country = h.country and e.date_day = h.holiday_date
left join day_off as o on e.rep_id = o.rep_id and e.date_day = o.date_day
