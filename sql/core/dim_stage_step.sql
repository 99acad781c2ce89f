-- One row per open stage of a source's pipeline, with the stage that a deal advances to from it.
-- Easily misread: lost stages are in no step, and however the source numbers its stages, winning comes after all open
-- ones; of several won stages the first gives the last step its name.
with won_stage as (
    select
        source,
        pipeline,
        arg_min(stage, row(stage_order, stage)) as stage
    from core.dim_stage
    where outcome = 'won'
    group by source, pipeline
),

open_stage as (
    select
        source,
        pipeline,
        stage,
        row_number() over (
            partition by source, pipeline
            order by stage_order, stage
        ) as step,
        lead(stage) over (
            partition by source, pipeline
            order by stage_order, stage
        ) as next_open_stage
    from core.dim_stage
    where outcome = 'open'
)

select
    o.source,
    o.pipeline,
    o.stage,
    o.step::integer as step,
    coalesce(o.next_open_stage, w.stage) as next_stage
from open_stage as o
left join won_stage as w on o.source = w.source and o.pipeline = w.pipeline
