-- One row per activity that counts for its copies too, with what they know and it does not; NULL where it knows better.
-- Easily misread: rep_id is a rep already, not what a source writes, since the copy may be another source's.
-- Of several copies the smallest id speaks. Contacts come from one copy, since one person has an id in every system.
with copy as (
    select
        c.kept_activity_id,
        c.activity_id,
        r.rep_id,
        b.rep_id as booked_by_rep_id,
        nullif(a.direction, 'unknown') as direction,
        a.disposition,
        coalesce(
            a.duration_seconds,
            case
                when a.ended_at > a.occurred_at and a.occurred_at_precision is distinct from 'date'
                    then (epoch_us(a.ended_at) - epoch_us(a.occurred_at)) // 1000000
            end
        ) as duration_seconds,
        a.account_id,
        case
            when a.contact_id is not null or array_length(a.contact_ids) > 0
                then {
                    'contact_id': a.contact_id,
                    'contact_ids': a.contact_ids
                }
        end as contacts,
        a.lead_id,
        a.opportunity_id
    from core.activity_copy as c
    inner join core.latest_activities as a on c.activity_id = a.activity_id
    left join core.rep_identity as r on a.source = r.source and a.rep_id = r.source_rep_id
    left join core.rep_identity as b on a.source = b.source and a.booked_by_rep_id = b.source_rep_id
),

-- arg_min leaves blanks out: of each field, what the first copy that fills it says
told as (
    select
        kept_activity_id,
        arg_min(rep_id, activity_id) as rep_id,
        arg_min(booked_by_rep_id, activity_id) as booked_by_rep_id,
        arg_min(direction, activity_id) as direction,
        arg_min(disposition, activity_id) as disposition,
        arg_min(duration_seconds, activity_id) as duration_seconds,
        arg_min(account_id, activity_id) as account_id,
        arg_min(contacts, activity_id) as contacts,
        arg_min(lead_id, activity_id) as lead_id,
        arg_min(opportunity_id, activity_id) as opportunity_id
    from copy
    group by kept_activity_id
),

filled as (
    select
        k.activity_id,
        case when i.rep_id is null then t.rep_id end as rep_id,
        case when k.booked_by_rep_id is null then t.booked_by_rep_id end as booked_by_rep_id,
        case when coalesce(k.direction, 'unknown') = 'unknown' then t.direction end as direction,
        case when k.disposition is null then t.disposition end as disposition,
        case
            when
                k.duration_seconds is null
                and (k.ended_at > k.occurred_at and k.occurred_at_precision is distinct from 'date') is not true
                then t.duration_seconds
        end as duration_seconds,
        case when k.account_id is null then t.account_id end as account_id,
        case when k.contact_id is null and coalesce(array_length(k.contact_ids), 0) = 0 then t.contacts end as contacts,
        case when k.lead_id is null then t.lead_id end as lead_id,
        case when k.opportunity_id is null then t.opportunity_id end as opportunity_id
    from told as t
    inner join core.latest_activities as k on t.kept_activity_id = k.activity_id
    left join core.rep_identity as i on k.source = i.source and k.rep_id = i.source_rep_id
)

select
    f.activity_id,
    f.rep_id,
    f.booked_by_rep_id,
    f.direction,
    f.disposition,
    f.duration_seconds,
    f.account_id,
    f.contacts.contact_id,
    f.contacts.contact_ids,
    f.lead_id,
    f.opportunity_id
from filled as f
where
    f.rep_id is not null
    or f.booked_by_rep_id is not null
    or f.direction is not null
    or f.disposition is not null
    or f.duration_seconds is not null
    or f.account_id is not null
    or f.contacts is not null
    or f.lead_id is not null
    or f.opportunity_id is not null
