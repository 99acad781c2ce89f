-- One row per forecast that somebody submitted for a period.
-- Easily misread: neither rep nor team means the company; a rep nobody knows is 'unknown', a blank one is NULL.
select
    f.record_key,
    f.source,
    f.period_grain,
    f.period_start,
    f.submitted_at,
    case when f.rep_id is not null then coalesce(i.rep_id, 'unknown') end as rep_id,
    f.team,
    f.amount,
    coalesce(f.currency, p.currency) as currency
from core.latest_forecasts as f
cross join core.parameter as p
left join core.rep_identity as i on f.source = i.source and f.rep_id = i.source_rep_id
where f.is_deleted is not true
