-- One row per living lead created up to as_of: its cohort, its first touch and how far it came.
-- Easily misread: a lead may have come far and be untouched, when only a later step of it is known; and the rep type is
-- that of who touched it first, not of its owner, unless nobody on the roster touched it.
with touch_in_order as (
    select
        lead_id,
        event_id,
        happened_at,
        event_date,
        is_date_only,
        rep_id,
        row_number() over (
            partition by lead_id
            order by happened_at, event_id
        ) as touch_number
    from core.fct_lead_event
    where step = 'contacted'
)

select
    l.lead_id,
    l.created_at,
    date_trunc('month', l.created_date)::date as cohort_month,
    coalesce(r.rep_type, o.rep_type, 'unknown') as rep_type,
    l.source_type,
    t.event_id as first_touch_activity_id,
    t.happened_at as first_touch_at,
    t.rep_id as first_touch_rep_id,
    case
        when l.created_at_precision = 'instant' and not t.is_date_only
            then (epoch_us(t.happened_at) - epoch_us(l.created_at))::double / 1000000
    end as speed_to_lead_seconds,
    coalesce(g.steps_reached, 0) as steps_reached
from core.dim_lead as l
inner join core.parameter as p on l.created_at <= p.as_of
left join touch_in_order as t on l.lead_id = t.lead_id and t.touch_number = 1
left join core.dim_rep as r on t.rep_id = r.rep_id and t.event_date >= r.valid_from and t.event_date < r.valid_to
left join core.dim_rep as o
    on l.owner_rep_id = o.rep_id and l.created_date >= o.valid_from and l.created_date < o.valid_to
left join core.fct_lead_progress as g on l.lead_id = g.lead_id
