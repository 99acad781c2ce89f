-- One row per contact, account or deal that was merged away, with the record that stands for it at the chain's end.
-- Easily misread: records that merge in a circle are not here; each of them counts as itself.
with recursive merge_link as (
    select
        'contact' as entity,
        contact_id as record_id,
        merged_into_id
    from core.latest_contacts
    where merged_into_id <> contact_id
    union all
    select
        'account' as entity,
        account_id as record_id,
        merged_into_id
    from core.latest_accounts
    where merged_into_id <> account_id
    union all
    select
        'opportunity' as entity,
        opportunity_id as record_id,
        merged_into_id
    from core.latest_opportunities
    where merged_into_id <> opportunity_id
),

walk as (
    select
        entity,
        record_id,
        merged_into_id as at_id
    from merge_link
    union
    select
        w.entity,
        w.record_id,
        l.merged_into_id as at_id
    from walk as w
    inner join merge_link as l on w.entity = l.entity and w.at_id = l.record_id
)

select
    w.entity,
    w.record_id,
    w.at_id as survivor_id
from walk as w
left join merge_link as l on w.entity = l.entity and w.at_id = l.record_id
where l.record_id is null
