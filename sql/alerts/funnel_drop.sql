-- One row per night and stage: by how much the share of its decided deals that advanced has fallen, in the newest three
-- monthly cohorts together, against the six before them.
-- Easily misread: what a deal had become is as it stood on the night, so a backtest knows no more than the night did.
-- The newest cohort is the last whole month of whose deals four in five are decided: of a younger one only the quick
-- deals would speak.
with passage as (
    select
        g.pipeline,
        g.stage,
        date_trunc('month', g.passed_date)::date as cohort_month,
        g.became,
        -- of an outcome whose day nobody knows the entry is the only day there is
        coalesce(
            case when g.became = 'advanced' then timezone(p.timezone, g.advanced_at)::date end,
            c.closed_date,
            g.passed_date
        ) as became_date
    from core.fct_stage_passage as g
    cross join core.parameter as p
    left join core.fct_opportunity_close as c on g.opportunity_id = c.opportunity_id
    where g.next_stage is not null
),

cohort as (
    select
        pipeline,
        stage,
        cohort_month,
        count(*) as entered
    from passage
    group by pipeline, stage, cohort_month
),

decided_day as (
    select
        pipeline,
        stage,
        cohort_month,
        became_date,
        sum(count(*)) over so_far as decided,
        sum(count(*) filter (where became = 'advanced')) over so_far as advanced
    from passage
    where became <> 'open'
    group by pipeline, stage, cohort_month, became_date
    window so_far as (partition by pipeline, stage, cohort_month order by became_date)
),

known_cohort as (
    select
        n.night_date,
        c.pipeline,
        c.stage,
        c.cohort_month,
        c.entered,
        coalesce(d.decided, 0) as decided,
        coalesce(d.advanced, 0) as advanced
    from core.alert_night as n
    inner join cohort as c
        on
            n.night_date >= c.cohort_month + interval 1 month
            and n.night_date < c.cohort_month + interval 21 month
    asof left join decided_day as d
        on
            c.pipeline = d.pipeline
            and c.stage = d.stage
            and c.cohort_month = d.cohort_month
            and n.night_date >= d.became_date
),

newest_cohort as (
    select
        night_date,
        pipeline,
        stage,
        max(cohort_month) as newest_month
    from known_cohort
    where decided * 5 >= entered * 4 and night_date < cohort_month + interval 12 month
    group by night_date, pipeline, stage
),

compared as (
    select
        k.night_date,
        k.pipeline,
        k.stage,
        n.newest_month,
        sum(k.decided) filter (where k.cohort_month > n.newest_month - interval 3 month)::bigint as decided,
        sum(k.advanced) filter (where k.cohort_month > n.newest_month - interval 3 month)::bigint as advanced,
        sum(k.decided) filter (where k.cohort_month <= n.newest_month - interval 3 month)::bigint as decided_before,
        sum(k.advanced) filter (where k.cohort_month <= n.newest_month - interval 3 month)::bigint as advanced_before
    from known_cohort as k
    inner join newest_cohort as n
        on
            k.night_date = n.night_date
            and k.pipeline = n.pipeline
            and k.stage = n.stage
            and k.cohort_month <= n.newest_month
            and k.cohort_month > n.newest_month - interval 9 month
    group by k.night_date, k.pipeline, k.stage, n.newest_month
)

select
    night_date,
    pipeline || ': ' || stage as subject_id,
    'drop' as limit_name,
    1 - (advanced::double / decided) / (advanced_before::double / decided_before) as value,
    least(decided, decided_before) as sample,
    null::double as baseline,
    null::double as peers,
    {
        'share that advanced': round(advanced::double / decided, 2),
        'share before': round(advanced_before::double / decided_before, 2),
        'deals decided': decided,
        'cohorts up to': newest_month
    } as evidence
from compared
where decided > 0 and advanced_before > 0
