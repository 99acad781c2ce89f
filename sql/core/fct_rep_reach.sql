-- One row per rep and month with touches: how many different contacts and accounts the rep reached in it.
-- Easily misread: days on which the role did not count as a rep are left out, as in marts.rep_activity_daily.
-- Counting ids over all time is the dear part of a scorecard, so only the months that tonight touched are counted.
with reached_month as (
    select
        d.period_grain,
        d.period_start,
        d.date_day
    from core.dim_period_day as d
    inner join staging.dirty_period as w on d.period_grain = w.period_grain and d.period_start = w.period_start
    where d.period_grain = 'month'
),

contact_count as (
    select
        t.rep_id,
        d.period_grain,
        d.period_start,
        count(distinct t.contact_id) as contacts_touched
    from core.fct_touched_contact as t
    inner join reached_month as d on t.activity_date = d.date_day
    inner join core.dim_rep as r
        on t.rep_id = r.rep_id and t.activity_date >= r.valid_from and t.activity_date < r.valid_to
    where r.is_counted
    group by t.rep_id, d.period_grain, d.period_start
),

account_count as (
    select
        t.rep_id,
        d.period_grain,
        d.period_start,
        count(distinct t.account_id) as accounts_touched
    from core.fct_touched_account as t
    inner join reached_month as d on t.activity_date = d.date_day
    inner join core.dim_rep as r
        on t.rep_id = r.rep_id and t.activity_date >= r.valid_from and t.activity_date < r.valid_to
    where r.is_counted
    group by t.rep_id, d.period_grain, d.period_start
)

select
    coalesce(c.rep_id, a.rep_id) as rep_id,
    coalesce(c.period_grain, a.period_grain) as period_grain,
    coalesce(c.period_start, a.period_start) as period_start,
    coalesce(c.contacts_touched, 0) as contacts_touched,
    coalesce(a.accounts_touched, 0) as accounts_touched
from contact_count as c
full join account_count as a
    on c.rep_id = a.rep_id and c.period_grain = a.period_grain and c.period_start = a.period_start
