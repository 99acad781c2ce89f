-- One row per currency and stretch of days on which one rate to the company's currency holds.
-- Easily misread: days before the first rate have no row, and neither has a currency that is only told the other way
-- round; an amount in it has no company amount then, and is never counted at 1. The rate is a wide DECIMAL, since a
-- product of two narrow ones overflows from 922,337 on.
select
    r.from_currency as currency,
    r.rate_date as valid_from,
    coalesce(
        lead(r.rate_date) over (
            partition by r.from_currency
            order by r.rate_date
        ),
        date '9999-12-31'
    ) as valid_to,
    r.rate::decimal(38, 8) as rate
from core.fct_exchange_rate as r
inner join core.parameter as p on r.to_currency = p.currency and r.from_currency <> p.currency
union all
select
    currency,
    date '0001-01-01' as valid_from,
    date '9999-12-31' as valid_to,
    1::decimal(38, 8) as rate
from core.parameter
