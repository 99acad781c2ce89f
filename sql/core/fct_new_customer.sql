-- One row per account that ever won us: its first won deal up to as_of.
-- Easily misread: a merged account is one customer with its survivor, and a deleted one is none; deals without an
-- account make no customer.
with first_win as (
    select
        account_id,
        arg_min(opportunity_id, row(closed_at, opportunity_id)) as opportunity_id
    from core.fct_opportunity_close
    where outcome = 'won' and account_id is not null
    group by account_id
)

select
    c.account_id,
    c.opportunity_id,
    c.closed_at,
    c.closed_date,
    c.owner_rep_id,
    c.rep_type,
    c.team
from first_win as f
inner join core.fct_opportunity_close as c on f.opportunity_id = c.opportunity_id
left join core.latest_accounts as d on c.account_id = d.account_id and d.is_deleted
where d.account_id is null
