-- One row per living contract, under the surviving account.
-- Easily misread: a renewal that has no record is no renewal; is_renewed says whether it has one.
select
    c.contract_id,
    c.source,
    substr(c.contract_id, length(c.source) + 2) as source_contract_id,
    coalesce(m.survivor_id, c.account_id) as account_id,
    c.start_date,
    c.end_date,
    c.cancelled_date,
    least(c.end_date, c.cancelled_date) as stop_date,
    c.monthly_amount,
    coalesce(c.currency, p.currency) as currency,
    c.renewed_by_contract_id,
    n.contract_id is not null as is_renewed
from core.latest_contracts as c
cross join core.parameter as p
left join core.merged_record as m on m.entity = 'account' and c.account_id = m.record_id
left join core.latest_contracts as n on c.renewed_by_contract_id = n.contract_id and n.is_deleted is not true
where c.is_deleted is not true
