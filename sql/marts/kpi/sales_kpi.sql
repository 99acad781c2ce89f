-- One row per period, scope and kpi: its value and the two numbers it was made of.
-- Easily misread: values are not to be added or averaged; roll up numerators and denominators, then divide. An amount
-- has no denominator. Calls and e-mails per rep-workday are of people counted as reps, all else is of everyone.
with scope_period as (
    select
        s.period_grain,
        s.period_start,
        s.scope,
        s.scope_id,
        s.is_complete,
        s.active_reps,
        s.rep_workdays,
        s.counted_workdays,
        s.touches,
        s.counted_calls,
        s.counted_emails,
        s.selling_seconds,
        s.won_count,
        s.won_count + s.lost_count as closed_count,
        s.won_amount,
        s.won_amount + s.lost_amount as closed_amount,
        s.won_with_amount,
        s.unpriced_won,
        s.unpriced_won + s.unpriced_lost as unpriced_closed,
        s.expansion_amount,
        s.new_amount,
        s.unpriced_new,
        s.cycle_days,
        s.cycle_deals,
        s.new_customers,
        s.deals_created,
        s.marketing_sourced,
        s.sales_sourced,
        s.unknown_sourced,
        s.leads_created,
        s.open_deals,
        s.inflow_amount,
        s.outflow_amount,
        s.changes_amount,
        s.closing_amount,
        s.unpriced_open,
        s.unpriced_inflow,
        s.unpriced_outflow,
        s.unpriced_changes,
        coalesce(s.quota_amount, 0) as quota_amount,
        s.unpriced_quotas,
        s.unpriced_forecasts,
        s.spend_amount,
        coalesce(s.sales_spend_amount, 0) as sales_spend_amount,
        s.unpriced_spend,
        s.unpriced_sales_spend,
        s.unpriced_contracts,
        s.customers_stopping,
        s.customers_churned,
        s.rep_workdays * date_sub('second', p.workday_start, p.workday_end) as working_seconds,
        -- 1 - abs(forecast - actual) / actual, floor 0, with one denominator; greatest() would read no forecast as 0
        case
            when s.is_complete and s.won_amount >= 0 and s.forecast_amount is not null
                then greatest(s.won_amount - abs(s.forecast_amount - s.won_amount), 0)
        end as forecast_met_amount,
        -- without a quota nothing is to be won, whatever was lost again
        case when s.quota_amount is null then 0 else greatest(s.quota_amount - s.won_amount, 0) end as quota_to_win,
        (
            s.open_deals
            * (s.won_count::double / nullif(s.won_count + s.lost_count, 0))
            * (s.won_amount::double / nullif(s.won_with_amount, 0))
        )::decimal(38, 12) as open_deals_worth,
        (s.cycle_days::double / nullif(s.cycle_deals, 0))::decimal(38, 12) as mean_cycle_days,
        (s.monthly_revenue::double / nullif(s.monthly_customers, 0) * p.gross_margin::double)::decimal(38, 12)
            as monthly_margin,
        (s.monthly_churned::double / nullif(s.monthly_stopping, 0))::decimal(38, 12) as monthly_churn_rate
    from core.fct_scope_period as s
    cross join core.parameter as p
    where
        (s.period_grain, s.period_start) in (
            select (w.period_grain, w.period_start) from staging.dirty_scope_period as w
        )
),

-- each row: name, numerator, denominator, amounts without a rate
listed_part as (
    select
        s.period_grain,
        s.period_start,
        s.is_complete,
        s.scope,
        s.scope_id,
        unnest([
            row('calls_per_rep_workday', s.counted_calls, s.counted_workdays, 0),
            row('emails_per_rep_workday', s.counted_emails, s.counted_workdays, 0),
            row('win_rate', s.won_count, s.closed_count, 0),
            row('win_rate_by_amount', s.won_amount, s.closed_amount, s.unpriced_closed),
            row('close_rate', s.won_count, s.leads_created, 0),
            row('sales_cycle_days', s.cycle_days, s.cycle_deals, 0),
            row('average_deal_size', s.won_amount, s.won_with_amount, s.unpriced_won),
            row('expansion_share', s.expansion_amount, s.won_amount, s.unpriced_won),
            row('quota_attainment', s.won_amount, s.quota_amount, s.unpriced_won + s.unpriced_quotas),
            row('forecast_accuracy', s.forecast_met_amount, s.won_amount, s.unpriced_won + s.unpriced_forecasts),
            row('selling_time_share', s.selling_seconds, s.working_seconds, 0),
            row('pipeline_open_amount', s.closing_amount, null, s.unpriced_open),
            row('pipeline_inflow_amount', s.inflow_amount, null, s.unpriced_inflow),
            row('pipeline_outflow_amount', s.outflow_amount, null, s.unpriced_outflow),
            row('pipeline_changes_amount', s.changes_amount, null, s.unpriced_changes),
            row('pipeline_velocity', s.open_deals_worth, coalesce(s.mean_cycle_days, 0), s.unpriced_won),
            row(
                'pipeline_coverage', s.closing_amount, s.quota_to_win,
                s.unpriced_open + s.unpriced_won + s.unpriced_quotas
            ),
            row('marketing_sourced_share', s.marketing_sourced, s.deals_created, 0),
            row('sales_sourced_share', s.sales_sourced, s.deals_created, 0),
            row('unknown_sourced_share', s.unknown_sourced, s.deals_created, 0),
            row('customer_acquisition_cost', s.spend_amount, s.new_customers, s.unpriced_spend),
            row('customer_lifetime_value', s.monthly_margin, coalesce(s.monthly_churn_rate, 0), s.unpriced_contracts),
            row('sales_efficiency', s.new_amount, s.sales_spend_amount, s.unpriced_new + s.unpriced_sales_spend),
            row('customers_per_spend', s.new_customers, coalesce(s.spend_amount, 0), s.unpriced_spend),
            row('customer_churn_rate', s.customers_churned, s.customers_stopping, 0),
            row('touchpoints_per_rep', s.touches, s.active_reps, 0)
        ]) as part
    from scope_period as s
),

part as (
    select
        period_grain,
        period_start,
        is_complete,
        scope,
        scope_id,
        part[1] as kpi,
        part[2]::decimal(38, 12) as numerator,
        part[3]::decimal(38, 12) as denominator,
        part[4]::bigint as unpriced_count
    from listed_part
    union all
    select
        'month' as period_grain,
        period_start,
        is_complete,
        scope,
        scope_id,
        'turnover_rate' as kpi,
        separations_12m::decimal(38, 12) as numerator,
        headcount_average_12m::decimal(38, 12) as denominator,
        0::bigint as unpriced_count
    from marts.team_turnover_monthly
    where
        period_start in (
            select w.period_start from staging.dirty_scope_period as w
            where w.period_grain = 'month'
        )
)

select
    t.period_grain,
    t.period_start,
    t.is_complete,
    t.scope,
    t.scope_id,
    t.kpi,
    case
        when t.denominator is null then t.numerator::double
        else t.numerator::double / nullif(t.denominator, 0)::double
    end as value,
    t.numerator,
    t.denominator,
    r.unit,
    t.unpriced_count
from part as t
inner join core.ref_kpi as r on t.kpi = r.kpi
where
    list_contains(r.scopes, t.scope)
    and list_contains(r.grains, t.period_grain)
    and (r.has_unknown_rep or t.scope_id <> 'unknown' or t.scope in ('company', 'team'))
