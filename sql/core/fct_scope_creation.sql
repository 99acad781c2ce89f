-- One row per period and scope with deals or leads created in it, by who found the deals.
-- Easily misread: deals count for their owner at the creation, leads for the owner their record names, both in the team
-- of that day; a deal and the lead it came from may be in different scopes.
with creation as (
    select
        created_date,
        owner_rep_id,
        rep_type,
        team,
        source_type as deal_source_type
    from core.fct_opportunity_creation
    union all
    select
        l.created_date,
        l.owner_rep_id,
        coalesce(r.rep_type, 'unknown') as rep_type,
        coalesce(r.team, 'unknown') as team,
        null as deal_source_type
    from core.dim_lead as l
    cross join core.parameter as p
    left join core.dim_rep as r
        on l.owner_rep_id = r.rep_id and l.created_date >= r.valid_from and l.created_date < r.valid_to
    where l.created_at <= p.as_of
)

select
    d.period_grain,
    d.period_start,
    s.scope,
    s.scope_id,
    count(c.deal_source_type) as deals_created,
    count(*) filter (where c.deal_source_type = 'marketing') as marketing_sourced,
    count(*) filter (where c.deal_source_type = 'sales') as sales_sourced,
    count(*) filter (where c.deal_source_type = 'unknown') as unknown_sourced,
    count(*) filter (where c.deal_source_type is null) as leads_created
from creation as c
inner join core.dim_period as d on c.created_date >= d.period_start and c.created_date < d.next_period_start
cross join
    lateral (
        values ('company', 'all'), ('rep_type', c.rep_type), ('team', c.team), ('rep', c.owner_rep_id)
    ) as s (scope, scope_id)
group by d.period_grain, d.period_start, s.scope, s.scope_id
