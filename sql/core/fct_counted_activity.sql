-- One row per activity that counts on its day, under the rep type, role and team of that day.
-- Easily misread: bookings and proposals are no rows of their own here; a booked meeting counts on the day it was
-- booked, in marts.rep_activity_daily.meetings_booked. Ask for a rep or a day: nothing of this is stored.
with counted_activity as (
    select
        a.activity_id,
        a.rep_id,
        a.activity_date,
        a.occurred_at,
        a.channel,
        a.direction,
        a.status,
        a.disposition,
        a.meeting_mode,
        a.duration_seconds,
        a.account_id,
        a.contact_id,
        a.lead_id,
        a.opportunity_id,
        a.is_touch,
        a.is_completed_call,
        a.is_connected_call,
        a.is_meeting_held,
        a.is_touch and a.occurred_at_precision = 'instant' as is_instant_touch,
        timezone(p.timezone, a.occurred_at)::time as clock,
        p.workday_start,
        p.workday_end
    from core.fct_activity as a
    cross join core.parameter as p
    where
        not a.is_after_as_of
        and (
            a.is_touch
            or a.is_completed_call
            or a.channel = 'meeting'
            or (a.channel = 'email' and a.status = 'completed' and a.direction = 'inbound')
        )
)

select
    a.activity_id,
    a.rep_id,
    a.activity_date,
    a.occurred_at,
    a.channel,
    a.direction,
    a.status,
    a.disposition,
    a.meeting_mode,
    a.duration_seconds,
    a.account_id,
    a.contact_id,
    a.lead_id,
    a.opportunity_id,
    case when a.rep_id = 'unknown' then 'unknown' else r.rep_type end as rep_type,
    r.role,
    case when a.rep_id = 'unknown' then 'unknown' else r.team end as team,
    a.is_touch,
    a.is_completed_call,
    a.is_connected_call,
    a.is_meeting_held,
    a.is_instant_touch
    and (
        a.clock < a.workday_start
        or a.clock >= a.workday_end
        or not coalesce(case when a.rep_id = 'unknown' then d.is_company_workday else w.is_workday end, false)
    ) as is_after_hours
from counted_activity as a
left join core.dim_rep as r
    on a.rep_id = r.rep_id and a.activity_date >= r.valid_from and a.activity_date < r.valid_to
left join core.fct_rep_day as w on a.rep_id = w.rep_id and a.activity_date = w.date_day
left join core.dim_date as d on a.activity_date = d.date_day
where a.rep_id = 'unknown' or r.is_counted
