-- One row per lead, step of the lead funnel and event that reached it: a touch, a conversation, a held meeting, a
-- deal's creation or its win, between the lead's creation and the end of its window, both included.
-- Easily misread: one event may reach several steps (a held meeting is a conversation too), so rows are no activities.
with tracked_lead as (
    select
        l.lead_id,
        l.opportunity_id,
        l.created_at,
        l.created_at + to_hours(24 * p.funnel_window_days) as window_end
    from core.dim_lead as l
    cross join core.parameter as p
    where l.created_at <= p.as_of
),

-- a deal may be named by the lead, or name it
lead_deal as (
    select
        lead_id,
        created_at,
        window_end,
        opportunity_id
    from tracked_lead
    where opportunity_id is not null
    union
    select
        l.lead_id,
        l.created_at,
        l.window_end,
        d.opportunity_id
    from core.dim_opportunity as d
    inner join tracked_lead as l on d.lead_id = l.lead_id
)

select
    lead_id,
    1 as step_order,
    'contacted' as step,
    activity_id as event_id,
    occurred_at as happened_at,
    activity_date as event_date,
    is_date_only,
    rep_id
from core.fct_lead_activity
where is_touch
union all
select
    lead_id,
    2 as step_order,
    'connected' as step,
    activity_id as event_id,
    occurred_at as happened_at,
    activity_date as event_date,
    is_date_only,
    rep_id
from core.fct_lead_activity
where is_conversation
union all
select
    lead_id,
    3 as step_order,
    'meeting_held' as step,
    activity_id as event_id,
    occurred_at as happened_at,
    activity_date as event_date,
    is_date_only,
    rep_id
from core.fct_lead_activity
where is_meeting_held
union all
select
    l.lead_id,
    4 as step_order,
    'opportunity_created' as step,
    c.opportunity_id as event_id,
    c.created_at as happened_at,
    c.created_date as event_date,
    false as is_date_only,
    c.owner_rep_id as rep_id
from lead_deal as l
inner join core.fct_opportunity_creation as c on l.opportunity_id = c.opportunity_id
where c.created_at >= l.created_at and c.created_at <= l.window_end
union all
select
    l.lead_id,
    5 as step_order,
    'won' as step,
    c.opportunity_id as event_id,
    c.closed_at as happened_at,
    c.closed_date as event_date,
    false as is_date_only,
    c.owner_rep_id as rep_id
from lead_deal as l
inner join core.fct_opportunity_close as c on l.opportunity_id = c.opportunity_id
where c.outcome = 'won' and c.closed_at >= l.created_at and c.closed_at <= l.window_end
