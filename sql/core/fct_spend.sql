-- One row per sum spent on sales or marketing in a month.
-- Easily misread: spend_month is the first day of the month, whatever day the source wrote.
select
    s.record_key,
    s.source,
    date_trunc('month', s.month)::date as spend_month,
    s.category,
    coalesce(s.team, 'unknown') as team,
    s.amount,
    coalesce(s.currency, p.currency) as currency
from core.latest_spend as s
cross join core.parameter as p
where s.is_deleted is not true
