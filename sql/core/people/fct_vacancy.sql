-- One row per separation up to as_of, with the hire into the same team and role that filled the place.
-- Easily misread: first in, first out: a hire fills the longest vacant place; one that finds none vacant is growth and
-- fills no later one. A place that nobody was hired for stays vacant, and nobody fills the place that they leave.
with seat_change as (
    select
        s.rep_id,
        s.hire_date as change_date,
        true as is_hire,
        1 as turn
    from core.fct_rep_spell as s
    inner join core.parameter as p on s.hire_date <= p.as_of_date
    union all
    select
        s.rep_id,
        s.termination_date as change_date,
        false as is_hire,
        -- whoever left on the day of their hire came first
        case when s.termination_date = s.hire_date then 2 else 0 end as turn
    from core.fct_rep_spell as s
    inner join core.parameter as p on s.termination_date <= p.as_of_date
),

placed_change as (
    select
        c.rep_id,
        c.change_date,
        c.is_hire,
        c.turn,
        r.team,
        coalesce(r.role, 'unknown') as role
    from seat_change as c
    inner join core.dim_rep as r
        on c.rep_id = r.rep_id and c.change_date >= r.valid_from and c.change_date < r.valid_to
),

-- hires above separations so far; on one day the places are vacated first
balanced_change as (
    select
        *,
        sum(case when is_hire then 1 else -1 end) over (
            partition by team, role
            order by change_date, turn, rep_id
            rows unbounded preceding
        ) as balance
    from placed_change
),

-- the highest balance yet, or 0, is how many hires have found no vacant place
counted_change as (
    select
        *,
        greatest(0, max(balance) over (
            partition by team, role
            order by change_date, turn, rep_id
            rows unbounded preceding
        )) as growth_hires
    from balanced_change
),

judged_change as (
    select
        *,
        growth_hires > coalesce(
            lag(growth_hires) over (partition by team, role order by change_date, turn, rep_id),
            0
        ) as is_growth
    from counted_change
),

numbered_change as (
    select
        *,
        row_number() over (partition by team, role, is_hire order by change_date, turn, rep_id) as place
    from judged_change
    where not is_growth
)

select
    s.rep_id,
    s.change_date as vacated_date,
    s.team,
    s.role,
    h.rep_id as filled_by_rep_id,
    h.change_date as filled_date
from numbered_change as s
left join numbered_change as h on s.team = h.team and s.role = h.role and s.place = h.place and h.is_hire
where not s.is_hire
