-- One row per living activity, its rep, contacts and deal led to who and what they are, blanks filled by its copies and
-- by metrics.md. Easily misread: the is_ flags are judged at as_of, so nothing after it is a touch; the rows themselves
-- are here. Copies are not: core.activity_copy says which activity stands for them.
with program as (
    select
        source,
        substr(user_id, length(source) + 2) as source_rep_id
    from core.latest_users
    where kind = 'integration' and is_deleted is not true
),

living_activity as (
    select
        a.activity_id,
        a.source,
        a.rep_id as source_rep_id,
        -- what a calendar's synchronisation entered, nobody else booked
        case when g.source_rep_id is null then a.booked_by_rep_id end as source_booked_by_rep_id,
        a.channel,
        f.rep_id as filled_rep_id,
        f.booked_by_rep_id as filled_booked_by_rep_id,
        coalesce(f.direction, a.direction, 'unknown') as direction,
        coalesce(
            a.status,
            case
                when a.channel = 'meeting' and s.assume_past_meetings_held is false then 'scheduled'
                when a.occurred_at <= p.as_of then 'completed'
                else 'scheduled'
            end
        ) as status,
        coalesce(a.disposition, f.disposition) as source_disposition,
        lower(coalesce(a.disposition, f.disposition)) as disposition_word,
        case when a.channel = 'meeting' then coalesce(a.meeting_mode, 'unknown') end as meeting_mode,
        a.occurred_at,
        a.activity_date,
        coalesce(a.occurred_at_precision, 'instant') as occurred_at_precision,
        a.occurred_at_basis,
        -- whole microseconds: adding an interval to an instant asks the calendar for every row
        greatest(
            a.occurred_at,
            coalesce(
                a.ended_at,
                make_timestamptz(
                    epoch_us(a.occurred_at) + coalesce(a.duration_seconds, f.duration_seconds, 0) * 1000000
                )
            )
        ) as ended_at,
        -- a day has no instant to measure from
        coalesce(
            a.duration_seconds,
            case
                when a.ended_at > a.occurred_at and a.occurred_at_precision is distinct from 'date'
                    then (epoch_us(a.ended_at) - epoch_us(a.occurred_at)) // 1000000
                else coalesce(f.duration_seconds, 0)
            end
        ) as duration_seconds,
        coalesce(a.account_id, f.account_id) as account_id,
        coalesce(a.contact_id, f.contact_id) as contact_id,
        -- an empty list is blank too
        coalesce(f.contact_ids, a.contact_ids) as contact_ids,
        coalesce(a.lead_id, f.lead_id) as lead_id,
        coalesce(a.opportunity_id, f.opportunity_id) as opportunity_id,
        coalesce(a.is_bulk, false) as is_bulk,
        a.subject,
        a.created_at,
        a.created_date,
        a.occurred_at > p.as_of as is_after_as_of,
        p.as_of,
        p.connected_call_seconds
    from core.latest_activities as a
    cross join core.parameter as p
    left join core.source as s on a.source = s.source
    left join core.activity_fill as f on a.activity_id = f.activity_id
    left join core.activity_copy as c on a.activity_id = c.activity_id
    left join program as g on a.source = g.source and a.booked_by_rep_id = g.source_rep_id
    where a.is_deleted is not true and c.activity_id is null
)

select
    a.activity_id,
    a.source,
    substr(a.activity_id, length(a.source) + 2) as source_activity_id,
    coalesce(r.rep_id, a.filled_rep_id, 'unknown') as rep_id,
    a.source_rep_id,
    case
        when a.source_booked_by_rep_id is null
            then coalesce(a.filled_booked_by_rep_id, r.rep_id, a.filled_rep_id, 'unknown')
        else coalesce(b.rep_id, 'unknown')
    end as booked_by_rep_id,
    a.channel,
    a.direction,
    a.status,
    case when a.source_disposition is not null then coalesce(d.word, 'other') end as disposition,
    a.source_disposition,
    a.meeting_mode,
    a.occurred_at,
    a.activity_date,
    a.occurred_at_precision,
    a.occurred_at_basis,
    a.ended_at,
    a.duration_seconds,
    coalesce(ma.survivor_id, a.account_id) as account_id,
    coalesce(mc.survivor_id, a.contact_id) as contact_id,
    a.contact_ids,
    a.lead_id,
    coalesce(mo.survivor_id, a.opportunity_id) as opportunity_id,
    a.is_bulk,
    a.subject,
    a.created_at,
    a.created_date,
    a.is_after_as_of,
    a.status = 'completed'
    and not a.is_after_as_of
    and a.channel not in ('task', 'note')
    and a.direction not in ('internal', 'inbound')
    and not coalesce(d.is_bounced, false)
    and (a.channel <> 'meeting' or a.ended_at <= a.as_of) as is_touch,
    a.status = 'completed' and not a.is_after_as_of and a.channel = 'call' as is_completed_call,
    a.status = 'completed'
    and not a.is_after_as_of
    and a.channel = 'call'
    and case
        when a.source_disposition is null then a.duration_seconds > a.connected_call_seconds
        else coalesce(d.is_connected, false)
    end as is_connected_call,
    a.status = 'completed' and a.channel = 'meeting' and a.ended_at <= a.as_of as is_meeting_held
from living_activity as a
left join core.rep_identity as r on a.source = r.source and a.source_rep_id = r.source_rep_id
left join core.rep_identity as b on a.source = b.source and a.source_booked_by_rep_id = b.source_rep_id
left join core.ref_disposition as d on a.channel = d.channel and a.disposition_word = d.word
left join core.merged_record as ma on ma.entity = 'account' and a.account_id = ma.record_id
left join core.merged_record as mc on mc.entity = 'contact' and a.contact_id = mc.record_id
left join core.merged_record as mo on mo.entity = 'opportunity' and a.opportunity_id = mo.record_id
