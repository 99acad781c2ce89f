-- One row per night and rep whose meetings of the last whole month tell a type: for how many months in a row, that one
-- the last, it has not been the declared type; 0 while chance can explain it.
-- Easily misread: a month in which nothing can be told ends the row of months, as does one without a scorecard. Chance:
-- the meetings of all these months together must lie past the border of the declared type (10 % and 50 % in person) by
-- more than 1.5 / sqrt(meetings), three standard errors at most.
with told_month as (
    select
        rep_id,
        period_start,
        rep_type,
        observed_rep_type,
        meetings_held,
        meeting_seconds,
        in_person_meeting_seconds,
        observed_rep_type <> rep_type as is_drift,
        -- the same for months that follow each other and are all drift, or all none
        datediff('month', date '2000-01-01', period_start)
        - row_number() over (partition by rep_id, rep_type, observed_rep_type <> rep_type order by period_start)
            as stretch
    from marts.rep_scorecard_monthly
    where observed_rep_type is not null
),

counted_month as (
    select
        rep_id,
        period_start,
        rep_type,
        observed_rep_type,
        is_drift,
        count(*) over so_far as months,
        sum(meetings_held) over so_far as meetings,
        sum(in_person_meeting_seconds) over so_far::double / sum(meeting_seconds) over so_far as in_person_share
    from told_month
    window so_far as (partition by rep_id, rep_type, is_drift, stretch order by period_start)
),

judged_month as (
    select
        *,
        1.5 / sqrt(meetings) as margin,
        is_drift
        and case rep_type
            when 'inside' then in_person_share > 0.10 + margin
            when 'outside' then in_person_share < 0.50 - margin
            else in_person_share > 0.50 + margin or in_person_share < 0.10 - margin
        end as is_sure
    from counted_month
)

select
    n.night_date,
    m.rep_id as subject_id,
    'months' as limit_name,
    case when m.is_sure then m.months else 0 end::double as value,
    null::bigint as sample,
    null::double as baseline,
    null::double as peers,
    {
        'in person, of the meeting time': round(m.in_person_share, 2),
        'declared': m.rep_type,
        'observed': m.observed_rep_type,
        'meetings held': m.meetings::bigint,
        'last month': m.period_start
    } as evidence
from core.alert_night as n
inner join judged_month as m on m.period_start = (date_trunc('month', n.night_date) - interval 1 month)::date
