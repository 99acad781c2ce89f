-- One row per living deal and stretch of time in which it was open under one owner and amount: from inclusive, to
-- exclusive.
-- Easily misread: the last stretch ends with the close, whenever that is, or has no end. A deal that has an outcome and
-- no instant of it, or never opened, has no stretch: nobody knows when it was open.
with open_deal as (
    select
        opportunity_id,
        owner_rep_id,
        amount,
        currency,
        opened_at,
        coalesce(closed_at, timestamptz '9999-12-31 00:00:00+00') as closed_at
    from core.dim_opportunity
    where opened_at is not null and (outcome = 'open' or closed_at is not null)
),

-- what the log says from each change on: the newest owner and the newest amount that any change has told by then
told_change as (
    select
        opportunity_id,
        changed_at,
        last_value(owner_rep_id ignore nulls) over in_order as owner_rep_id,
        last_value(amount ignore nulls) over in_order as amount,
        row_number() over (
            partition by opportunity_id, changed_at
            order by to_stage_order desc nulls last, to_stage desc
        ) as place_of_instant
    from core.fct_stage_change
    where owner_rep_id is not null or amount is not null
    window in_order as (
        partition by opportunity_id
        order by changed_at, to_stage_order nulls first, to_stage
        rows between unbounded preceding and current row
    )
),

state as (
    select
        d.opportunity_id,
        greatest(c.changed_at, d.opened_at) as valid_from,
        coalesce(c.owner_rep_id, d.owner_rep_id) as owner_rep_id,
        coalesce(c.amount, d.amount) as amount,
        c.changed_at
    from open_deal as d
    inner join told_change as c on d.opportunity_id = c.opportunity_id and c.place_of_instant = 1
    where c.changed_at < d.closed_at
    union all
    select
        opportunity_id,
        opened_at as valid_from,
        owner_rep_id,
        amount,
        timestamptz '0001-01-01 00:00:00+00' as changed_at
    from open_deal
),

followed_state as (
    select
        s.opportunity_id,
        s.valid_from,
        s.owner_rep_id,
        s.amount,
        coalesce(lead(s.valid_from) over (partition by s.opportunity_id order by s.changed_at), d.closed_at)
            as valid_to,
        d.currency
    from state as s
    inner join open_deal as d on s.opportunity_id = d.opportunity_id
)

select
    opportunity_id,
    valid_from,
    valid_to,
    owner_rep_id,
    amount,
    currency
from followed_state
where valid_from < valid_to
