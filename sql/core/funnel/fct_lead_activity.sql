-- One row per lead and activity of it within its window: a touch, a conversation or a held meeting; internal ones are
-- not here. Easily misread: the activities of a lead's contact are the lead's too. A day without a time counts from the
-- day of the creation on, since nobody can say that it came before.
with tracked_lead as (
    select
        l.lead_id,
        l.contact_id,
        l.created_at,
        l.created_date,
        l.created_at + to_hours(24 * p.funnel_window_days) as window_end
    from core.dim_lead as l
    cross join core.parameter as p
    where l.created_at <= p.as_of
),

-- what tonight's days hold of conversations and touches, with whom each was
judged_activity as (
    select
        activity_id,
        rep_id,
        occurred_at,
        activity_date,
        occurred_at_precision = 'date' as is_date_only,
        lead_id,
        contact_id,
        contact_ids,
        is_touch,
        is_connected_call
        or is_meeting_held
        or (channel = 'email' and direction = 'inbound' and status = 'completed' and not is_after_as_of)
            as is_conversation,
        is_meeting_held
    from staging.dirty_activity
    where direction <> 'internal' and activity_date in (select w.activity_date from staging.dirty_day as w)
),

listed_contact as (
    select
        activity_id,
        unnest(contact_ids) as contact_id
    from judged_activity
    where array_length(contact_ids) > 0
),

-- by three ways, and each activity once
lead_activity as (
    select
        l.lead_id,
        a.activity_id
    from judged_activity as a
    inner join tracked_lead as l on a.lead_id = l.lead_id
    union
    select
        l.lead_id,
        a.activity_id
    from judged_activity as a
    inner join tracked_lead as l on a.contact_id = l.contact_id
    union
    select
        l.lead_id,
        c.activity_id
    from listed_contact as c
    left join core.merged_record as m on m.entity = 'contact' and c.contact_id = m.record_id
    inner join tracked_lead as l on coalesce(m.survivor_id, c.contact_id) = l.contact_id
)

select
    l.lead_id,
    a.activity_id,
    a.rep_id,
    a.occurred_at,
    a.activity_date,
    a.is_date_only,
    a.is_touch,
    a.is_conversation,
    a.is_meeting_held
from lead_activity as b
inner join tracked_lead as l on b.lead_id = l.lead_id
inner join judged_activity as a on b.activity_id = a.activity_id
where
    (a.is_touch or a.is_conversation)
    and a.occurred_at <= l.window_end
    and case when a.is_date_only then a.activity_date >= l.created_date else a.occurred_at >= l.created_at end
