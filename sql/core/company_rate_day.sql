-- One row per currency and calendar day on which a rate to the company's currency holds.
-- Easily misread: a day without a row has no rate; whoever values something on it leaves it out, never takes 1.
select
    r.currency,
    d.date_day,
    r.rate
from core.company_rate as r
inner join core.dim_date as d on r.valid_from <= d.date_day and r.valid_to > d.date_day
