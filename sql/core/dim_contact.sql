-- One row per living contact; who it is stays in private.duckdb, contact_key joins equal people.
-- Easily misread: account_id is the survivor of the contact's account, which may itself be deleted or have no record.
select
    c.contact_id,
    c.source,
    substr(c.contact_id, length(c.source) + 2) as source_contact_id,
    c.contact_key,
    coalesce(a.survivor_id, c.account_id) as account_id,
    c.created_at,
    timezone(p.timezone, c.created_at)::date as created_date
from core.latest_contacts as c
cross join core.parameter as p
left join core.merged_record as m on m.entity = 'contact' and c.contact_id = m.record_id
left join core.merged_record as a on a.entity = 'account' and c.account_id = a.record_id
where c.is_deleted is not true and m.record_id is null
