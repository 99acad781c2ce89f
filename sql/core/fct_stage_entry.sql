-- One row per entry of a living deal into a stage: the logged ones, and those the log leaves out (metrics.md 6.1).
-- Easily misread: a re-entry has a row of its own; ask for is_first_entry. Entries after as_of are here and in no mart.
with first_stage as (
    select
        source,
        pipeline,
        arg_min(stage, row(outcome <> 'open', stage_order, stage)) as stage
    from core.dim_stage
    group by source, pipeline
),

closing_stage as (
    select
        source,
        pipeline,
        outcome,
        arg_min(stage, row(stage_order, stage)) as stage
    from core.dim_stage
    where outcome <> 'open'
    group by source, pipeline, outcome
),

first_change as (
    select
        opportunity_id,
        min(changed_at) as changed_at,
        arg_min(row(from_stage), row(changed_at, coalesce(to_stage_order, -1), to_stage)) as moved
    from core.fct_stage_change
    group by opportunity_id
),

entry as (
    select
        opportunity_id,
        to_stage as stage,
        changed_at as entered_at,
        true as is_logged
    from core.fct_stage_change
    union all
    -- at its creation: where the log begins, else where an open deal stands and a closed one must have begun
    select
        d.opportunity_id,
        case
            when c.opportunity_id is not null then coalesce(c.moved[1], f.stage)
            when d.outcome = 'open' then d.stage
            else f.stage
        end as stage,
        d.created_at as entered_at,
        false as is_logged
    from core.dim_opportunity as d
    left join first_change as c on d.opportunity_id = c.opportunity_id
    left join first_stage as f on d.source = f.source and d.pipeline = f.pipeline
    where d.created_at is not null and (c.changed_at is null or c.changed_at > d.created_at)
    union all
    -- at the close of a deal without a log
    select
        d.opportunity_id,
        coalesce(s.stage, w.stage, d.stage) as stage,
        d.closed_at as entered_at,
        false as is_logged
    from core.dim_opportunity as d
    left join first_change as c on d.opportunity_id = c.opportunity_id
    left join core.dim_stage as s
        on d.source = s.source and d.pipeline = s.pipeline and d.stage = s.stage and d.outcome = s.outcome
    left join closing_stage as w on d.source = w.source and d.pipeline = w.pipeline and d.outcome = w.outcome
    where c.opportunity_id is null and d.closed_at is not null
),

placed_entry as (
    select
        e.opportunity_id,
        e.stage,
        e.entered_at,
        bool_or(e.is_logged) as is_logged,
        d.source,
        d.pipeline,
        d.owner_rep_id,
        s.stage_order,
        s.outcome,
        s.kind
    from entry as e
    inner join core.dim_opportunity as d on e.opportunity_id = d.opportunity_id
    left join core.dim_stage as s on d.source = s.source and d.pipeline = s.pipeline and e.stage = s.stage
    where e.stage is not null
    group by
        e.opportunity_id, e.stage, e.entered_at, d.source, d.pipeline, d.owner_rep_id, s.stage_order, s.outcome, s.kind
),

first_entry as (
    select
        opportunity_id,
        stage,
        min(entered_at) as entered_at
    from placed_entry
    group by opportunity_id, stage
),

first_of_kind as (
    select
        opportunity_id,
        kind,
        min(entered_at) as entered_at,
        arg_min(stage, row(entered_at, stage_order, stage)) as stage
    from placed_entry
    where kind is not null
    group by opportunity_id, kind
),

owner_at_entry as (
    select
        e.opportunity_id,
        e.stage,
        e.entered_at,
        arg_max(c.owner_rep_id, row(c.changed_at, coalesce(c.to_stage_order, -1), c.to_stage)) as rep_id
    from placed_entry as e
    inner join core.fct_stage_change as c on e.opportunity_id = c.opportunity_id and e.entered_at >= c.changed_at
    where c.owner_rep_id is not null
    group by e.opportunity_id, e.stage, e.entered_at
)

select
    e.opportunity_id,
    e.entered_at,
    e.stage,
    timezone(p.timezone, e.entered_at)::date as entry_date,
    e.source,
    e.pipeline,
    e.stage_order,
    e.outcome as stage_outcome,
    e.kind as stage_kind,
    coalesce(o.rep_id, e.owner_rep_id) as owner_rep_id,
    e.is_logged,
    f.stage is not null as is_first_entry,
    k.stage is not null as is_first_of_kind,
    lead(e.entered_at) over (
        partition by e.opportunity_id
        order by e.entered_at, e.stage_order nulls first, e.stage
    ) as left_at
from placed_entry as e
cross join core.parameter as p
left join first_entry as f
    on e.opportunity_id = f.opportunity_id and e.stage = f.stage and e.entered_at = f.entered_at
left join first_of_kind as k
    on e.opportunity_id = k.opportunity_id and e.stage = k.stage and e.entered_at = k.entered_at and e.kind = k.kind
left join owner_at_entry as o
    on e.opportunity_id = o.opportunity_id and e.stage = o.stage and e.entered_at = o.entered_at
