-- One row per period and rep type: what its people did, and per rep-workday.
-- Easily misread: who changes type is an active rep of both, and distinct contacts and accounts of a period are
-- counted anew, so days do not add up to them.
with period_day as (
    select
        d.period_grain,
        d.period_start,
        d.date_day,
        d.is_complete
    from core.dim_period_day as d
    inner join staging.dirty_period as w on d.period_grain = w.period_grain and d.period_start = w.period_start
),

employment as (
    select
        d.period_grain,
        d.period_start,
        d.is_complete,
        r.rep_type,
        count(distinct r.rep_id) as active_reps,
        count(*) filter (where r.is_workday) as rep_workdays
    from core.fct_rep_day as r
    inner join period_day as d on r.date_day = d.date_day
    where r.is_counted
    group by d.period_grain, d.period_start, d.is_complete, r.rep_type
),

day_type as (
    select
        rep_id,
        activity_date,
        rep_type
    from marts.rep_activity_daily
    where rep_id <> 'unknown' and touches > 0
),

type_day as (
    select
        activity_date,
        rep_type,
        sum(touches) as touches,
        sum(calls) as calls,
        sum(calls_outbound) as calls_outbound,
        sum(calls_inbound) as calls_inbound,
        sum(calls_connected) as calls_connected,
        sum(calls_outbound_connected) as calls_outbound_connected,
        sum(emails) as emails,
        sum(emails_inbound) as emails_inbound,
        sum(meetings) as meetings,
        sum(meetings_held) as meetings_held,
        sum(meetings_in_person) as meetings_in_person,
        sum(meetings_no_show) as meetings_no_show,
        sum(social_touches) as social_touches,
        sum(sms_touches) as sms_touches,
        sum(talk_seconds) as talk_seconds,
        sum(meeting_seconds) as meeting_seconds,
        sum(in_person_meeting_seconds) as in_person_meeting_seconds,
        sum(meetings_booked) as meetings_booked,
        sum(proposals_sent) as proposals_sent,
        sum(after_hours_touches) as after_hours_touches
    from marts.rep_activity_daily
    where rep_id <> 'unknown'
    group by activity_date, rep_type
),

activity as (
    select
        d.period_grain,
        d.period_start,
        d.is_complete,
        t.rep_type,
        sum(t.touches)::bigint as touches,
        sum(t.calls)::bigint as calls,
        sum(t.calls_outbound)::bigint as calls_outbound,
        sum(t.calls_inbound)::bigint as calls_inbound,
        sum(t.calls_connected)::bigint as calls_connected,
        sum(t.calls_outbound_connected)::bigint as calls_outbound_connected,
        sum(t.emails)::bigint as emails,
        sum(t.emails_inbound)::bigint as emails_inbound,
        sum(t.meetings)::bigint as meetings,
        sum(t.meetings_held)::bigint as meetings_held,
        sum(t.meetings_in_person)::bigint as meetings_in_person,
        sum(t.meetings_no_show)::bigint as meetings_no_show,
        sum(t.social_touches)::bigint as social_touches,
        sum(t.sms_touches)::bigint as sms_touches,
        sum(t.talk_seconds)::bigint as talk_seconds,
        sum(t.meeting_seconds)::bigint as meeting_seconds,
        sum(t.in_person_meeting_seconds)::bigint as in_person_meeting_seconds,
        sum(t.meetings_booked)::bigint as meetings_booked,
        sum(t.proposals_sent)::bigint as proposals_sent,
        sum(t.after_hours_touches)::bigint as after_hours_touches
    from type_day as t
    inner join period_day as d on t.activity_date = d.date_day
    group by d.period_grain, d.period_start, d.is_complete, t.rep_type
),

-- a contact counts in a period on its first visit of it: the type's visit before lies before the period, or nowhere
contact_visit as (
    select
        t.rep_type,
        v.activity_date,
        lag(v.activity_date) over (
            partition by t.rep_type, v.contact_id
            order by v.activity_date
        ) as visited_before
    from core.fct_touched_contact as v
    inner join day_type as t on v.rep_id = t.rep_id and v.activity_date = t.activity_date
    where v.activity_date in (select d.date_day from period_day as d)
),

contact_visit_count as (
    select
        rep_type,
        activity_date,
        visited_before,
        count(*) as visits
    from contact_visit
    group by rep_type, activity_date, visited_before
),

contact_count as (
    select
        d.period_grain,
        d.period_start,
        v.rep_type,
        sum(v.visits)::bigint as contacts_touched
    from contact_visit_count as v
    inner join period_day as d on v.activity_date = d.date_day
    where v.visited_before is null or v.visited_before < d.period_start
    group by d.period_grain, d.period_start, v.rep_type
),

account_visit as (
    select
        t.rep_type,
        v.activity_date,
        lag(v.activity_date) over (
            partition by t.rep_type, v.account_id
            order by v.activity_date
        ) as visited_before
    from core.fct_touched_account as v
    inner join day_type as t on v.rep_id = t.rep_id and v.activity_date = t.activity_date
    where v.activity_date in (select d.date_day from period_day as d)
),

account_visit_count as (
    select
        rep_type,
        activity_date,
        visited_before,
        count(*) as visits
    from account_visit
    group by rep_type, activity_date, visited_before
),

account_count as (
    select
        d.period_grain,
        d.period_start,
        v.rep_type,
        sum(v.visits)::bigint as accounts_touched
    from account_visit_count as v
    inner join period_day as d on v.activity_date = d.date_day
    where v.visited_before is null or v.visited_before < d.period_start
    group by d.period_grain, d.period_start, v.rep_type
),

period_type as (
    select
        period_grain,
        period_start,
        is_complete,
        rep_type
    from employment
    union
    select
        period_grain,
        period_start,
        is_complete,
        rep_type
    from activity
)

select
    k.period_grain,
    k.period_start,
    k.rep_type,
    k.is_complete,
    coalesce(e.active_reps, 0) as active_reps,
    coalesce(e.rep_workdays, 0) as rep_workdays,
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
    coalesce(a.meetings_booked, 0) as meetings_booked,
    coalesce(a.proposals_sent, 0) as proposals_sent,
    coalesce(c.contacts_touched, 0) as contacts_touched,
    coalesce(n.accounts_touched, 0) as accounts_touched,
    coalesce(a.after_hours_touches, 0) as after_hours_touches,
    coalesce(a.touches, 0)::double / nullif(e.rep_workdays, 0) as touches_per_rep_workday,
    coalesce(a.calls, 0)::double / nullif(e.rep_workdays, 0) as calls_per_rep_workday,
    coalesce(a.emails, 0)::double / nullif(e.rep_workdays, 0) as emails_per_rep_workday,
    coalesce(a.meetings_held, 0)::double / nullif(e.rep_workdays, 0) as meetings_per_rep_workday,
    coalesce(a.social_touches, 0)::double / nullif(e.rep_workdays, 0) as social_per_rep_workday
from period_type as k
left join employment as e
    on k.period_grain = e.period_grain and k.period_start = e.period_start and k.rep_type = e.rep_type
left join activity as a
    on k.period_grain = a.period_grain and k.period_start = a.period_start and k.rep_type = a.rep_type
left join contact_count as c
    on k.period_grain = c.period_grain and k.period_start = c.period_start and k.rep_type = c.rep_type
left join account_count as n
    on k.period_grain = n.period_grain and k.period_start = n.period_start and k.rep_type = n.rep_type
