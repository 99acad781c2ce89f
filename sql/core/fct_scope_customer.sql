-- One row per period and company, or team that spent: what selling cost, who was a customer, who left.
-- Easily misread: spend is by team too; customers under contract have none and are in the company's row only. Columns
-- named monthly_ are sums over the period's months, so who stops in two months of a quarter is in them twice, and in
-- customers_stopping once.
with spend as (
    select
        d.period_grain,
        d.period_start,
        s.scope,
        s.scope_id,
        sum(e.amount * x.rate)::decimal(38, 12) as spend_amount,
        sum(e.amount * x.rate) filter (where e.category = 'sales')::decimal(38, 12) as sales_spend_amount,
        count(*) filter (where x.rate is null) as unpriced_spend,
        count(*) filter (where x.rate is null and e.category = 'sales') as unpriced_sales_spend
    from core.fct_spend as e
    inner join core.dim_period as d
        on d.period_grain <> 'week' and e.spend_month >= d.period_start and e.spend_month <= d.last_date
    left join core.company_rate as x
        on e.currency = x.currency and e.spend_month >= x.valid_from and e.spend_month < x.valid_to
    cross join lateral (values ('company', 'all'), ('team', e.team)) as s (scope, scope_id)
    group by d.period_grain, d.period_start, s.scope, s.scope_id
),

revenue as (
    select
        d.period_grain,
        d.period_start,
        count(m.company_amount) as monthly_customers,
        sum(m.company_amount)::decimal(38, 12) as monthly_revenue,
        sum(m.unpriced_count)::bigint as unpriced_contracts
    from core.fct_customer_month as m
    inner join core.dim_period as d
        on d.period_grain <> 'week' and m.month_start >= d.period_start and m.month_start <= d.last_date
    group by d.period_grain, d.period_start
),

stop as (
    select
        period_grain,
        period_start,
        count(*) as customers_stopping,
        count(*) filter (where is_churned) as customers_churned
    from core.fct_contract_stop
    group by period_grain, period_start
),

monthly_stop as (
    select
        d.period_grain,
        d.period_start,
        sum(m.customers_stopping)::bigint as monthly_stopping,
        sum(m.customers_churned)::bigint as monthly_churned
    from stop as m
    inner join core.dim_period as d
        on
            m.period_grain = 'month'
            and d.period_grain <> 'week'
            and m.period_start >= d.period_start
            and m.period_start <= d.last_date
    group by d.period_grain, d.period_start
),

scope_period as (
    select
        period_grain,
        period_start,
        'company' as scope,
        'all' as scope_id
    from core.dim_period
    union
    select
        period_grain,
        period_start,
        scope,
        scope_id
    from spend
)

select
    k.period_grain,
    k.period_start,
    k.scope,
    k.scope_id,
    e.spend_amount,
    e.sales_spend_amount,
    coalesce(e.unpriced_spend, 0) as unpriced_spend,
    coalesce(e.unpriced_sales_spend, 0) as unpriced_sales_spend,
    coalesce(r.monthly_customers, 0) as monthly_customers,
    r.monthly_revenue,
    coalesce(r.unpriced_contracts, 0) as unpriced_contracts,
    coalesce(m.monthly_stopping, 0) as monthly_stopping,
    coalesce(m.monthly_churned, 0) as monthly_churned,
    coalesce(t.customers_stopping, 0) as customers_stopping,
    coalesce(t.customers_churned, 0) as customers_churned
from scope_period as k
left join spend as e
    on
        k.period_grain = e.period_grain
        and k.period_start = e.period_start
        and k.scope = e.scope
        and k.scope_id = e.scope_id
left join revenue as r
    on k.period_grain = r.period_grain and k.period_start = r.period_start and k.scope = 'company'
left join monthly_stop as m
    on k.period_grain = m.period_grain and k.period_start = m.period_start and k.scope = 'company'
left join stop as t
    on k.period_grain = t.period_grain and k.period_start = t.period_start and k.scope = 'company'
