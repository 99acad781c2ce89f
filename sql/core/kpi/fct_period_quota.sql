-- One row per period and rep: what the rep has to win in it, and the rep type and team the rep had on its first day.
-- Easily misread: a quarter or year of a rep without a row of its own is the sum of the rep's months, each at the rate
-- of its own first day, as far as they are told and have a rate: told_to and unpriced_count say how far that is.
with priced_quota as (
    select
        q.period_grain,
        q.period_start,
        q.rep_id,
        (month(q.period_start) - p.fiscal_year_start_month + 12) % 12 as months_into_year,
        q.amount * x.rate as company_amount
    from core.fct_quota as q
    cross join core.parameter as p
    left join core.company_rate as x
        on q.currency = x.currency and q.period_start >= x.valid_from and q.period_start < x.valid_to
),

longer_quota as (
    select
        g.period_grain,
        g.period_start::date as period_start,
        q.rep_id,
        q.company_amount,
        (q.period_start + interval 1 month)::date as told_to
    from priced_quota as q
    cross join
        lateral (
            values
            ('quarter', q.period_start - to_months(q.months_into_year % 3)),
            ('year', q.period_start - to_months(q.months_into_year))
        ) as g (period_grain, period_start)
    where q.period_grain = 'month' and day(q.period_start) = 1
),

quota as (
    select
        period_grain,
        period_start,
        rep_id,
        company_amount,
        null::date as told_to
    from priced_quota
    union all
    select
        m.period_grain,
        m.period_start,
        m.rep_id,
        m.company_amount,
        m.told_to
    from longer_quota as m
    where
        not exists (
            select 1
            from core.fct_quota as q
            where m.period_grain = q.period_grain and m.period_start = q.period_start and m.rep_id = q.rep_id
        )
)

select
    q.period_grain,
    q.period_start,
    q.rep_id,
    coalesce(r.rep_type, 'unknown') as rep_type,
    coalesce(r.team, 'unknown') as team,
    sum(q.company_amount)::decimal(38, 12) as company_amount,
    count(*) filter (where q.company_amount is null) as unpriced_count,
    max(q.told_to) as told_to
from quota as q
left join core.dim_rep as r on q.rep_id = r.rep_id and q.period_start >= r.valid_from and q.period_start < r.valid_to
group by q.period_grain, q.period_start, q.rep_id, r.rep_type, r.team
