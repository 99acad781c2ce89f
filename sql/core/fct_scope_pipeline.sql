-- One row per period and scope: the open amount where it began and where it ended, and all that moved it in between.
-- Easily misread: both ends are counted from the deals open then, at the last day's rates; the flows are summed from
-- core.fct_pipeline_movement, each at its own day's rate. That they meet is checked.
with open_deal as (
    select
        d.period_grain,
        d.period_start,
        d.next_period_start,
        s.rep_id,
        s.rep_type,
        s.team,
        count(*) as open_deals,
        sum(s.amount * x.rate)::decimal(38, 12) as open_amount,
        count(*) filter (where s.amount is not null and x.rate is null) as unpriced_open
    from core.fct_open_stretch as s
    inner join core.dim_period as d
        on s.from_date <= d.last_date and coalesce(s.until_date, date '9999-12-31') > d.last_date
    left join core.company_rate_day as x on s.currency = x.currency and d.last_date = x.date_day
    group by d.period_grain, d.period_start, d.next_period_start, s.rep_id, s.rep_type, s.team
),

-- days, since a join by equal days costs a tenth of one by ranges
period_day as (
    select
        period_grain,
        period_start,
        unnest(range(period_start::timestamp, next_period_start::timestamp, interval 1 day))::date as date_day
    from core.dim_period
),

movement as (
    select
        d.period_grain,
        d.period_start,
        m.rep_id,
        m.rep_type,
        m.team,
        m.movement,
        sum(m.company_amount)::decimal(38, 12) as company_amount,
        count(*) filter (where m.is_unpriced) as unpriced_count
    from core.fct_pipeline_movement as m
    inner join period_day as d on m.movement_date = d.date_day
    group by d.period_grain, d.period_start, m.rep_id, m.rep_type, m.team, m.movement
),

part as (
    select
        period_grain,
        period_start,
        rep_id,
        rep_type,
        team,
        'closing' as part,
        open_amount as company_amount,
        unpriced_open as unpriced_count,
        open_deals
    from open_deal
    union all
    -- where one period ends the next begins
    select
        o.period_grain,
        o.next_period_start as period_start,
        o.rep_id,
        o.rep_type,
        o.team,
        'opening' as part,
        o.open_amount as company_amount,
        0 as unpriced_count,
        0 as open_deals
    from open_deal as o
    cross join core.parameter as p
    where o.next_period_start <= p.as_of_date
    union all
    select
        period_grain,
        period_start,
        rep_id,
        rep_type,
        team,
        movement as part,
        company_amount,
        unpriced_count,
        0 as open_deals
    from movement
),

scope_part as (
    select
        t.period_grain,
        t.period_start,
        s.scope,
        s.scope_id,
        sum(t.open_deals)::bigint as open_deals,
        coalesce(sum(t.company_amount) filter (where t.part = 'opening'), 0)::decimal(38, 12) as opening_amount,
        coalesce(sum(t.company_amount) filter (where t.part = 'inflow'), 0)::decimal(38, 12) as inflow_amount,
        coalesce(sum(t.company_amount) filter (where t.part = 'outflow'), 0)::decimal(38, 12) as outflow_amount,
        coalesce(sum(t.company_amount) filter (where t.part = 'amount_edit'), 0)::decimal(38, 12) as edited_amount,
        coalesce(sum(t.company_amount) filter (where t.part = 'handover'), 0)::decimal(38, 12) as handed_amount,
        coalesce(sum(t.company_amount) filter (where t.part = 'revaluation'), 0)::decimal(38, 12) as revalued_amount,
        coalesce(sum(t.company_amount) filter (where t.part in ('undated_opening', 'never_open')), 0)::decimal(38, 12)
            as undated_amount,
        coalesce(sum(t.company_amount) filter (where t.part = 'closing'), 0)::decimal(38, 12) as closing_amount,
        coalesce(sum(t.unpriced_count) filter (where t.part = 'closing'), 0)::bigint as unpriced_open,
        coalesce(sum(t.unpriced_count) filter (where t.part = 'inflow'), 0)::bigint as unpriced_inflow,
        coalesce(sum(t.unpriced_count) filter (where t.part = 'outflow'), 0)::bigint as unpriced_outflow,
        coalesce(sum(t.unpriced_count) filter (where t.part not in ('closing', 'inflow', 'outflow')), 0)::bigint
            as unpriced_changes
    from part as t
    cross join
        lateral (
            values ('company', 'all'), ('rep_type', t.rep_type), ('team', t.team), ('rep', t.rep_id)
        ) as s (scope, scope_id)
    group by t.period_grain, t.period_start, s.scope, s.scope_id
)

select
    period_grain,
    period_start,
    scope,
    scope_id,
    open_deals,
    opening_amount,
    inflow_amount,
    outflow_amount,
    edited_amount,
    handed_amount,
    revalued_amount,
    undated_amount,
    (edited_amount + handed_amount + revalued_amount + undated_amount)::decimal(38, 12) as changes_amount,
    closing_amount,
    unpriced_open,
    unpriced_inflow,
    unpriced_outflow,
    unpriced_changes
from scope_part
