-- One row per stage of a source's pipeline.
-- Easily misread: a stage that deals name and that is not here has no place in the order (ops.unknown_stage).
select
    source,
    pipeline,
    stage,
    stage_order,
    outcome,
    probability,
    lower(kind) as kind
from core.latest_stages
where is_deleted is not true
