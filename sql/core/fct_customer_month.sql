-- One row per month and customer with a contract that runs on the month's last day (in the month of as_of: on as_of's).
-- Easily misread: one day is looked at, so that an old and a new contract of one month are not both counted.
select
    d.period_start as month_start,
    c.account_id,
    sum(c.monthly_amount * x.rate)::decimal(38, 12) as company_amount,
    count(*) filter (where c.monthly_amount is not null and x.rate is null) as unpriced_count
from core.fct_contract as c
inner join core.dim_period as d
    on
        d.period_grain = 'month'
        and c.start_date <= d.last_date
        and coalesce(c.stop_date, date '9999-12-31') >= d.last_date
left join core.company_rate_day as x on c.currency = x.currency and d.last_date = x.date_day
left join core.latest_accounts as a on c.account_id = a.account_id and a.is_deleted
where a.account_id is null
group by d.period_start, c.account_id
