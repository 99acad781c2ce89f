-- One row per living deal, with its outcome and the instant of its close.
-- Easily misread: outcome is what the record says, whenever that was; a deal with closed_at after as_of is still open
-- at as_of, and one with an outcome and no closed_at is in no period (ops.undated_close).
with living_deal as (
    select
        o.opportunity_id,
        o.source,
        o.stage,
        coalesce(i.rep_id, 'unknown') as owner_rep_id,
        o.created_at,
        o.amount,
        coalesce(o.currency, p.currency) as currency,
        coalesce(o.pipeline, 'default') as pipeline,
        o.deal_type,
        coalesce(a.survivor_id, o.account_id) as account_id,
        coalesce(c.survivor_id, o.contact_id) as contact_id,
        o.lead_id,
        o.source_type,
        o.lead_source,
        o.expected_close_date,
        o.closed_at,
        o.is_won,
        p.timezone
    from core.latest_opportunities as o
    cross join core.parameter as p
    left join core.merged_record as m on m.entity = 'opportunity' and o.opportunity_id = m.record_id
    left join core.merged_record as a on a.entity = 'account' and o.account_id = a.record_id
    left join core.merged_record as c on c.entity = 'contact' and o.contact_id = c.record_id
    left join core.rep_identity as i on o.source = i.source and o.owner_rep_id = i.source_rep_id
    where o.is_deleted is not true and m.record_id is null
),

judged_deal as (
    select
        d.opportunity_id,
        s.stage_order,
        case when d.is_won then 'won' when not d.is_won then 'lost' else coalesce(s.outcome, 'open') end as outcome
    from living_deal as d
    left join core.dim_stage as s on d.source = s.source and d.pipeline = s.pipeline and d.stage = s.stage
),

logged_deal as (
    select
        c.opportunity_id,
        min(c.changed_at) as first_change_at,
        max(c.changed_at) filter (where c.to_stage_outcome = j.outcome) as last_into_outcome_at
    from core.fct_stage_change as c
    inner join judged_deal as j on c.opportunity_id = j.opportunity_id
    group by c.opportunity_id
),

closed_deal as (
    select
        d.opportunity_id,
        d.source,
        d.timezone,
        j.stage_order,
        j.outcome,
        coalesce(d.created_at, g.first_change_at) as opened_at,
        case when j.outcome <> 'open' then coalesce(d.closed_at, g.last_into_outcome_at) end as closed_at
    from living_deal as d
    inner join judged_deal as j on d.opportunity_id = j.opportunity_id
    left join logged_deal as g on d.opportunity_id = g.opportunity_id
),

owner_at_close as (
    select
        d.opportunity_id,
        arg_max(c.owner_rep_id, row(c.changed_at, coalesce(c.to_stage_order, -1), c.to_stage)) as rep_id
    from closed_deal as d
    inner join core.fct_stage_change as c on d.opportunity_id = c.opportunity_id and d.closed_at >= c.changed_at
    where c.owner_rep_id is not null
    group by d.opportunity_id
),

linked_lead as (
    select
        d.opportunity_id,
        l.lead_id,
        l.source_type,
        l.created_at,
        d.lead_id = l.lead_id as is_own
    from living_deal as d
    inner join core.dim_lead as l on d.lead_id = l.lead_id
    union
    select
        l.opportunity_id,
        l.lead_id,
        l.source_type,
        l.created_at,
        false as is_own
    from core.dim_lead as l
    where l.opportunity_id is not null
),

deal_lead as (
    select
        opportunity_id,
        arg_min(lead_id, row(not is_own, created_at, lead_id)) as lead_id,
        arg_min(source_type, row(not is_own, created_at, lead_id)) filter (where source_type <> 'unknown')
            as source_type
    from linked_lead
    group by opportunity_id
)

select
    d.opportunity_id,
    d.source,
    substr(d.opportunity_id, length(d.source) + 2) as source_opportunity_id,
    d.pipeline,
    d.stage,
    c.stage_order,
    d.owner_rep_id,
    coalesce(w.rep_id, d.owner_rep_id) as close_owner_rep_id,
    d.created_at,
    timezone(d.timezone, d.created_at)::date as created_date,
    c.opened_at,
    timezone(d.timezone, c.opened_at)::date as opened_date,
    d.amount,
    d.currency,
    d.deal_type,
    d.account_id,
    d.contact_id,
    coalesce(d.lead_id, l.lead_id) as lead_id,
    coalesce(d.source_type, l.source_type, 'unknown') as source_type,
    d.lead_source,
    d.expected_close_date,
    c.outcome,
    c.closed_at,
    timezone(d.timezone, c.closed_at)::date as closed_date
from living_deal as d
inner join closed_deal as c on d.opportunity_id = c.opportunity_id
left join owner_at_close as w on d.opportunity_id = w.opportunity_id
left join deal_lead as l on d.opportunity_id = l.opportunity_id
