-- One row per rep and day with any count above 0, under the rep type, role, team and manager of that day.
-- Easily misread: whose role is not counted as a rep has no row; what nobody on the roster did is under 'unknown'.
with window_day as (
    select
        w.activity_date,
        epoch_us(timezone(p.timezone, w.activity_date::timestamp)) as started_us,
        epoch_us(timezone(p.timezone, (w.activity_date + 1)::timestamp)) as ended_us
    from staging.dirty_day as w
    cross join core.parameter as p
),

counted_activity as (
    select
        a.rep_id,
        a.activity_date,
        a.occurred_at,
        a.channel,
        a.direction,
        a.status,
        a.meeting_mode,
        a.duration_seconds,
        a.is_touch,
        a.is_completed_call,
        a.is_connected_call,
        a.is_meeting_held,
        a.is_touch and a.occurred_at_precision = 'instant' as is_instant_touch,
        -- on a day of 24 hours the clock shows the time since it began; asking the calendar costs ten times as much
        case
            when w.ended_us - w.started_us = 86400000000 then epoch_us(a.occurred_at) - w.started_us
            else epoch_us(timezone(p.timezone, a.occurred_at)::time)
        end as clock_us,
        epoch_us(p.workday_start) as workday_start_us,
        epoch_us(p.workday_end) as workday_end_us
    from staging.dirty_activity as a
    inner join window_day as w on a.activity_date = w.activity_date
    cross join core.parameter as p
    where
        not a.is_after_as_of
        and (
            a.is_touch
            or a.is_completed_call
            or a.channel = 'meeting'
            or (a.channel = 'email' and a.status = 'completed' and a.direction = 'inbound')
        )
),

-- read twice below, made once
activity_count as materialized (
    select
        rep_id,
        activity_date,
        count(*) filter (where is_touch) as touches,
        count(*) filter (where is_completed_call) as calls,
        count(*) filter (where is_completed_call and direction = 'outbound') as calls_outbound,
        count(*) filter (where is_completed_call and direction = 'inbound') as calls_inbound,
        count(*) filter (where is_connected_call) as calls_connected,
        count(*) filter (where is_connected_call and direction = 'outbound') as calls_outbound_connected,
        count(*) filter (where is_touch and channel = 'email' and direction = 'outbound') as emails,
        count(*) filter (where channel = 'email' and direction = 'inbound') as emails_inbound,
        count(*) filter (where channel = 'meeting') as meetings,
        count(*) filter (where is_meeting_held) as meetings_held,
        count(*) filter (where is_meeting_held and meeting_mode = 'in_person') as meetings_in_person,
        count(*) filter (where channel = 'meeting' and status = 'no_show') as meetings_no_show,
        count(*) filter (where is_touch and channel = 'social') as social_touches,
        count(*) filter (where is_touch and channel = 'sms') as sms_touches,
        coalesce(sum(duration_seconds) filter (where is_completed_call), 0)::bigint as talk_seconds,
        coalesce(sum(duration_seconds) filter (where is_meeting_held), 0)::bigint as meeting_seconds,
        coalesce(
            sum(duration_seconds) filter (where is_meeting_held and meeting_mode = 'in_person'), 0
        )::bigint as in_person_meeting_seconds,
        count(*) filter (where is_instant_touch) as instant_touches,
        count(*) filter (
            where is_instant_touch and (clock_us < workday_start_us or clock_us >= workday_end_us)
        ) as touches_off_hours,
        min(occurred_at) as first_activity_at,
        max(occurred_at) as last_activity_at
    from counted_activity
    group by rep_id, activity_date
),

booking_count as (
    select
        a.booked_by_rep_id as rep_id,
        a.created_date as activity_date,
        count(*) as meetings_booked
    from staging.dirty_activity as a
    cross join core.parameter as p
    where
        a.channel = 'meeting'
        and a.created_date in (select w.activity_date from staging.dirty_day as w)
        and a.created_at <= p.as_of
    group by a.booked_by_rep_id, a.created_date
),

