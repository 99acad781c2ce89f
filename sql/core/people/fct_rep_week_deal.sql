-- One row per rep and week at whose end the rep owned open deals.
-- Easily misread: open, owner and amount are those of the end of the week's last day (of as_of in the running week),
-- and the rate is that day's. A deal without an amount or a rate is counted and adds no amount.
with open_deal as (
    select
        o.opportunity_id,
        o.rep_id as owner_rep_id,
        w.period_start as week_start,
        w.last_date,
        (o.amount * x.rate)::decimal(38, 12) as company_amount
    from core.fct_open_stretch as o
    inner join core.dim_period as w
        on o.from_date <= w.last_date and coalesce(o.until_date, date '9999-12-31') > w.last_date
    left join core.company_rate as x
        on o.currency = x.currency and w.last_date >= x.valid_from and w.last_date < x.valid_to
    where w.period_grain = 'week' and o.rep_id <> 'unknown'
),

attended_deal as (
    select
        o.opportunity_id,
        o.week_start
    from open_deal as o
    inner join core.fct_opportunity_attention as a
        on
            o.opportunity_id = a.opportunity_id
            and o.owner_rep_id = a.owner_rep_id
            and o.last_date >= a.attended_from
            and o.last_date <= a.attended_to
    group by o.opportunity_id, o.week_start
)

select
    o.owner_rep_id as rep_id,
    o.week_start,
    count(*) as open_opportunities,
    coalesce(sum(o.company_amount), 0)::decimal(38, 12) as open_amount,
    count(*) filter (where a.opportunity_id is null) as untouched_opportunities
from open_deal as o
left join attended_deal as a on o.opportunity_id = a.opportunity_id and o.week_start = a.week_start
group by o.owner_rep_id, o.week_start
