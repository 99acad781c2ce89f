-- One row per month, pipeline, rep type, source type and pair of stages: of the deals that first entered the stage in
-- that month, how many have ever advanced to the next one, were lost before, or are still open.
-- Easily misread: the month is that of the first entry into from_stage, not of the deal's creation, so a deal is in a
-- cohort of its own for each pair; young cohorts (is_mature false) will still convert more.
select
    date_trunc('month', passed_date)::date as cohort_month,
    pipeline,
    rep_type,
    source_type,
    stage as from_stage,
    next_stage as to_stage,
    count(*) as entered,
    count(*) filter (where became = 'advanced') as advanced,
    count(*) filter (where became = 'lost') as lost,
    count(*) filter (where became = 'open') as still_open,
    count(*) filter (where became = 'advanced')::double / count(*) as conversion_rate,
    count(*) filter (where became = 'advanced')::double / nullif(count(*) filter (where became <> 'open'), 0)
        as decided_rate,
    quantile_cont(seconds_in_stage, 0.5) filter (where became <> 'open') / 86400 as median_days_in_stage,
    -- to the microsecond: engines weigh the two deals beside the quantile in different orders
    round(quantile_cont(seconds_in_stage, 0.9) filter (where became <> 'open'), 6) / 86400 as p90_days_in_stage,
    count(*) filter (where became = 'open') = 0 as is_mature
from core.fct_stage_passage
where next_stage is not null
group by date_trunc('month', passed_date)::date, pipeline, rep_type, source_type, stage, next_stage
