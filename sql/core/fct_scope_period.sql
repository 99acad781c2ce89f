-- One row per period and scope in which somebody was employed, or something happened: every part of the sales kpis.
-- Easily misread: counts and amounts only; what may be divided by what stands in marts.sales_kpi. The company has a row
-- in every period, a team or rep only in those in which it had people, deals, leads, a quota or spend.
with scope_period as (
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from core.fct_scope_effort
    union
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from core.fct_scope_close
    union
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from core.fct_scope_creation
    union
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from core.fct_scope_pipeline
    union
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from core.fct_scope_plan
    union
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from core.fct_scope_customer
)

select
    k.period_grain,
    k.period_start,
    k.scope,
    k.scope_id,
    d.is_complete,
    coalesce(e.active_reps, 0) as active_reps,
    coalesce(e.rep_workdays, 0) as rep_workdays,
    coalesce(e.counted_workdays, 0) as counted_workdays,
    coalesce(e.touches, 0) as touches,
    coalesce(e.counted_calls, 0) as counted_calls,
    coalesce(e.counted_emails, 0) as counted_emails,
    coalesce(e.selling_seconds, 0) as selling_seconds,
    coalesce(c.won_count, 0) as won_count,
    coalesce(c.lost_count, 0) as lost_count,
    coalesce(c.won_amount, 0) as won_amount,
    coalesce(c.lost_amount, 0) as lost_amount,
    coalesce(c.won_with_amount, 0) as won_with_amount,
    coalesce(c.unpriced_won, 0) as unpriced_won,
    coalesce(c.unpriced_lost, 0) as unpriced_lost,
    coalesce(c.expansion_amount, 0) as expansion_amount,
    coalesce(c.new_amount, 0) as new_amount,
    coalesce(c.unpriced_new, 0) as unpriced_new,
    coalesce(c.cycle_days, 0) as cycle_days,
    coalesce(c.cycle_deals, 0) as cycle_deals,
    coalesce(c.new_customers, 0) as new_customers,
    coalesce(n.deals_created, 0) as deals_created,
    coalesce(n.marketing_sourced, 0) as marketing_sourced,
    coalesce(n.sales_sourced, 0) as sales_sourced,
    coalesce(n.unknown_sourced, 0) as unknown_sourced,
    coalesce(n.leads_created, 0) as leads_created,
    coalesce(o.open_deals, 0) as open_deals,
    coalesce(o.opening_amount, 0) as opening_amount,
    coalesce(o.inflow_amount, 0) as inflow_amount,
    coalesce(o.outflow_amount, 0) as outflow_amount,
    coalesce(o.changes_amount, 0) as changes_amount,
    coalesce(o.closing_amount, 0) as closing_amount,
    coalesce(o.unpriced_open, 0) as unpriced_open,
    coalesce(o.unpriced_inflow, 0) as unpriced_inflow,
    coalesce(o.unpriced_outflow, 0) as unpriced_outflow,
    coalesce(o.unpriced_changes, 0) as unpriced_changes,
    q.quota_amount,
    coalesce(q.unpriced_quotas, 0) as unpriced_quotas,
    q.forecast_amount,
    coalesce(q.unpriced_forecasts, 0) as unpriced_forecasts,
    u.spend_amount,
    u.sales_spend_amount,
    coalesce(u.unpriced_spend, 0) as unpriced_spend,
    coalesce(u.unpriced_sales_spend, 0) as unpriced_sales_spend,
    coalesce(u.monthly_customers, 0) as monthly_customers,
    u.monthly_revenue,
    coalesce(u.unpriced_contracts, 0) as unpriced_contracts,
    coalesce(u.monthly_stopping, 0) as monthly_stopping,
    coalesce(u.monthly_churned, 0) as monthly_churned,
    coalesce(u.customers_stopping, 0) as customers_stopping,
    coalesce(u.customers_churned, 0) as customers_churned
from scope_period as k
inner join core.dim_period as d on k.period_grain = d.period_grain and k.period_start = d.period_start
left join core.fct_scope_effort as e
    on
        k.period_grain = e.period_grain
        and k.period_start = e.period_start
        and k.scope = e.scope
        and k.scope_id = e.scope_id
left join core.fct_scope_close as c
    on
        k.period_grain = c.period_grain
        and k.period_start = c.period_start
        and k.scope = c.scope
        and k.scope_id = c.scope_id
left join core.fct_scope_creation as n
    on
        k.period_grain = n.period_grain
        and k.period_start = n.period_start
        and k.scope = n.scope
        and k.scope_id = n.scope_id
left join core.fct_scope_pipeline as o
    on
        k.period_grain = o.period_grain
        and k.period_start = o.period_start
        and k.scope = o.scope
        and k.scope_id = o.scope_id
left join core.fct_scope_plan as q
    on
        k.period_grain = q.period_grain
        and k.period_start = q.period_start
        and k.scope = q.scope
        and k.scope_id = q.scope_id
left join core.fct_scope_customer as u
    on
        k.period_grain = u.period_grain
        and k.period_start = u.period_start
        and k.scope = u.scope
        and k.scope_id = u.scope_id
