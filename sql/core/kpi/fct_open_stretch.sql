-- One row per deal and stretch of days in which it was open with one amount and one owner in one rep type and team.
-- Easily misread: it is open at the end of the days from from_date to the day before until_date; stretches that begin
-- and end on one day are at the end of none, and are here so that what moved on that day can be told step by step.
with open_deal as (
    select
        d.opportunity_id,
        d.opened_at,
        case when d.closed_at <= p.as_of then d.closed_at end as closed_at,
        least(d.closed_at, p.as_of) as last_at,
        d.amount,
        d.currency,
        d.owner_rep_id,
        p.timezone,
        p.as_of_date
    from core.dim_opportunity as d
    cross join core.parameter as p
    where
        d.opened_at <= p.as_of
        and (d.outcome = 'open' or d.closed_at >= d.opened_at)
),

-- the opening itself, and what the log says; what it says before the opening holds at the opening
logged_state as (
    select
        d.opportunity_id,
        greatest(c.changed_at, d.opened_at) as from_at,
        arg_max(c.amount, row(c.changed_at, coalesce(c.to_stage_order, -1), c.to_stage))
        filter (where c.amount is not null) as amount,
        arg_max(c.owner_rep_id, row(c.changed_at, coalesce(c.to_stage_order, -1), c.to_stage))
        filter (where c.owner_rep_id is not null) as owner_rep_id
    from open_deal as d
    inner join core.fct_stage_change as c on d.opportunity_id = c.opportunity_id and d.last_at >= c.changed_at
    where c.amount is not null or c.owner_rep_id is not null
    group by d.opportunity_id, greatest(c.changed_at, d.opened_at)
),

change_point as (
    select
        opportunity_id,
        opened_at as from_at
    from open_deal
    union
    select
        opportunity_id,
        from_at
    from logged_state
),

told_state as (
    select
        c.opportunity_id,
        c.from_at,
        last_value(s.amount ignore nulls) over (
            partition by c.opportunity_id
            order by c.from_at
        ) as amount,
        last_value(s.owner_rep_id ignore nulls) over (
            partition by c.opportunity_id
            order by c.from_at
        ) as owner_rep_id,
        lead(c.from_at) over (
            partition by c.opportunity_id
            order by c.from_at
        ) as until_at
    from change_point as c
    left join logged_state as s on c.opportunity_id = s.opportunity_id and c.from_at = s.from_at
),

state as (
    select
        d.opportunity_id,
        s.from_at,
        timezone(d.timezone, s.from_at)::date as from_date,
        timezone(d.timezone, coalesce(s.until_at, d.closed_at))::date as until_date,
        d.as_of_date,
        coalesce(s.amount, d.amount) as amount,
        d.currency,
        coalesce(s.owner_rep_id, d.owner_rep_id) as owner_rep_id
    from told_state as s
    inner join open_deal as d on s.opportunity_id = d.opportunity_id
),

-- a new roster row of the owner begins a stretch too
placed_state as (
    select
        s.opportunity_id,
        s.from_at,
        greatest(s.from_date, r.valid_from) as from_date,
        s.until_date,
        s.amount,
        s.currency,
        s.owner_rep_id as rep_id,
        coalesce(r.rep_type, 'unknown') as rep_type,
        coalesce(r.team, 'unknown') as team
    from state as s
    left join core.dim_rep as r
        on
            s.owner_rep_id = r.rep_id
            and coalesce(s.until_date, s.as_of_date) >= r.valid_from
            and s.from_date < r.valid_to
)

select
    opportunity_id,
    row_number() over (
        partition by opportunity_id
        order by from_at, from_date
    ) as stretch,
    from_date,
    coalesce(
        lead(from_date) over (
            partition by opportunity_id
            order by from_at, from_date
        ),
        until_date
    ) as until_date,
    rep_id,
    rep_type,
    team,
    amount,
    currency
from placed_state
