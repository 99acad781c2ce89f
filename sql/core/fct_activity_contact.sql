-- One row per living activity and contact it was with, each contact led to its survivor and named once.
-- Easily misread: activities may not be counted here, one with three contacts has three rows.
with listed_contact as (
    select
        activity_id,
        rep_id,
        channel,
        direction,
        occurred_at,
        activity_date,
        is_touch,
        is_connected_call,
        is_meeting_held,
        is_after_as_of,
        unnest(list_append(contact_ids, contact_id)) as contact_id
    from core.fct_activity
    where array_length(contact_ids) > 0
)

select
    activity_id,
    contact_id,
    rep_id,
    channel,
    direction,
    occurred_at,
    activity_date,
    is_touch,
    is_connected_call,
    is_meeting_held,
    is_after_as_of
from core.fct_activity
where contact_id is not null and coalesce(array_length(contact_ids), 0) = 0
union all
select
    l.activity_id,
    coalesce(m.survivor_id, l.contact_id) as contact_id,
    l.rep_id,
    l.channel,
    l.direction,
    l.occurred_at,
    l.activity_date,
    l.is_touch,
    l.is_connected_call,
    l.is_meeting_held,
    l.is_after_as_of
from listed_contact as l
left join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.record_id
where l.contact_id is not null
group by
    l.activity_id,
    coalesce(m.survivor_id, l.contact_id),
    l.rep_id,
    l.channel,
    l.direction,
    l.occurred_at,
    l.activity_date,
    l.is_touch,
    l.is_connected_call,
    l.is_meeting_held,
    l.is_after_as_of
