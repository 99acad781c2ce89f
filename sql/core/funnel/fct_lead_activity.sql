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

-- every id by which an activity may name the lead's contact
lead_contact as (
    select
        lead_id,
        contact_id,
        created_at,
        created_date,
        window_end
    from tracked_lead
    where contact_id is not null
    union all
    select
        l.lead_id,
        m.record_id as contact_id,
        l.created_at,
        l.created_date,
        l.window_end
    from tracked_lead as l
    inner join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.survivor_id
),

-- ids first, by five ways, and each activity once: what they were is then worked out for these alone
lead_activity as (
    select
        l.lead_id,
        l.created_at,
        l.created_date,
        l.window_end,
        a.activity_id
    from core.latest_activities as a
    inner join tracked_lead as l on a.lead_id = l.lead_id
    union
    select
        l.lead_id,
        l.created_at,
        l.created_date,
        l.window_end,
        a.activity_id
    from core.latest_activities as a
    inner join lead_contact as l on a.contact_id = l.contact_id
    union
    select
        l.lead_id,
        l.created_at,
        l.created_date,
        l.window_end,
        a.activity_id
    from (
        select
            activity_id,
            unnest(contact_ids) as contact_id
        from core.latest_activities
        where len(contact_ids) > 0
    ) as a
    inner join lead_contact as l on a.contact_id = l.contact_id
    union
    select
        l.lead_id,
        l.created_at,
        l.created_date,
        l.window_end,
        f.activity_id
    from core.activity_fill as f
    inner join tracked_lead as l on f.lead_id = l.lead_id
    union
    select
        l.lead_id,
        l.created_at,
        l.created_date,
        l.window_end,
        f.activity_id
    from (
        select
            activity_id,
            unnest(list_append(contact_ids, contact_id)) as contact_id
        from core.activity_fill
    ) as f
    inner join lead_contact as l on f.contact_id = l.contact_id
),

judged_activity as (
    select
        activity_id,
        rep_id,
        occurred_at,
        activity_date,
        occurred_at_precision = 'date' as is_date_only,
        is_touch,
        is_connected_call
        or is_meeting_held
        or (channel = 'email' and direction = 'inbound' and status = 'completed' and not is_after_as_of)
            as is_conversation,
        is_meeting_held
    from core.fct_activity
    where direction <> 'internal'
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
from lead_activity as l
inner join judged_activity as a on l.activity_id = a.activity_id
where
    (a.is_touch or a.is_conversation)
    and a.occurred_at <= l.window_end
    and case when a.is_date_only then a.activity_date >= l.created_date else a.occurred_at >= l.created_at end
