-- One row per lead with an event of its own: how many steps of the funnel it has reached, counted in both ways.
-- Easily misread: steps_reached takes a later step as proof of all before it, in whatever order they happened;
-- steps_reached_in_order asks for each step at or after the one before it, and is never more.
with recursive step_in_order as (
    select
        lead_id,
        step_order,
        min(happened_at) as reached_at
    from core.fct_lead_event
    where step_order = 1
    group by lead_id, step_order
    union all
    select
        e.lead_id,
        e.step_order,
        min(e.happened_at) as reached_at
    from step_in_order as r
    inner join core.fct_lead_event as e
        on r.lead_id = e.lead_id and r.step_order + 1 = e.step_order and r.reached_at <= e.happened_at
    group by e.lead_id, e.step_order
),

in_order as (
    select
        lead_id,
        max(step_order) as steps
    from step_in_order
    group by lead_id
),

any_order as (
    select
        lead_id,
        max(step_order) as steps
    from core.fct_lead_event
    group by lead_id
)

select
    a.lead_id,
    a.steps as steps_reached,
    coalesce(o.steps, 0) as steps_reached_in_order
from any_order as a
left join in_order as o on a.lead_id = o.lead_id
