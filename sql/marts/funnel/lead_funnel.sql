-- One row per month in which leads came in, rep type and source type: how many reached each step within the window.
-- Easily misread: a later step counts as all before it, in whatever order they happened; untouched leads may therefore
-- have come further; young cohorts (is_mature false) will still convert more.
with cohort as (
    select
        cohort_month,
        rep_type,
        source_type,
        count(*) as leads,
        count(*) filter (where steps_reached >= 1) as contacted,
        count(*) filter (where steps_reached >= 2) as connected,
        count(*) filter (where steps_reached >= 3) as meeting_held,
        count(*) filter (where steps_reached >= 4) as opportunity_created,
        count(*) filter (where steps_reached >= 5) as won,
        count(*) filter (where first_touch_at is null) as untouched,
        quantile_cont(speed_to_lead_seconds, 0.5) as speed_to_lead_seconds_median
    from core.fct_lead_cohort
    group by cohort_month, rep_type, source_type
)

select
    c.cohort_month,
    c.rep_type,
    c.source_type,
    c.leads,
    c.contacted,
    c.connected,
    c.meeting_held,
    c.opportunity_created,
    c.won,
    c.contacted::double / nullif(c.leads, 0) as contacted_rate,
    c.connected::double / nullif(c.contacted, 0) as connected_rate,
    c.meeting_held::double / nullif(c.connected, 0) as meeting_held_rate,
    c.opportunity_created::double / nullif(c.meeting_held, 0) as opportunity_created_rate,
    c.won::double / nullif(c.opportunity_created, 0) as won_rate,
    c.contacted::double / nullif(c.leads, 0) as contacted_cumulative_rate,
    c.connected::double / nullif(c.leads, 0) as connected_cumulative_rate,
    c.meeting_held::double / nullif(c.leads, 0) as meeting_held_cumulative_rate,
    c.opportunity_created::double / nullif(c.leads, 0) as opportunity_created_cumulative_rate,
    c.won::double / nullif(c.leads, 0) as won_cumulative_rate,
    c.untouched,
    c.speed_to_lead_seconds_median,
    -- the last instant of the month is the one before the next month's first
    timezone(p.timezone, (c.cohort_month + interval 1 month)::timestamp)
    - interval 1 microsecond
    + to_hours(24 * p.funnel_window_days) <= p.as_of as is_mature
from cohort as c
cross join core.parameter as p
