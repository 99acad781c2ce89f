-- One row per period of which something that sales kpis are made of reads otherwise than last night.
-- Easily misread: whoever is in only one of the two nights makes the period dirty too. A change of settings is a full
-- build, in which every period is.
with scope_moved as (
    select
        coalesce(n.period_grain, o.period_grain) as period_grain,
        coalesce(n.period_start, o.period_start) as period_start
    from core.fct_scope_period as n
    full join previous.core.fct_scope_period as o
        on
            n.period_grain = o.period_grain
            and n.period_start = o.period_start
            and n.scope = o.scope
            and n.scope_id = o.scope_id
    where n is distinct from o  -- noqa: RF02
),

turnover_moved as (
    select coalesce(n.period_start, o.period_start) as period_start
    from marts.team_turnover_monthly as n
    full join previous.marts.team_turnover_monthly as o
        on n.period_start = o.period_start and n.scope = o.scope and n.scope_id = o.scope_id
    where
        n.separations_12m is distinct from o.separations_12m
        or n.headcount_average_12m is distinct from o.headcount_average_12m
        or n.is_complete is distinct from o.is_complete
)

select
    period_grain,
    period_start
from scope_moved
union
select
    'month' as period_grain,
    period_start
from turnover_moved
