-- One row per stage that deals name and that is not in `stages`.
-- Easily misread: moves into such a stage are kept, but it has no place in the order and no outcome.
with named_stage as (
    select
        source,
        pipeline,
        stage,
        opportunity_id
    from core.dim_opportunity
    union
    select
        source,
        pipeline,
        to_stage as stage,
        opportunity_id
    from core.fct_stage_change
    union
    select
        source,
        pipeline,
        from_stage as stage,
        opportunity_id
    from core.fct_stage_change
    where from_stage is not null
)

select
    n.source,
    n.pipeline,
    n.stage,
    count(distinct n.opportunity_id) as opportunities
from named_stage as n
left join core.dim_stage as s on n.source = s.source and n.pipeline = s.pipeline and n.stage = s.stage
where s.stage is null
group by n.source, n.pipeline, n.stage
