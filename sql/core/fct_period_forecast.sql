-- One row per period and company, team or rep: what was forecast for it last before it began.
-- Easily misread: the company's is its own row, with none the sum of its teams', with none of its reps'; teams and reps
-- have their own rows only. What was said after the period began does not count.
with scoped_forecast as (
    select
        f.period_grain,
        f.period_start,
        case when f.rep_id is not null then 'rep' when f.team is not null then 'team' else 'company' end as scope,
        coalesce(f.rep_id, f.team, 'all') as scope_id,
        f.submitted_at,
        f.record_key,
        f.amount,
        f.currency
    from core.fct_forecast as f
    cross join core.parameter as p
    where f.submitted_at < timezone(p.timezone, f.period_start::timestamp)
),

last_forecast as (
    select
        period_grain,
        period_start,
        scope,
        scope_id,
        arg_max(amount, row(submitted_at, record_key)) as amount,
        arg_max(currency, row(submitted_at, record_key)) as currency
    from scoped_forecast
    group by period_grain, period_start, scope, scope_id
),

priced_forecast as (
    select
        f.period_grain,
        f.period_start,
        f.scope,
        f.scope_id,
        f.amount * x.rate as company_amount
    from last_forecast as f
    left join core.company_rate as x
        on f.currency = x.currency and f.period_start >= x.valid_from and f.period_start < x.valid_to
),

-- what may stand for the company, by whose words come first
company_forecast as (
    select
        period_grain,
        period_start,
        company_amount,
        case scope when 'company' then 1 when 'team' then 2 else 3 end as place,
        min(case scope when 'company' then 1 when 'team' then 2 else 3 end)
            over (partition by period_grain, period_start)
            as first_place
    from priced_forecast
)

select
    period_grain,
    period_start,
    scope,
    scope_id,
    company_amount::decimal(38, 12) as company_amount,
    (company_amount is null)::bigint as unpriced_count
from priced_forecast
where scope <> 'company'
union all
select
    period_grain,
    period_start,
    'company' as scope,
    'all' as scope_id,
    sum(company_amount)::decimal(38, 12) as company_amount,
    count(*) filter (where company_amount is null) as unpriced_count
from company_forecast
where place = first_place
group by period_grain, period_start
