-- One row per rep and week with a day employed, of people who counted as reps on the last of these days.
-- Easily misread: the baseline is the rep's own median of the weeks before, the peers' is of other people in this week;
-- a limit that needs one of them says nothing without it. The running week ends with as_of.
with active_week as (
    select
        a.rep_id,
        d.week_start,
        sum(a.touches)::bigint as touches,
        sum(a.after_hours_touches)::bigint as after_hours_touches,
        sum(a.meeting_seconds)::bigint as meeting_seconds
    from marts.rep_activity_daily as a
    inner join core.dim_date as d on a.activity_date = d.date_day
    group by a.rep_id, d.week_start
),

rep_week as (
    select
        w.*,
        w.tenure_days < p.ramp_days as is_ramping,
        coalesce(a.touches, 0) as touches,
        coalesce(a.after_hours_touches, 0) as after_hours_touches,
        coalesce(a.meeting_seconds, 0) as meeting_seconds,
        coalesce(a.touches, 0)::double / nullif(w.workdays, 0) as touches_per_workday
    from core.fct_rep_week as w
    cross join core.parameter as p
    left join active_week as a on w.rep_id = a.rep_id and w.week_start = a.week_start
),

-- also over weeks that are no row here, since the rep did not count on their last day
remembered_week as (
    select
        *,
        quantile_cont(touches_per_workday, 0.5) filter (where workdays >= 3) over eight_weeks
            as baseline_touches_per_workday,
        count(*) filter (where workdays >= 3) over eight_weeks as baseline_weeks
    from rep_week
    window eight_weeks as (
        partition by rep_id
        order by week_start
        range between interval 56 days preceding and interval 7 days preceding
    )
),

compared_week as (
    select
        *,
        quantile_cont(touches_per_workday, 0.5) filter (where not is_ramping) over (
            partition by week_start, rep_type, role
            order by rep_id
            rows between unbounded preceding and unbounded following
            exclude current row
        ) as peer_median_touches_per_workday
    from remembered_week
    where is_counted
),

measured_week as (
    select
        *,
        touches_per_workday / nullif(baseline_touches_per_workday, 0) as vs_baseline,
        touches_per_workday / nullif(peer_median_touches_per_workday, 0) as vs_peers
    from compared_week
),

-- in nine digits, so that what is exactly a limit has reached it
rounded_week as (
    select
        *,
        vs_baseline::decimal(28, 9) as times_baseline,
        vs_peers::decimal(28, 9) as times_peers
    from measured_week
),

judged_week as (
    select
        m.*,
        case
            when m.workdays = 0 then null
            when m.touches >= p.overload_touches_per_workday * m.workdays then row('overload', 'touches_per_workday')
            when m.times_baseline >= p.overload_ratio and m.times_peers >= p.overload_ratio
                then row('overload', 'baseline_and_peers')
            when m.times_baseline >= p.high_ratio and m.times_peers >= p.high_ratio
                then row('high', 'baseline_and_peers')
            when m.times_baseline >= p.high_ratio then row('high', 'baseline')
            when m.times_peers >= p.high_ratio then row('high', 'peers')
            when m.times_baseline <= p.under_ratio and m.times_peers <= p.under_ratio
                then row('under', 'baseline_and_peers')
            else row('normal', 'no_limit')
        end as verdict
    from rounded_week as m
    cross join core.parameter as p
)

select
    j.rep_id,
    j.week_start,
    w.is_complete,
    j.rep_type,
    j.role,
    j.team,
    j.is_ramping,
    j.workdays,
    j.touches,
    j.touches_per_workday,
    c.contacts_active,
    coalesce(d.open_opportunities, 0) as open_opportunities,
    coalesce(d.open_amount, 0)::decimal(38, 12) as open_amount,
    j.meeting_seconds,
    j.meeting_seconds::double / 3600 as meeting_hours,
    j.after_hours_touches,
    j.after_hours_touches::double / nullif(j.touches, 0) as after_hours_share,
    j.baseline_touches_per_workday,
    j.baseline_weeks,
    j.peer_median_touches_per_workday,
    j.vs_baseline,
    j.vs_peers,
    coalesce(d.untouched_opportunities, 0) as untouched_opportunities,
    j.verdict[1] as workload_level,
    j.verdict[2] as level_reason
from judged_week as j
inner join core.dim_period as w on w.period_grain = 'week' and j.week_start = w.period_start
inner join core.fct_rep_week_contact as c on j.rep_id = c.rep_id and j.week_start = c.week_start
left join core.fct_rep_week_deal as d on j.rep_id = d.rep_id and j.week_start = d.week_start
