-- One row per period and scope with deals won or lost in it: how many, for how much, how long they took.
-- Easily misread: a deal is in the team its owner had on the day of the close, and stays there. Amounts are those that
-- have a rate; the deals without one are in the counts and in the columns named unpriced_.
select
    d.period_grain,
    d.period_start,
    s.scope,
    s.scope_id,
    count(*) filter (where c.outcome = 'won') as won_count,
    count(*) filter (where c.outcome = 'lost') as lost_count,
    coalesce(sum(c.company_amount) filter (where c.outcome = 'won'), 0)::decimal(38, 12) as won_amount,
    coalesce(sum(c.company_amount) filter (where c.outcome = 'lost'), 0)::decimal(38, 12) as lost_amount,
    count(c.company_amount) filter (where c.outcome = 'won') as won_with_amount,
    count(*) filter (where c.outcome = 'won' and c.is_unpriced) as unpriced_won,
    count(*) filter (where c.outcome = 'lost' and c.is_unpriced) as unpriced_lost,
    coalesce(sum(c.company_amount) filter (where c.outcome = 'won' and c.deal_type = 'expansion'), 0)::decimal(38, 12)
        as expansion_amount,
    coalesce(sum(c.company_amount) filter (where c.outcome = 'won' and c.deal_type = 'new'), 0)::decimal(38, 12)
        as new_amount,
    count(*) filter (where c.outcome = 'won' and c.deal_type = 'new' and c.is_unpriced) as unpriced_new,
    coalesce(sum(c.sales_cycle_days) filter (where c.outcome = 'won'), 0)::bigint as cycle_days,
    count(c.sales_cycle_days) filter (where c.outcome = 'won') as cycle_deals,
    count(n.opportunity_id) as new_customers
from core.fct_opportunity_close as c
inner join core.dim_period as d on c.closed_date >= d.period_start and c.closed_date < d.next_period_start
left join core.fct_new_customer as n on c.opportunity_id = n.opportunity_id
cross join
    lateral (
        values ('company', 'all'), ('rep_type', c.rep_type), ('team', c.team), ('rep', c.owner_rep_id)
    ) as s (scope, scope_id)
group by d.period_grain, d.period_start, s.scope, s.scope_id
