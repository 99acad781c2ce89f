-- One row per deal, owner it had at the end of a day and stretch of days at whose ends the deal is looked after: the
-- owner did something with it in the untouched_days up to then, or a meeting with it lay ahead, whoever was to hold it.
-- Easily misread: stretches overlap; ask whether any holds the day. What was done with the deal carries its id, or its
-- lead, contact or account, or a contact of its account. A meeting lies ahead from its booking on.
with owned_deal as (
    select
        s.opportunity_id,
        s.rep_id as owner_rep_id,
        d.lead_id,
        d.contact_id,
        d.account_id,
        d.opened_date,
        coalesce(d.closed_date, date '9999-12-31') as closed_date
    from core.fct_open_stretch as s
    inner join core.dim_opportunity as d on s.opportunity_id = d.opportunity_id
    where s.rep_id <> 'unknown' and coalesce(s.until_date, date '9999-12-31') > s.from_date
    group by s.opportunity_id, s.rep_id, d.lead_id, d.contact_id, d.account_id, d.opened_date, d.closed_date
),

deal_record as (
    select
        opportunity_id,
        owner_rep_id,
        opened_date,
        closed_date,
        unnest(['opportunity', 'lead', 'contact', 'account']) as kind,
        unnest([opportunity_id, lead_id, contact_id, account_id]) as record_id
    from owned_deal
    union
    select
        d.opportunity_id,
        d.owner_rep_id,
        d.opened_date,
        d.closed_date,
        'contact' as kind,
        c.contact_id as record_id
    from owned_deal as d
    inner join core.dim_contact as c on d.account_id = c.account_id
),

named_contact as (
    select record_id as contact_id
    from deal_record
    where kind = 'contact'
    group by record_id
),

-- what was done by as_of, and every meeting that was booked by then and is not cancelled, with any record of a deal
known_activity as materialized (
    select
        a.rep_id,
        a.activity_date,
        a.opportunity_id,
        a.lead_id,
        a.contact_id,
        a.account_id,
        a.contact_ids,
        a.status = 'completed' and not a.is_after_as_of as is_done,
        case
            when a.channel = 'meeting' then least(coalesce(a.created_date, date '0001-01-01'), a.activity_date)
            else a.activity_date
        end as known_from,
        -- at the end of its own day it is over, unless that end is an as_of before it
        case
            when a.is_after_as_of and a.activity_date = p.as_of_date then a.activity_date
            else a.activity_date - 1
        end as ahead_to
    from core.fct_activity as a
    cross join core.parameter as p
    where
        -- no activity is read where there is no deal
        exists (select 1 from owned_deal)
        and (
            (a.status = 'completed' and not a.is_after_as_of)
            or (
                a.channel = 'meeting'
                and a.status <> 'cancelled'
                and (not a.is_after_as_of or a.created_at is null or a.created_at <= p.as_of)
            )
        )
        and (
            a.opportunity_id in (select o.opportunity_id from owned_deal as o)
            or a.lead_id in (select o.lead_id from owned_deal as o)
            or a.account_id in (select o.account_id from owned_deal as o)
            or a.contact_id in (select n.contact_id from named_contact as n)
            or array_length(a.contact_ids) > 0
        )
),

listed_contact as (
    select
        rep_id,
        activity_date,
        is_done,
        known_from,
        ahead_to,
        unnest(contact_ids) as contact_id
    from known_activity
    where array_length(contact_ids) > 0
),

record_activity as (
    select
        rep_id,
        activity_date,
        is_done,
        known_from,
        ahead_to,
        unnest(['opportunity', 'lead', 'contact', 'account']) as kind,
        unnest([opportunity_id, lead_id, contact_id, account_id]) as record_id
    from known_activity
    union all
    select
        l.rep_id,
        l.activity_date,
        l.is_done,
        l.known_from,
        l.ahead_to,
        'contact' as kind,
        coalesce(m.survivor_id, l.contact_id) as record_id
    from listed_contact as l
    left join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.record_id
),

deal_activity as (
    select
        r.opportunity_id,
        r.owner_rep_id,
        a.known_from as attended_from,
        case
            when a.is_done and a.rep_id = r.owner_rep_id then a.activity_date + p.untouched_days - 1
            else a.ahead_to
        end as attended_to
    from deal_record as r
    cross join core.parameter as p
    inner join record_activity as a
        on
            r.kind = a.kind
            and r.record_id = a.record_id
            and r.opened_date - p.untouched_days < a.activity_date
            and r.closed_date >= a.known_from
)

select
    opportunity_id,
    owner_rep_id,
    attended_from,
    max(attended_to) as attended_to
from deal_activity
where attended_from <= attended_to
group by opportunity_id, owner_rep_id, attended_from
