-- One row per living account.
-- Easily misread: deleted accounts and merged ones are not here; core.merged_record leads to the survivor.
select
    a.account_id,
    a.source,
    substr(a.account_id, length(a.source) + 2) as source_account_id,
    a.name,
    a.industry,
    a.country,
    a.created_at,
    timezone(p.timezone, a.created_at)::date as created_date
from core.latest_accounts as a
cross join core.parameter as p
left join core.merged_record as m on m.entity = 'account' and a.account_id = m.record_id
where a.is_deleted is not true and m.record_id is null
