-- One row per rep and period with a quota, in the company's currency at the rate of the period's first day.
-- Easily misread: a quarter or year without a row of its own is the sum of its months, each at its own first day; when
-- one of them has no rate nobody can say what the sum is.
with told_quota as (
    select
        q.rep_id,
        q.period_grain,
        q.period_start,
        sum((q.amount * x.rate)::decimal(38, 12)) as priced_amount,
        count(*) = count(x.rate) as is_priced
    from core.fct_quota as q
    left join core.company_rate as x
        on q.currency = x.currency and q.period_start >= x.valid_from and q.period_start < x.valid_to
    where q.rep_id <> 'unknown'
    group by q.rep_id, q.period_grain, q.period_start
),

-- worked out, not looked up: the first month may begin before core.dim_date does
placed_month as (
    select
        q.rep_id,
        q.period_start,
        q.priced_amount,
        q.is_priced,
        (month(q.period_start) - p.fiscal_year_start_month + 12) % 12 as months_into_year
    from told_quota as q
    cross join core.parameter as p
    where q.period_grain = 'month' and day(q.period_start) = 1
),

longer_period as (
    select
        rep_id,
        'quarter' as period_grain,
        (period_start - to_months(months_into_year % 3))::date as period_start,
        priced_amount,
        is_priced,
        (period_start + interval 1 month)::date as told_to
    from placed_month
    union all
    select
        rep_id,
        'year' as period_grain,
        (period_start - to_months(months_into_year))::date as period_start,
        priced_amount,
        is_priced,
        (period_start + interval 1 month)::date as told_to
    from placed_month
),

quota_of_months as (
    select
        rep_id,
        period_grain,
        period_start,
        sum(priced_amount) as priced_amount,
        bool_and(is_priced) as is_priced,
        max(told_to) as told_to
    from longer_period
    group by rep_id, period_grain, period_start
)

select
    coalesce(t.rep_id, m.rep_id) as rep_id,
    coalesce(t.period_grain, m.period_grain) as period_grain,
    coalesce(t.period_start, m.period_start) as period_start,
    case
        when t.rep_id is not null then case when t.is_priced then t.priced_amount end
        when m.is_priced then m.priced_amount
    end::decimal(38, 12) as company_amount,
    case when t.rep_id is null then m.told_to end as told_to
from told_quota as t
full join quota_of_months as m
    on t.rep_id = m.rep_id and t.period_grain = m.period_grain and t.period_start = m.period_start
