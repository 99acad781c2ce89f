-- One row per period and scope with a quota or a forecast.
-- Easily misread: a scope's quota is the sum of its reps', each in the team of the quota's first day; a forecast is not
-- summed over scopes, it is what somebody said for this one (core.fct_period_forecast).
with plan as (
    select
        q.period_grain,
        q.period_start,
        s.scope,
        s.scope_id,
        q.company_amount as quota_amount,
        q.unpriced_count as unpriced_quotas,
        null::decimal(38, 12) as forecast_amount,
        0 as unpriced_forecasts
    from core.fct_period_quota as q
    cross join
        lateral (
            values ('company', 'all'), ('rep_type', q.rep_type), ('team', q.team), ('rep', q.rep_id)
        ) as s (scope, scope_id)
    union all
    select
        period_grain,
        period_start,
        scope,
        scope_id,
        null as quota_amount,
        0 as unpriced_quotas,
        company_amount as forecast_amount,
        unpriced_count as unpriced_forecasts
    from core.fct_period_forecast
)

select
    n.period_grain,
    n.period_start,
    n.scope,
    n.scope_id,
    sum(n.quota_amount)::decimal(38, 12) as quota_amount,
    sum(n.unpriced_quotas)::bigint as unpriced_quotas,
    sum(n.forecast_amount)::decimal(38, 12) as forecast_amount,
    sum(n.unpriced_forecasts)::bigint as unpriced_forecasts
from plan as n
inner join core.dim_period as d on n.period_grain = d.period_grain and n.period_start = d.period_start
group by n.period_grain, n.period_start, n.scope, n.scope_id
