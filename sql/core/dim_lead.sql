-- One row per living lead, its links led to the surviving account, contact and deal.
-- Easily misread: a lead's deal may be linked from the deal's side only; core.dim_opportunity looks at both.
select
    l.lead_id,
    l.source,
    substr(l.lead_id, length(l.source) + 2) as source_lead_id,
    l.created_at,
    coalesce(l.created_at_precision, 'instant') as created_at_precision,
    timezone(p.timezone, l.created_at)::date as created_date,
    coalesce(i.rep_id, 'unknown') as owner_rep_id,
    coalesce(l.source_type, 'unknown') as source_type,
    l.lead_source,
    l.status,
    l.converted_at,
    coalesce(a.survivor_id, l.account_id) as account_id,
    coalesce(c.survivor_id, l.contact_id) as contact_id,
    coalesce(o.survivor_id, l.opportunity_id) as opportunity_id
from core.latest_leads as l
cross join core.parameter as p
left join core.rep_identity as i on l.source = i.source and l.owner_rep_id = i.source_rep_id
left join core.merged_record as a on a.entity = 'account' and l.account_id = a.record_id
left join core.merged_record as c on c.entity = 'contact' and l.contact_id = c.record_id
left join core.merged_record as o on o.entity = 'opportunity' and l.opportunity_id = o.record_id
where l.is_deleted is not true
