-- One row per logged change of a living deal: a move into a stage, or a new owner or amount while it stands.
-- Easily misread: changes of merged or deleted deals are not here, and the log may lack the first stage and the close;
-- core.fct_stage_entry completes it.
select
    c.opportunity_id,
    c.changed_at,
    c.to_stage,
    timezone(p.timezone, c.changed_at)::date as changed_date,
    c.source,
    coalesce(d.pipeline, 'default') as pipeline,
    c.from_stage,
    s.stage_order as to_stage_order,
    s.outcome as to_stage_outcome,
    case when c.changed_by_rep_id is not null then coalesce(b.rep_id, 'unknown') end as changed_by_rep_id,
    case when c.owner_rep_id is not null then coalesce(o.rep_id, 'unknown') end as owner_rep_id,
    c.amount
from core.latest_stage_changes as c
cross join core.parameter as p
inner join core.latest_opportunities as d on c.opportunity_id = d.opportunity_id and d.is_deleted is not true
left join core.merged_record as m on m.entity = 'opportunity' and c.opportunity_id = m.record_id
left join core.dim_stage as s
    on d.source = s.source and coalesce(d.pipeline, 'default') = s.pipeline and c.to_stage = s.stage
left join core.rep_identity as b on c.source = b.source and c.changed_by_rep_id = b.source_rep_id
left join core.rep_identity as o on c.source = o.source and c.owner_rep_id = o.source_rep_id
where c.is_deleted is not true and m.record_id is null
