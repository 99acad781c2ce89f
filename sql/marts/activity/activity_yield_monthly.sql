-- One row per month and rep type: what its touches and calls led to.
-- Easily misread: deals are those created and won in the month, not those that came of its touches; a cohort's way from
-- lead to deal stands in marts.lead_funnel. Deals count at the type of their owner at the creation and at the close.
with created as (
    select
        date_trunc('month', created_date)::date as period_start,
        rep_type,
        count(*) as opportunities_created
    from core.fct_opportunity_creation
    where is_counted
    group by date_trunc('month', created_date), rep_type
),

won as (
    select
        date_trunc('month', closed_date)::date as period_start,
        rep_type,
        count(*) as won_count
    from core.fct_opportunity_close
    where is_counted and outcome = 'won'
    group by date_trunc('month', closed_date), rep_type
),

activity as (
    select
        period_start,
        rep_type,
        touches,
        calls,
        calls_outbound,
        calls_outbound_connected,
        calls_connected,
        meetings_held
    from marts.rep_type_activity
    where period_grain = 'month'
),

month_type as (
    select
        period_start,
        rep_type
    from activity
    union
    select
        period_start,
        rep_type
    from created
    union
    select
        period_start,
        rep_type
    from won
)

select
    k.period_start,
    k.rep_type,
    k.period_start + interval 1 month <= p.as_of_date as is_complete,
    coalesce(a.touches, 0) as touches,
    coalesce(a.calls, 0) as calls,
    coalesce(a.calls_outbound, 0) as calls_outbound,
    coalesce(a.calls_outbound_connected, 0) as calls_outbound_connected,
    coalesce(a.calls_connected, 0) as calls_connected,
    coalesce(a.meetings_held, 0) as meetings_held,
    coalesce(n.opportunities_created, 0) as opportunities_created,
    coalesce(w.won_count, 0) as won_count,
    a.calls_outbound_connected::double / nullif(a.calls_outbound, 0) as connect_rate,
    coalesce(a.touches, 0)::double / nullif(a.meetings_held, 0) as touches_per_meeting,
    coalesce(a.meetings_held, 0)::double / nullif(n.opportunities_created, 0) as meetings_per_opportunity,
    coalesce(a.touches, 0)::double / nullif(w.won_count, 0) as touches_per_win
from month_type as k
cross join core.parameter as p
left join activity as a on k.period_start = a.period_start and k.rep_type = a.rep_type
left join created as n on k.period_start = n.period_start and k.rep_type = n.rep_type
left join won as w on k.period_start = w.period_start and k.rep_type = w.rep_type
