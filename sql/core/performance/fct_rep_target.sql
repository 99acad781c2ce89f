-- One row per rep, period and metric for which something was asked: how much, over the whole period.
-- Easily misread: the target of a week, month or quarter is the one in force on the rep's first day in the period, so a
-- change in mid-period moves the next one; a daily target is asked for on each workday, at what is in force that day,
-- workdays to come included.
with period_target as (
    select
        e.rep_id,
        e.period_grain,
        e.period_start,
        t.metric,
        t.target::decimal(38, 12) as target,
        t.is_own
    from core.fct_rep_period as e
    inner join core.fct_rep_day as r on e.rep_id = r.rep_id and e.first_day = r.date_day
    inner join core.fct_target_stretch as t
        on
            r.rep_id = t.rep_id
            and r.role is not distinct from t.role
            and r.rep_type = t.rep_type
            and e.period_grain = t.period_grain
            and r.date_day >= t.valid_from
            and r.date_day < t.valid_to
),

asked_day as (
    select
        r.rep_id,
        r.date_day,
        t.metric,
        case when r.is_workday then t.target else 0 end as target,
        t.is_own
    from staging.rep_calendar as r
    inner join core.fct_target_stretch as t
        on
            r.rep_id = t.rep_id
            and r.role is not distinct from t.role
            and r.rep_type = t.rep_type
            and r.date_day >= t.valid_from
            and r.date_day < t.valid_to
    where r.is_counted and t.period_grain = 'day'
),

asked_period_day as (
    select
        a.rep_id,
        d.period_grain,
        d.period_start,
        a.metric,
        a.target,
        a.is_own
    from asked_day as a
    cross join core.parameter as p
    inner join core.dim_period_day as d on a.date_day = d.date_day
    where a.date_day <= p.as_of_date
    union all
    -- the days to come lie in the periods of as_of
    select
        a.rep_id,
        d.period_grain,
        d.period_start,
        a.metric,
        a.target,
        a.is_own
    from asked_day as a
    cross join core.parameter as p
    inner join core.dim_period_day as d on p.as_of_date = d.date_day and a.date_day < d.next_period_start
    where a.date_day > p.as_of_date
),

-- months whose quota is still to be set, or has no rate: nobody can say yet what the quarter or the year asks for
told_quota as (
    select
        q.rep_id,
        q.period_grain,
        q.period_start,
        case when q.unpriced_count = 0 then q.company_amount end as company_amount
    from core.fct_period_quota as q
    inner join core.fct_rep_period as e
        on q.rep_id = e.rep_id and q.period_grain = e.period_grain and q.period_start = e.period_start
    where q.told_to is null or e.last_planned_workday is null or e.last_planned_workday < q.told_to
),

offered_target as (
    select
        rep_id,
        period_grain,
        period_start,
        metric,
        target,
        is_own,
        false as is_quota,
        false as is_daily
    from period_target
    union all
    select
        rep_id,
        period_grain,
        period_start,
        metric,
        sum(target)::decimal(38, 12) as target,
        bool_or(is_own) as is_own,
        false as is_quota,
        true as is_daily
    from asked_period_day
    where period_grain <> 'day'
    group by rep_id, period_grain, period_start, metric
    union all
    select
        rep_id,
        period_grain,
        period_start,
        'won_amount' as metric,
        company_amount as target,
        true as is_own,
        true as is_quota,
        false as is_daily
    from told_quota
),

ranked_target as (
    select
        o.rep_id,
        o.period_grain,
        o.period_start,
        o.metric,
        o.target,
        row_number() over (
            partition by o.rep_id, o.period_grain, o.period_start, o.metric
            order by o.is_quota desc, o.is_own desc, o.is_daily asc
        ) as place
    from offered_target as o
    inner join core.fct_rep_period as e
        on o.rep_id = e.rep_id and o.period_grain = e.period_grain and o.period_start = e.period_start
)

select
    rep_id,
    period_grain,
    period_start,
    metric,
    target
from ranked_target
where place = 1
