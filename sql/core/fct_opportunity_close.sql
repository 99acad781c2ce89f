-- One row per living deal that was won or lost up to as_of: who owned it then, what it was worth, how long it took.
-- Easily misread: a deal that closes after as_of is still open and not here; an outcome without an instant is in
-- ops.undated_close. The cycle starts with the first touch by anyone, so it may start before the deal was created.
with closed_deal as (
    select
        d.opportunity_id,
        d.outcome,
        d.created_at,
        d.created_date,
        d.closed_at,
        d.closed_date,
        d.close_owner_rep_id,
        d.account_id,
        d.contact_id,
        d.lead_id,
        d.source_type,
        d.deal_type,
        d.pipeline,
        d.amount,
        d.currency
    from core.dim_opportunity as d
    cross join core.parameter as p
    where d.outcome in ('won', 'lost') and d.closed_at <= p.as_of
),

cycle_deal as (
    select
        opportunity_id,
        created_at,
        account_id,
        contact_id,
        lead_id
    from closed_deal
    where outcome = 'won' and created_at is not null
),

touch_of_deal as (
    select
        d.opportunity_id,
        a.activity_date
    from cycle_deal as d
    inner join core.fct_activity as a on d.lead_id = a.lead_id
    where a.is_touch and a.occurred_at <= d.created_at and a.occurred_at >= d.created_at - interval 8760 hours
    union all
    select
        d.opportunity_id,
        a.activity_date
    from cycle_deal as d
    inner join core.fct_activity as a on d.account_id = a.account_id
    where a.is_touch and a.occurred_at <= d.created_at and a.occurred_at >= d.created_at - interval 8760 hours
    union all
    select
        d.opportunity_id,
        a.activity_date
    from cycle_deal as d
    inner join core.fct_activity_contact as a on d.contact_id = a.contact_id
    where a.is_touch and a.occurred_at <= d.created_at and a.occurred_at >= d.created_at - interval 8760 hours
    union all
    -- a touch of a contact is one of the contact's account
    select
        d.opportunity_id,
        a.activity_date
    from cycle_deal as d
    inner join core.dim_contact as c on d.account_id = c.account_id
    inner join core.fct_activity_contact as a on c.contact_id = a.contact_id
    where a.is_touch and a.occurred_at <= d.created_at and a.occurred_at >= d.created_at - interval 8760 hours
),

first_touch as (
    select
        opportunity_id,
        min(activity_date) as activity_date
    from touch_of_deal
    group by opportunity_id
)

select
    d.opportunity_id,
    d.outcome,
    d.closed_at,
    d.closed_date,
    d.close_owner_rep_id as owner_rep_id,
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
    (d.amount * x.rate)::decimal(38, 12) as company_amount,
    d.amount is not null and x.rate is null as is_unpriced,
    case when d.outcome = 'won' then coalesce(t.activity_date, d.created_date) end as cycle_start_date,
    case when d.outcome = 'won' then d.closed_date - coalesce(t.activity_date, d.created_date) end as sales_cycle_days
from closed_deal as d
left join first_touch as t on d.opportunity_id = t.opportunity_id
left join core.dim_rep as r
    on d.close_owner_rep_id = r.rep_id and d.closed_date >= r.valid_from and d.closed_date < r.valid_to
left join core.company_rate as x
    on d.currency = x.currency and d.closed_date >= x.valid_from and d.closed_date < x.valid_to
