-- One row per rep and month with a day up to as_of on which the rep was employed and counted as a rep.
-- Easily misread: rep_type, role and team are those of the last such day, while the counts are of the whole month; who
-- changes type in it is split by day in marts.rep_type_activity, so do not add up scorecards by their rep_type.
with employment as (
    select
        e.rep_id,
        e.period_start,
        e.is_complete,
        r.rep_type,
        r.role,
        r.team,
        e.workdays,
        datediff('day', r.hire_date, e.last_day) as tenure_days
    from core.fct_rep_period as e
    inner join core.fct_rep_day as r on e.rep_id = r.rep_id and e.last_day = r.date_day
    where e.period_grain = 'month'
),

activity as (
    select
        a.rep_id,
        d.month_start as period_start,
        sum(a.touches)::bigint as touches,
        sum(a.calls)::bigint as calls,
        sum(a.calls_outbound)::bigint as calls_outbound,
        sum(a.calls_inbound)::bigint as calls_inbound,
        sum(a.calls_connected)::bigint as calls_connected,
        sum(a.calls_outbound_connected)::bigint as calls_outbound_connected,
        sum(a.emails)::bigint as emails,
        sum(a.emails_inbound)::bigint as emails_inbound,
        sum(a.meetings)::bigint as meetings,
        sum(a.meetings_held)::bigint as meetings_held,
        sum(a.meetings_in_person)::bigint as meetings_in_person,
        sum(a.meetings_no_show)::bigint as meetings_no_show,
        sum(a.social_touches)::bigint as social_touches,
        sum(a.sms_touches)::bigint as sms_touches,
        sum(a.talk_seconds)::bigint as talk_seconds,
        sum(a.meeting_seconds)::bigint as meeting_seconds,
        sum(a.in_person_meeting_seconds)::bigint as in_person_meeting_seconds,
        sum(a.meetings_booked)::bigint as meetings_booked,
        sum(a.proposals_sent)::bigint as proposals_sent,
        sum(a.after_hours_touches)::bigint as after_hours_touches,
        count(*) filter (where a.meetings_in_person > 0) as field_days
    from marts.rep_activity_daily as a
    inner join core.dim_date as d on a.activity_date = d.date_day
    group by a.rep_id, d.month_start
),

created as (
    select
        owner_rep_id as rep_id,
        date_trunc('month', created_date)::date as period_start,
        count(*) as opportunities_created
    from core.fct_opportunity_creation
    where is_counted
    group by owner_rep_id, date_trunc('month', created_date)
),

closed as (
    select
        owner_rep_id as rep_id,
        date_trunc('month', closed_date)::date as period_start,
        count(*) filter (where outcome = 'won') as won_count,
        count(*) filter (where outcome = 'lost') as lost_count,
        coalesce(sum(company_amount) filter (where outcome = 'won'), 0) as won_amount,
        count(*) filter (where outcome = 'won' and is_unpriced) as unpriced_count
    from core.fct_opportunity_close
    where is_counted
    group by owner_rep_id, date_trunc('month', closed_date)
),

-- where nobody can say how long the meetings were, nobody can say where they were held either
observed as (
    select
        e.rep_id,
        e.period_start,
        e.rep_type,
        a.in_person_meeting_seconds::double / nullif(a.meeting_seconds, 0) as in_person_share,
        case
            when a.meetings_held < 5 or a.meeting_seconds = 0 then null
            when a.in_person_meeting_seconds::double / a.meeting_seconds < 0.10 then 'inside'
            when a.in_person_meeting_seconds::double / a.meeting_seconds > 0.50 then 'outside'
            else 'hybrid'
        end as observed_rep_type
    from employment as e
    inner join activity as a on e.rep_id = a.rep_id and e.period_start = a.period_start
),

-- a month without a row, or in which nothing was observed, is not among the three
drift as (
    select
        rep_id,
        period_start,
        in_person_share,
        observed_rep_type,
        count(*) filter (where observed_rep_type <> rep_type) over (
            partition by rep_id
            order by period_start
            range between interval 2 month preceding and current row
        ) = 3 as is_rep_type_drift
    from observed
)

select
    e.rep_id,
    e.period_start,
    e.is_complete,
    e.rep_type,
    e.role,
    e.team,
    e.workdays,
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
    coalesce(t.contacts_touched, 0) as contacts_touched,
    coalesce(t.accounts_touched, 0) as accounts_touched,
    coalesce(a.after_hours_touches, 0) as after_hours_touches,
    coalesce(a.field_days, 0) as field_days,
    o.in_person_share,
    o.observed_rep_type,
    coalesce(o.is_rep_type_drift, false) as is_rep_type_drift,
    coalesce(n.opportunities_created, 0) as opportunities_created,
    coalesce(c.won_count, 0) as won_count,
    coalesce(c.lost_count, 0) as lost_count,
    coalesce(c.won_count + c.lost_count, 0) as closed_count,
    coalesce(c.won_amount, 0)::decimal(38, 12) as won_amount,
    coalesce(c.unpriced_count, 0) as unpriced_count,
    c.won_count::double / nullif(c.won_count + c.lost_count, 0) as win_rate,
    e.tenure_days,
    e.tenure_days < p.ramp_days as is_ramping
from employment as e
cross join core.parameter as p
left join activity as a on e.rep_id = a.rep_id and e.period_start = a.period_start
left join core.fct_rep_reach as t
    on e.rep_id = t.rep_id and e.period_start = t.period_start and t.period_grain = 'month'
left join drift as o on e.rep_id = o.rep_id and e.period_start = o.period_start
left join created as n on e.rep_id = n.rep_id and e.period_start = n.period_start
left join closed as c on e.rep_id = c.rep_id and e.period_start = c.period_start
