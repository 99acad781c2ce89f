-- One row per month and scope: who was there, who came and went, and the turnover of the twelve months up to it.
-- Easily misread: who leaves on the last day of a month is among its separations and not in its headcount_end. The
-- month of as_of ends with that day.
with month as (
    select
        d.period_start,
        d.is_complete,
        least(d.next_period_start - 1, p.as_of_date)::date as period_end,
        p.as_of_date,
        p.turnover_threshold
    from core.dim_period_day as d
    inner join core.parameter as p on d.date_day <= p.as_of_date
    where d.period_grain = 'month'
    group by d.period_start, d.is_complete, d.next_period_start, p.as_of_date, p.turnover_threshold
),

scope_member as (
    select
        scope,
        scope_id,
        min(entered_date) as first_day
    from core.fct_rep_scope
    group by scope, scope_id
),

-- every month since the scope's first day, so that the rows before one are the months before it
scope_month as (
    select
        s.scope,
        s.scope_id,
        m.period_start,
        m.period_end,
        m.is_complete,
        m.as_of_date,
        m.turnover_threshold
    from scope_member as s
    inner join month as m on s.first_day <= m.period_end
),

headcount as (
    select
        m.scope,
        m.scope_id,
        m.period_start,
        count(*) filter (where r.entered_date < m.period_start) as headcount_start,
        count(*) filter (where r.left_date is null or r.left_date > m.period_end) as headcount_end,
        count(*) filter (where r.entered_date >= m.period_start and r.entered_by = 'hire') as hires,
        count(*) filter (where r.entered_date >= m.period_start and r.entered_by = 'transfer') as transfers_in,
        count(*) filter (where r.left_date <= m.period_end and r.left_by = 'transfer') as transfers_out,
        count(*) filter (where r.left_date <= m.period_end and r.left_by = 'separation') as separations,
        count(*) filter (where r.left_date <= m.period_end and r.termination_kind = 'voluntary')
            as separations_voluntary,
        count(*) filter (where r.left_date <= m.period_end and r.termination_kind = 'involuntary')
            as separations_involuntary,
        quantile_cont(datediff('day', r.hire_date, m.period_end), 0.5) filter (
            where r.left_date is null or r.left_date > m.period_end
        ) as median_tenure_days
    from scope_month as m
    inner join core.fct_rep_scope as r
        on
            m.scope = r.scope
            and m.scope_id = r.scope_id
            and m.period_end >= r.entered_date
            and (m.period_start <= r.left_date or r.left_date is null)
    group by m.scope, m.scope_id, m.period_start
),

vacant_month as (
    select
        m.scope,
        m.scope_id,
        m.period_start,
        sum(
            datediff('day', greatest(m.period_start, v.vacated_date + 1), least(m.period_end, v.filled_date - 1)) + 1
        )::bigint as vacancy_days
    from scope_month as m
    inner join core.fct_rep_scope as r on m.scope = r.scope and m.scope_id = r.scope_id and r.left_by = 'separation'
    inner join core.fct_vacancy as v
        on
            r.rep_id = v.rep_id
            and r.left_date = v.vacated_date
            and m.period_end > v.vacated_date
            and (m.period_start < v.filled_date or v.filled_date is null)
            and (v.vacated_date + 1 < v.filled_date or v.filled_date is null)
    group by m.scope, m.scope_id, m.period_start
),

trailing_month as (
    select
        m.scope,
        m.scope_id,
        m.period_start,
        m.is_complete,
        m.turnover_threshold,
        coalesce(h.headcount_start, 0) as headcount_start,
        coalesce(h.headcount_end, 0) as headcount_end,
        coalesce(h.hires, 0) as hires,
        coalesce(h.transfers_in, 0) as transfers_in,
        coalesce(h.transfers_out, 0) as transfers_out,
        coalesce(h.separations, 0) as separations,
        coalesce(h.separations_voluntary, 0) as separations_voluntary,
        coalesce(h.separations_involuntary, 0) as separations_involuntary,
        h.median_tenure_days,
        sum(coalesce(h.headcount_end, 0)) over thirteen_ends as heads_12m,
        count(*) over thirteen_ends as month_ends_12m,
        sum(coalesce(h.separations, 0)) over twelve_months as separations_12m
    from scope_month as m
    left join headcount as h
        on m.scope = h.scope and m.scope_id = h.scope_id and m.period_start = h.period_start
    window
        thirteen_ends as (
            partition by m.scope, m.scope_id
            order by m.period_start
            rows between 12 preceding and current row
        ),
        twelve_months as (
            partition by m.scope, m.scope_id
            order by m.period_start
            rows between 11 preceding and current row
        )
)

select
    t.period_start,
    t.scope,
    t.scope_id,
    t.is_complete,
    t.headcount_start,
    t.headcount_end,
    t.hires,
    t.transfers_in,
    t.transfers_out,
    t.separations,
    t.separations_voluntary,
    t.separations_involuntary,
    t.heads_12m::double / t.month_ends_12m as headcount_average_12m,
    t.separations_12m::bigint as separations_12m,
    t.separations_12m::double / nullif(t.heads_12m::double / t.month_ends_12m, 0) as turnover_rate_12m,
    t.turnover_threshold as threshold,
    -- in whole numbers, so that what is exactly the threshold is not over it
    t.separations_12m * t.month_ends_12m > t.turnover_threshold * nullif(t.heads_12m, 0) as is_over_threshold,
    coalesce(v.vacancy_days, 0) as vacancy_days,
    t.median_tenure_days
from trailing_month as t
left join vacant_month as v on t.scope = v.scope and t.scope_id = v.scope_id and t.period_start = v.period_start
where
    t.headcount_start + t.hires + t.transfers_in > 0
    or t.heads_12m > 0
    or t.separations_12m > 0
