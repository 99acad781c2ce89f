-- One row per period and customer with a contract that stops in it, up to as_of: did the customer go?
-- Easily misread: a customer who renews, or has another contract running on the day after the last stop, stays.
with living_contract as (
    select
        c.contract_id,
        c.account_id,
        c.start_date,
        c.stop_date,
        c.is_renewed
    from core.fct_contract as c
    left join core.latest_accounts as d on c.account_id = d.account_id and d.is_deleted
    where d.account_id is null
),

stopped as (
    select
        d.period_grain,
        d.period_start,
        c.account_id,
        count(*) as contracts_stopped,
        bool_or(c.is_renewed) as is_renewed,
        max(c.stop_date) as last_stop_date
    from living_contract as c
    inner join core.dim_period as d on c.stop_date >= d.period_start and c.stop_date <= d.last_date
    group by d.period_grain, d.period_start, c.account_id
)

select
    s.period_grain,
    s.period_start,
    s.account_id,
    s.contracts_stopped,
    s.last_stop_date,
    s.is_renewed,
    not s.is_renewed and count(c.contract_id) = 0 as is_churned
from stopped as s
left join living_contract as c
    on
        s.account_id = c.account_id
        and s.last_stop_date + 1 >= c.start_date
        and s.last_stop_date + 1 <= coalesce(c.stop_date, date '9999-12-31')
group by s.period_grain, s.period_start, s.account_id, s.contracts_stopped, s.last_stop_date, s.is_renewed
