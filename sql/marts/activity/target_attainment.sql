-- One row per rep, period and metric with a target: what was asked, what was done, and what should be done by now.
-- Easily misread: target is of the whole period, its days to come included, while actual ends at as_of; pace compares
-- what was done with what was to be done by as_of.
with activity as (
    select
        a.rep_id,
        d.period_grain,
        d.period_start,
        sum(a.calls) as calls,
        sum(a.emails) as emails,
        sum(a.touches) as touches,
        sum(a.meetings_booked) as meetings_booked,
        sum(a.meetings_held) as meetings_held,
        sum(a.proposals_sent) as proposals_sent
    from marts.rep_activity_daily as a
    inner join core.dim_period_day as d on a.activity_date = d.date_day
    where d.period_grain <> 'day'
    group by a.rep_id, d.period_grain, d.period_start
),

won as (
    select
        c.owner_rep_id as rep_id,
        d.period_grain,
        d.period_start,
        sum(c.company_amount) as won_amount
    from core.fct_opportunity_close as c
    inner join core.dim_period_day as d on c.closed_date = d.date_day
    where c.is_counted and c.outcome = 'won' and d.period_grain <> 'day'
    group by c.owner_rep_id, d.period_grain, d.period_start
),

compared as (
    select
        t.rep_id,
        t.period_grain,
        t.period_start,
        t.metric,
        e.is_complete,
        e.workdays as workdays_passed,
        e.workdays + e.planned_workdays as workdays,
        t.target,
        coalesce(
            case t.metric
                when 'calls' then a.calls
                when 'emails' then a.emails
                when 'touches' then a.touches
                when 'meetings_booked' then a.meetings_booked
                when 'meetings_held' then a.meetings_held
                when 'proposals_sent' then a.proposals_sent
                when 'won_amount' then w.won_amount
            end,
            0
        )::decimal(38, 12) as actual
    from core.fct_rep_target as t
    inner join core.fct_rep_period as e
        on t.rep_id = e.rep_id and t.period_grain = e.period_grain and t.period_start = e.period_start
    left join activity as a
        on t.rep_id = a.rep_id and t.period_grain = a.period_grain and t.period_start = a.period_start
    left join won as w
        on t.rep_id = w.rep_id and t.period_grain = w.period_grain and t.period_start = w.period_start
    where
        t.metric in (
            'calls', 'emails', 'touches', 'meetings_booked', 'meetings_held', 'proposals_sent', 'won_amount'
        )
)

select
    rep_id,
    period_grain,
    period_start,
    metric,
    is_complete,
    workdays_passed,
    workdays,
    target,
    actual,
    actual::double / nullif(target::double, 0) as attainment,
    target::double * workdays_passed / nullif(workdays, 0) as expected_by_now,
    actual::double / nullif(target::double * workdays_passed / nullif(workdays, 0), 0) as pace
from compared
