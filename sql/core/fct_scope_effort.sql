-- One row per period and scope: the people employed in it, their workdays, and what everyone in it did.
-- Easily misread: everyone is here, managers too; the columns named counted_ are of people counted as reps only. Who
-- changes team or type is an active rep of both, so active reps do not add up over teams.
with rep_day as (
    select
        rep_id,
        rep_type,
        team,
        date_day,
        1 as employed_days,
        is_workday::integer as workdays,
        (is_workday and is_counted)::integer as counted_workdays,
        0 as touches,
        0 as counted_calls,
        0 as counted_emails,
        0 as selling_seconds
    from core.fct_rep_day
    union all
    select
        a.rep_id,
        coalesce(r.rep_type, 'unknown') as rep_type,
        coalesce(r.team, 'unknown') as team,
        a.activity_date as date_day,
        0 as employed_days,
        0 as workdays,
        0 as counted_workdays,
        a.touches,
        case when r.is_counted then a.calls else 0 end as counted_calls,
        case when r.is_counted then a.emails else 0 end as counted_emails,
        a.selling_seconds
    from core.fct_outreach_day as a
    left join core.dim_rep as r
        on a.rep_id = r.rep_id and a.activity_date >= r.valid_from and a.activity_date < r.valid_to
),

-- days of one week and month first: they are in the same periods of every length
rep_stretch as (
    select
        r.rep_id,
        r.rep_type,
        r.team,
        d.week_start,
        d.month_start,
        d.quarter_start,
        d.year_start,
        sum(r.employed_days) as employed_days,
        sum(r.workdays) as workdays,
        sum(r.counted_workdays) as counted_workdays,
        sum(r.touches) as touches,
        sum(r.counted_calls) as counted_calls,
        sum(r.counted_emails) as counted_emails,
        sum(r.selling_seconds) as selling_seconds
    from rep_day as r
    inner join core.dim_date as d on r.date_day = d.date_day
    group by r.rep_id, r.rep_type, r.team, d.week_start, d.month_start, d.quarter_start, d.year_start
),

rep_period as (
    select
        g.period_grain,
        g.period_start,
        r.rep_id,
        r.rep_type,
        r.team,
        sum(r.employed_days) as employed_days,
        sum(r.workdays) as workdays,
        sum(r.counted_workdays) as counted_workdays,
        sum(r.touches) as touches,
        sum(r.counted_calls) as counted_calls,
        sum(r.counted_emails) as counted_emails,
        sum(r.selling_seconds) as selling_seconds
    from rep_stretch as r
    cross join
        lateral (
            values
            ('week', r.week_start), ('month', r.month_start), ('quarter', r.quarter_start), ('year', r.year_start)
        ) as g (period_grain, period_start)
    group by g.period_grain, g.period_start, r.rep_id, r.rep_type, r.team
)

select
    r.period_grain,
    r.period_start,
    s.scope,
    s.scope_id,
    count(distinct r.rep_id) filter (where r.employed_days > 0) as active_reps,
    sum(r.workdays)::bigint as rep_workdays,
    sum(r.counted_workdays)::bigint as counted_workdays,
    sum(r.touches)::bigint as touches,
    sum(r.counted_calls)::bigint as counted_calls,
    sum(r.counted_emails)::bigint as counted_emails,
    sum(r.selling_seconds)::bigint as selling_seconds
from rep_period as r
inner join core.dim_period as d on r.period_grain = d.period_grain and r.period_start = d.period_start
cross join
    lateral (
        values ('company', 'all'), ('rep_type', r.rep_type), ('team', r.team), ('rep', r.rep_id)
    ) as s (scope, scope_id)
group by r.period_grain, r.period_start, s.scope, s.scope_id
