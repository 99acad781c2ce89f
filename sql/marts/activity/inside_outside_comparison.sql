-- One row per month and metric: inside against outside reps, hybrid ones beside them, and what is published about it.
-- Easily misread: every value is a ratio of sums over the month, never a mean of the reps' own; who changes type counts
-- on each side by day. sales_cycle_days and average_deal_size leave out deals without a creation or an amount.
with activity as (
    select
        period_start,
        rep_type,
        rep_workdays,
        calls,
        emails,
        social_touches,
        touches,
        meetings_held,
        meeting_seconds,
        in_person_meeting_seconds
    from marts.rep_type_activity
    where period_grain = 'month'
),

closed as (
    select
        date_trunc('month', closed_date)::date as period_start,
        rep_type,
        count(*) filter (where outcome = 'won') as won_count,
        count(*) as closed_count,
        sum(sales_cycle_days) filter (where outcome = 'won') as cycle_days,
        count(sales_cycle_days) filter (where outcome = 'won') as cycle_deals,
        sum(company_amount) filter (where outcome = 'won') as won_amount,
        count(company_amount) filter (where outcome = 'won') as priced_deals
    from core.fct_opportunity_close
    where is_counted
    group by date_trunc('month', closed_date), rep_type
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
    from closed
),

compared_metric as (
    select unnest([
        'calls', 'emails', 'social_touches', 'touches', 'meetings_held', 'win_rate', 'sales_cycle_days',
        'average_deal_size', 'in_person_share'
    ]) as metric
),

part as (
    select
        k.period_start,
        m.metric,
        k.rep_type,
        coalesce(
            case m.metric
                when 'calls' then a.calls
                when 'emails' then a.emails
                when 'social_touches' then a.social_touches
                when 'touches' then a.touches
                when 'meetings_held' then a.meetings_held
                when 'win_rate' then c.won_count
                when 'sales_cycle_days' then c.cycle_days
                when 'average_deal_size' then c.won_amount
                when 'in_person_share' then a.in_person_meeting_seconds
            end,
            0
        )::decimal(38, 12) as numerator,
        coalesce(
            case m.metric
                when 'win_rate' then c.closed_count
                when 'sales_cycle_days' then c.cycle_deals
                when 'average_deal_size' then c.priced_deals
                when 'in_person_share' then a.meeting_seconds
                else a.rep_workdays
            end,
            0
        )::bigint as denominator
    from month_type as k
    cross join compared_metric as m
    left join activity as a on k.period_start = a.period_start and k.rep_type = a.rep_type
    left join closed as c on k.period_start = c.period_start and k.rep_type = c.rep_type
),

side as (
    select
        period_start,
        metric,
        coalesce(max(numerator) filter (where rep_type = 'inside'), 0)::decimal(38, 12) as inside_numerator,
        coalesce(max(denominator) filter (where rep_type = 'inside'), 0) as inside_denominator,
        coalesce(max(numerator) filter (where rep_type = 'outside'), 0)::decimal(38, 12) as outside_numerator,
        coalesce(max(denominator) filter (where rep_type = 'outside'), 0) as outside_denominator,
        coalesce(max(numerator) filter (where rep_type = 'hybrid'), 0)::decimal(38, 12) as hybrid_numerator,
        coalesce(max(denominator) filter (where rep_type = 'hybrid'), 0) as hybrid_denominator
    from part
    group by period_start, metric
),

valued as (
    select
        period_start,
        metric,
        inside_numerator::double / nullif(inside_denominator, 0) as inside_value,
        outside_numerator::double / nullif(outside_denominator, 0) as outside_value,
        hybrid_numerator::double / nullif(hybrid_denominator, 0) as hybrid_value,
        inside_numerator,
        inside_denominator,
        outside_numerator,
        outside_denominator,
        hybrid_numerator,
        hybrid_denominator
    from side
)

select
    v.period_start,
    v.metric,
    v.period_start + interval 1 month <= p.as_of_date as is_complete,
    v.inside_value,
    v.outside_value,
    v.hybrid_value,
    v.inside_value / nullif(v.outside_value, 0) - 1 as inside_vs_outside,
    b.published_low,
    b.published_high,
    b.benchmark_source,
    v.inside_numerator,
    v.inside_denominator,
    v.outside_numerator,
    v.outside_denominator,
    v.hybrid_numerator,
    v.hybrid_denominator
from valued as v
cross join core.parameter as p
left join core.ref_published_benchmark as b on v.metric = b.metric
