-- One row per deal and open stage that it entered or skipped up to as_of: when, under whom, and what became of it.
-- Easily misread: a skipped stage is passed at the first entry into a later one, and has no time in it; moving back
-- takes nothing away. A deal without created_at is not here: nobody knows where it began, so it is in no cohort.
with deal as (
    select
        d.opportunity_id,
        d.source,
        d.pipeline,
        d.source_type,
        case when d.closed_at is null or d.closed_at <= p.as_of then d.outcome else 'open' end as outcome,
        case when d.outcome <> 'open' and d.closed_at <= p.as_of then d.closed_at end as closed_at,
        d.close_owner_rep_id,
        p.as_of,
        p.timezone
    from core.dim_opportunity as d
    cross join core.parameter as p
    where d.created_at is not null
),

stage_entry as (
    select
        e.opportunity_id,
        e.stage,
        e.stage_outcome,
        e.entered_at,
        e.owner_rep_id,
        -- NULL when it closed at an instant that nobody knows
        coalesce(
            case when e.left_at <= d.as_of then e.left_at end,
            d.closed_at,
            case when d.outcome = 'open' then d.as_of end
        ) as left_at
    from core.fct_stage_entry as e
    inner join deal as d on e.opportunity_id = d.opportunity_id
    where e.entered_at <= d.as_of
),

entry_step as (
    select
        e.opportunity_id,
        s.step,
        false as is_won,
        e.entered_at,
        e.owner_rep_id
    from stage_entry as e
    inner join deal as d on e.opportunity_id = d.opportunity_id
    inner join core.dim_stage_step as s on d.source = s.source and d.pipeline = s.pipeline and e.stage = s.stage
    union all
    select
        opportunity_id,
        null as step,
        true as is_won,
        entered_at,
        owner_rep_id
    from stage_entry
    where stage_outcome = 'won'
    union all
    -- a deal that was won and whose log does not say so
    select
        d.opportunity_id,
        null as step,
        true as is_won,
        d.closed_at as entered_at,
        d.close_owner_rep_id as owner_rep_id
    from deal as d
    left join stage_entry as e on d.opportunity_id = e.opportunity_id and e.stage_outcome = 'won'
    where d.outcome = 'won' and d.closed_at is not null and e.opportunity_id is null
),

passage as (
    select
        d.opportunity_id,
        s.stage,
        s.step,
        s.next_stage,
        min(e.entered_at) as passed_at,
        arg_min(e.owner_rep_id, row(e.entered_at, e.is_won, e.step)) as owner_rep_id,
        min(e.entered_at) filter (where e.is_won or e.step > s.step) as advanced_at
    from deal as d
    inner join core.dim_stage_step as s on d.source = s.source and d.pipeline = s.pipeline
    inner join entry_step as e on d.opportunity_id = e.opportunity_id and (e.is_won or s.step <= e.step)
    group by d.opportunity_id, s.stage, s.step, s.next_stage
),

time_in_stage as (
    select
        opportunity_id,
        stage,
        sum(epoch_us(greatest(left_at, entered_at)) - epoch_us(entered_at))::double / 1000000 as seconds_in_stage
    from stage_entry
    where left_at is not null
    group by opportunity_id, stage
)

select
    g.opportunity_id,
    g.stage,
    d.source,
    d.pipeline,
    g.step,
    g.next_stage,
    d.source_type,
    g.passed_at,
    timezone(d.timezone, g.passed_at)::date as passed_date,
    g.owner_rep_id,
    coalesce(r.rep_type, 'unknown') as rep_type,
    g.advanced_at,
    case
        -- won at an instant that nobody knows is won all the same
        when g.advanced_at is not null or d.outcome = 'won' then 'advanced'
        else d.outcome
    end as became,
    t.seconds_in_stage
from passage as g
inner join deal as d on g.opportunity_id = d.opportunity_id
left join time_in_stage as t on g.opportunity_id = t.opportunity_id and g.stage = t.stage
left join core.dim_rep as r
    on
        g.owner_rep_id = r.rep_id
        and timezone(d.timezone, g.passed_at)::date >= r.valid_from
        and timezone(d.timezone, g.passed_at)::date < r.valid_to
