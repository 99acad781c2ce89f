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

-- whom a touch may name to be one of the party's: the party itself, or any contact of an account
named_party as (
    select
        party as named,
        party_id as named_id,
        party,
        party_id
    from cycle_party
    group by party, party_id
    union all
    select
        'contact' as named,
        d.contact_id as named_id,
        'account' as party,
        d.account_id as party_id
    from core.dim_contact as d
    inner join cycle_party as c on c.party = 'account' and d.account_id = c.party_id
    group by d.contact_id, d.account_id
),

named_lead as (
    select named_id as lead_id
    from named_party
    where named = 'lead'
),

named_contact as (
    select named_id as contact_id
    from named_party
    where named = 'contact'
),

named_account as (
    select named_id as account_id
    from named_party
    where named = 'account'
),

-- a deal looks back 8,760 hours, a day more where clocks change; without won deals no activity is read at all
asked_day as (
    select d.date_day
    from (
        select
            min(created_date) as first_created,
            max(created_date) as last_created
        from closed_deal
        where outcome = 'won'
    ) as w
    inner join core.dim_date as d on w.first_created - 366 <= d.date_day and w.last_created >= d.date_day
),

-- only touches of these, and each once: core.fct_activity_contact would read all that the view makes of every activity
-- two times more, for two thirds as much time again
touch as materialized (
    select
        lead_id,
        account_id,
        contact_id,
        contact_ids,
        occurred_at,
        activity_date
    from core.fct_activity
    where
        is_touch
        and activity_date in (select w.date_day from asked_day as w)
        and (
            lead_id in (select n.lead_id from named_lead as n)
            or account_id in (select n.account_id from named_account as n)
            or contact_id in (select n.contact_id from named_contact as n)
            or array_length(contact_ids) > 0
        )
),

listed_touch as (
    select
        unnest(contact_ids) as contact_id,
        occurred_at,
        activity_date
    from touch
    where array_length(contact_ids) > 0
),

named_touch as (
    select
        'lead' as named,
        lead_id as named_id,
        occurred_at,
        activity_date
    from touch
    union all
    select
        'account' as named,
        account_id as named_id,
        occurred_at,
        activity_date
    from touch
    union all
    select
        'contact' as named,
        contact_id as named_id,
        occurred_at,
        activity_date
    from touch
    union all
    select
        'contact' as named,
        coalesce(m.survivor_id, l.contact_id) as named_id,
        l.occurred_at,
        l.activity_date
    from listed_touch as l
    left join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.record_id
),

party_touch as (
    select
        n.party,
        n.party_id,
        t.occurred_at,
        t.activity_date
    from named_touch as t
    inner join named_party as n on t.named = n.named and t.named_id = n.named_id
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
    case
        when d.outcome = 'won' then datediff('day', coalesce(t.activity_date, d.created_date), d.closed_date)
    end as sales_cycle_days
from closed_deal as d
left join first_touch as t on d.opportunity_id = t.opportunity_id
left join core.dim_rep as r
    on d.close_owner_rep_id = r.rep_id and d.closed_date >= r.valid_from and d.closed_date < r.valid_to
left join core.company_rate as x
    on d.currency = x.currency and d.closed_date >= x.valid_from and d.closed_date < x.valid_to
