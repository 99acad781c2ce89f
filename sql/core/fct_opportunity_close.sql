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

-- whom a touch must be with; a touch of a contact is one of the contact's account
cycle_party as (
    select
        opportunity_id,
        created_at,
        'lead' as party,
        lead_id as party_id
    from closed_deal
    where outcome = 'won' and created_at is not null and lead_id is not null
    union all
    select
        opportunity_id,
        created_at,
        'contact' as party,
        contact_id as party_id
    from closed_deal
    where outcome = 'won' and created_at is not null and contact_id is not null
    union all
    select
        opportunity_id,
        created_at,
        'account' as party,
        account_id as party_id
    from closed_deal
    where outcome = 'won' and created_at is not null and account_id is not null
),

-- every touch once: the view it comes from is the dearest there is
touch as materialized (
    select
        lead_id,
        account_id,
        contact_id,
        contact_ids,
        occurred_at,
        activity_date
    from core.fct_activity
    where is_touch
),

listed_touch as (
    select
        unnest(contact_ids) as contact_id,
        occurred_at,
        activity_date
    from touch
    where len(contact_ids) > 0
),

contact_touch as (
    select
        contact_id,
        occurred_at,
        activity_date
    from touch
    where contact_id is not null
    union all
    select
        coalesce(m.survivor_id, l.contact_id) as contact_id,
        l.occurred_at,
        l.activity_date
    from listed_touch as l
    left join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.record_id
    where l.contact_id is not null
),

party_touch as (
    select
        'lead' as party,
        lead_id as party_id,
        occurred_at,
        activity_date
    from touch
    where lead_id is not null
    union all
    select
        'account' as party,
        account_id as party_id,
        occurred_at,
        activity_date
    from touch
    where account_id is not null
    union all
    select
        'contact' as party,
        contact_id as party_id,
        occurred_at,
        activity_date
    from contact_touch
    union all
    select
        'account' as party,
        d.account_id as party_id,
        a.occurred_at,
        a.activity_date
    from contact_touch as a
    inner join core.dim_contact as d on a.contact_id = d.contact_id
    where d.account_id is not null
),

-- a day says enough: a deal looks back a year, so the one end or the other of a day decides
party_day as (
    select
        party,
        party_id,
        activity_date,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from party_touch
    group by party, party_id, activity_date
),

first_touch as (
    select
        c.opportunity_id,
        min(t.activity_date) filter (
            where t.first_at <= c.created_at and t.last_at >= c.created_at - interval 8760 hours
        ) as activity_date
    from cycle_party as c
    inner join party_day as t on c.party = t.party and c.party_id = t.party_id
    group by c.opportunity_id
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