proposal_count as (
    select
        e.owner_rep_id as rep_id,
        e.entry_date as activity_date,
        count(*) as proposals_sent
    from core.fct_stage_entry as e
    cross join core.parameter as p
    where
        e.stage_kind = 'proposal'
        and e.is_first_of_kind
        and e.entry_date in (select w.activity_date from staging.dirty_day as w)
        and e.entered_at <= p.as_of
    group by e.owner_rep_id, e.entry_date
),

contact_count as (
    select
        rep_id,
        activity_date,
        count(*) as contacts_touched
    from core.fct_touched_contact
    where activity_date in (select w.activity_date from staging.dirty_day as w)
    group by rep_id, activity_date
),

account_count as (
    select
        rep_id,
        activity_date,
        count(*) as accounts_touched
    from core.fct_touched_account
    where activity_date in (select w.activity_date from staging.dirty_day as w)
    group by rep_id, activity_date
),

rep_day as (
    select
        rep_id,
        activity_date
    from activity_count
    union
    select
        rep_id,
        activity_date
    from booking_count
    union
    select
        rep_id,
        activity_date
    from proposal_count
)

select
    d.rep_id,
    d.activity_date,
    case when d.rep_id = 'unknown' then 'unknown' else r.rep_type end as rep_type,
    r.role,
    case when d.rep_id = 'unknown' then 'unknown' else r.team end as team,
    r.manager_rep_id,
    r.territory,
    coalesce(a.touches, 0) as touches,
    coalesce(a.calls, 0) as calls,
    coalesce(a.calls_outbound, 0) as calls_outbound,
    coalesce(a.calls_inbound, 0) as calls_inbound,
    coalesce(a.calls_connected, 0) as calls_connected,
    coalesce(a.calls_outbound_connected, 0) as calls_outbound_connected,
    coalesce(a.emails, 0) as emails,
    coalesce(a.emails_inbound, 0) as emails_inbound,
    coalesce(a.meetings, 0) as meetings,
    coalesce(a.meetings_held, 0) as meetings_held,
    coalesce(a.meetings_in_person, 0) as meetings_in_person,
    coalesce(a.meetings_no_show, 0) as meetings_no_show,
    coalesce(a.social_touches, 0) as social_touches,
    coalesce(a.sms_touches, 0) as sms_touches,
    coalesce(a.talk_seconds, 0) as talk_seconds,
    coalesce(a.meeting_seconds, 0) as meeting_seconds,
    coalesce(a.in_person_meeting_seconds, 0) as in_person_meeting_seconds,
    coalesce(b.meetings_booked, 0) as meetings_booked,
    coalesce(s.proposals_sent, 0) as proposals_sent,
    coalesce(c.contacts_touched, 0) as contacts_touched,
    coalesce(n.accounts_touched, 0) as accounts_touched,
    case
        when a.rep_id is null then 0
        when case when d.rep_id = 'unknown' then k.is_company_workday else coalesce(w.is_workday, false) end
            then a.touches_off_hours
        else a.instant_touches
    end as after_hours_touches,
    a.first_activity_at,
    a.last_activity_at
from rep_day as d
left join activity_count as a on d.rep_id = a.rep_id and d.activity_date = a.activity_date
left join booking_count as b on d.rep_id = b.rep_id and d.activity_date = b.activity_date
left join proposal_count as s on d.rep_id = s.rep_id and d.activity_date = s.activity_date
left join contact_count as c on d.rep_id = c.rep_id and d.activity_date = c.activity_date
left join account_count as n on d.rep_id = n.rep_id and d.activity_date = n.activity_date
left join core.dim_rep as r on d.rep_id = r.rep_id and d.activity_date >= r.valid_from and d.activity_date < r.valid_to
left join core.fct_rep_day as w on d.rep_id = w.rep_id and d.activity_date = w.date_day
left join core.dim_date as k on d.activity_date = k.date_day
where d.rep_id = 'unknown' or r.is_counted
