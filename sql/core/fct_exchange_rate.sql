-- One row per day and pair of currencies: what one unit of from_currency was worth in to_currency.
-- Easily misread: a rate holds until the next one; when two sources tell one rate, the first of the settings is kept.
with source_rank as (
    select
        source,
        min(priority) as priority
    from core.source
    group by source
)

select
    r.rate_date,
    r.from_currency,
    r.to_currency,
    arg_min(r.rate, row(coalesce(s.priority, 9999), r.source)) as rate,
    arg_min(r.source, row(coalesce(s.priority, 9999), r.source)) as source
from core.latest_exchange_rates as r
left join source_rank as s on r.source = s.source
where r.is_deleted is not true
group by r.rate_date, r.from_currency, r.to_currency
