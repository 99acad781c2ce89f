-- One row per night and team whose people have been leaving since the fiscal year began at a pace that will pass the
-- limit: the separations of the year's whole months, scaled to twelve, per average headcount.
-- Easily misread: listed are only teams with at least two separations in at least three months. A team that is over the
-- limit already is not among them: team_turnover says so, and a pace is no news.
with judged_month as (
    select
        n.night_date,
        n.month_start as last_month,
        ((month(last_month) - p.fiscal_year_start_month + 12) % 12)::integer + 1 as months,
        (last_month - to_months(months - 1))::date as first_month
    from core.alert_night as n
    cross join core.parameter as p
),

judged_year as (
    select
        last_month,
        first_month,
        months
    from judged_month
    where months >= 3
    group by last_month, first_month, months
),

team_year as (
    select
        y.last_month,
        y.first_month,
        y.months,
        t.scope_id,
        sum(t.separations)::bigint as separations,
        sum(t.separations_voluntary)::bigint as separations_voluntary,
        -- the month-ends of the year, and the one that it began with
        (sum(t.headcount_end) + sum(t.headcount_start) filter (where t.period_start = y.first_month))::double
        / (y.months + 1) as headcount_average,
        bool_or(t.is_over_threshold) filter (where t.period_start = y.last_month) as is_over_threshold,
        max(t.turnover_rate_12m) filter (where t.period_start = y.last_month) as turnover_rate_12m
    from judged_year as y
    inner join marts.team_turnover_monthly as t
        on t.scope = 'team' and t.period_start between y.first_month and y.last_month
    group by y.last_month, y.first_month, y.months, t.scope_id
)

select
    m.night_date,
    t.scope_id as subject_id,
    'pace' as limit_name,
    t.separations * 12 / t.months / t.headcount_average as value,
    round(t.headcount_average)::bigint as sample,
    t.turnover_rate_12m as baseline,
    null::double as peers,
    {
        'separations': t.separations,
        'of these voluntary': t.separations_voluntary,
        'months': t.months,
        'average headcount': round(t.headcount_average, 1)
    } as evidence
from judged_month as m
inner join team_year as t on m.last_month = t.last_month
where t.separations >= 2 and t.headcount_average > 0 and not coalesce(t.is_over_threshold, false)
