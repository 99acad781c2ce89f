-- One row per quota of a rep and period.
-- Easily misread: months and the quarter they make up may both have rows; only one grain is ever added up.
select
    q.record_key,
    q.source,
    q.period_grain,
    q.period_start,
    coalesce(i.rep_id, 'unknown') as rep_id,
    q.amount,
    coalesce(q.currency, p.currency) as currency
from core.latest_quotas as q
cross join core.parameter as p
left join core.rep_identity as i on q.source = i.source and q.rep_id = i.source_rep_id
where q.is_deleted is not true
