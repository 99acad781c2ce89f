-- One row per living deal that was created up to as_of: who owned it then, and what it was worth then.
-- Easily misread: owner and amount are those of the creation, not today's; is_counted says whether the owner's role of
-- that day counts as a rep.
with owner_at_creation as (
    select
        d.opportunity_id,
        arg_max(c.owner_rep_id, row(c.changed_at, coalesce(c.to_stage_order, -1), c.to_stage))
        filter (where c.owner_rep_id is not null) as rep_id,
        arg_max(c.amount, row(c.changed_at, coalesce(c.to_stage_order, -1), c.to_stage))
        filter (where c.amount is not null) as amount
    from core.dim_opportunity as d
    inner join core.fct_stage_change as c on d.opportunity_id = c.opportunity_id and d.created_at >= c.changed_at
    group by d.opportunity_id
),

created_deal as (
    select
        d.opportunity_id,
        d.created_at,
        d.created_date,
        coalesce(o.rep_id, d.owner_rep_id) as owner_rep_id,
        d.account_id,
        d.source_type,
        d.deal_type,
        d.pipeline,
        coalesce(o.amount, d.amount) as amount,
        d.currency
    from core.dim_opportunity as d
    cross join core.parameter as p
    left join owner_at_creation as o on d.opportunity_id = o.opportunity_id
    where d.created_at <= p.as_of
)

select
    d.opportunity_id,
    d.created_at,
    d.created_date,
    d.owner_rep_id,
    coalesce(r.rep_type, 'unknown') as rep_type,
    r.role,
    coalesce(r.team, 'unknown') as team,
    coalesce(r.is_counted, false) as is_counted,
    d.account_id,
    d.source_type,
    d.deal_type,
    d.pipeline,
    d.amount,
    d.currency,
    (d.amount * x.rate)::decimal(38, 12) as company_amount
from created_deal as d
left join core.dim_rep as r
    on d.owner_rep_id = r.rep_id and d.created_date >= r.valid_from and d.created_date < r.valid_to
left join core.company_rate as x
    on d.currency = x.currency and d.created_date >= x.valid_from and d.created_date < x.valid_to
