-- One row per night and team, of the last month that ended before the night.
-- Easily misread: the sample is the average headcount rounded down, so that no team is judged as larger than it is.
select
    n.night_date,
    t.scope_id as subject_id,
    'threshold' as limit_name,
    t.turnover_rate_12m as value,
    floor(t.headcount_average_12m)::bigint as sample,
    b.turnover_rate_12m as baseline,
    c.turnover_rate_12m as peers,
    {
        'left in 12 months': t.separations_12m,
        'average headcount': t.headcount_average_12m,
        'months up to': t.period_start,
        'people now': t.headcount_end,
        'vacant days last month': t.vacancy_days
    } as evidence
from core.alert_night as n
inner join marts.team_turnover_monthly as t on n.month_start = t.period_start and t.scope = 'team'
left join marts.team_turnover_monthly as b
    on b.scope = 'team' and t.scope_id = b.scope_id and (t.period_start - interval 12 month)::date = b.period_start
left join marts.team_turnover_monthly as c on c.scope = 'company' and t.period_start = c.period_start
where t.turnover_rate_12m is not null
