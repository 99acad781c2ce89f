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

owner_change as (
    select
        opportunity_id,
        changed_at,
        arg_max(owner_rep_id, row(coalesce(to_stage_order, -1), to_stage)) as rep_id
    from core.fct_stage_change
    where owner_rep_id is not null
    group by opportunity_id, changed_at
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
    row_number() over (
        partition by e.opportunity_id, e.stage
        order by e.entered_at
    ) = 1 as is_first_entry,
    e.kind is not null
    and row_number() over (
        partition by e.opportunity_id, e.kind
        order by e.entered_at, e.stage_order, e.stage
    ) = 1 as is_first_of_kind,
    lead(e.entered_at) over (
        partition by e.opportunity_id
        order by e.entered_at, e.stage_order nulls first, e.stage
    ) as left_at
from placed_entry as e
cross join core.parameter as p
asof left join owner_change as o on e.opportunity_id = o.opportunity_id and e.entered_at >= o.changed_at
