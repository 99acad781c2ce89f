-- One row per rep, day and account the rep touched on it: the activity's own account and those of its contacts.
-- Easily misread: days of one account may not be summed; count distinct accounts of the period asked for.
with touched_account as (
    select
        rep_id,
        activity_date,
        account_id
    from staging.dirty_activity
    where
        is_touch
        and account_id is not null
        and activity_date in (select w.activity_date from staging.dirty_day as w)
    union
    select
        t.rep_id,
        t.activity_date,
        c.account_id
    from core.fct_touched_contact as t
    inner join core.dim_contact as c on t.contact_id = c.contact_id
    where
        t.activity_date in (select w.activity_date from staging.dirty_day as w)
        and c.account_id is not null
)

select
    t.rep_id,
    t.activity_date,
    t.account_id
from touched_account as t
left join core.latest_accounts as d on t.account_id = d.account_id and d.is_deleted
where d.account_id is null
