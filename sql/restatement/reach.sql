-- One row per load of tonight (0: the later as_of), rep and day that its changed records reach, with how many of them.
-- Easily misread: no day means any day of the rep, no rep either means anything; asked for after a figure has moved,
-- it says what a load may have moved, not what it did.
with any_identity as (
    select source, source_rep_id, rep_id from core.rep_identity
    union
    select source, source_rep_id, rep_id from previous.core.rep_identity
),

any_copy as (
    select activity_id, kept_activity_id from core.activity_copy
    union
    select activity_id, kept_activity_id from previous.core.activity_copy
),

changed_copies as (
    select p.kept_activity_id, c.load_number
    from any_copy as p
    inner join staging.changed_activities as c on p.activity_id = c.record_key
    union
    select p.kept_activity_id, c.load_number
    from any_copy as p
    inner join staging.changed_activities as c on p.kept_activity_id = c.record_key
),

-- a changed activity with its copies: what one of them says may move the day of another
loaded_activity as (
    select record_key as activity_id, load_number from staging.changed_activities
    union
    select kept_activity_id as activity_id, load_number from changed_copies
    union
    select p.activity_id, k.load_number
    from any_copy as p
    inner join changed_copies as k on p.kept_activity_id = k.kept_activity_id
),

-- what changed itself was looked up already
paired_activity as (
    select activity_id from loaded_activity
    except
    select record_key as activity_id from staging.changed_activities
),

any_activity as (
    select
        activity_id, source, rep_id, booked_by_rep_id, channel, activity_date, created_date
    from staging.changed_activity
    union all
    select
        activity_id, source, rep_id, booked_by_rep_id, channel, activity_date, created_date
    from core.latest_activities
    where activity_id in (select p.activity_id from paired_activity as p)
    union all
    select
        activity_id, source, rep_id, booked_by_rep_id, channel, activity_date, created_date
    from previous.core.latest_activities
    where activity_id in (select p.activity_id from paired_activity as p)
),

activity_day as (
    select c.load_number, a.source, a.rep_id as source_rep_id, a.activity_date as reach_date
    from any_activity as a
    inner join loaded_activity as c on a.activity_id = c.activity_id
    union all
    select
        c.load_number,
        a.source,
        coalesce(a.booked_by_rep_id, a.rep_id) as source_rep_id,
        a.created_date as reach_date
    from any_activity as a
    inner join loaded_activity as c on a.activity_id = c.activity_id
    where a.channel = 'meeting' and a.created_date is not null
),

-- whom a copy names, on the day of the activity that counts
any_fill as (
    select activity_id, rep_id from core.activity_fill
    where rep_id is not null
    union
    select activity_id, rep_id from previous.core.activity_fill
    where rep_id is not null
),

filled_day as (
    select c.load_number, f.rep_id, a.activity_date as reach_date
    from any_fill as f
    inner join loaded_activity as c on f.activity_id = c.activity_id
    inner join any_activity as a on f.activity_id = a.activity_id
),

-- a meeting that had begun is held once it has ended
ended_meeting as (
    select 0 as load_number, a.source, a.rep_id as source_rep_id, a.activity_date as reach_date
    from (
        select
            m.source,
            m.rep_id,
            m.activity_date,
            m.occurred_at,
            coalesce(
                m.ended_at, m.occurred_at + to_seconds(coalesce(m.duration_seconds, f.duration_seconds))
            ) as ended_at
        from core.latest_activities as m
        left join core.activity_fill as f on m.activity_id = f.activity_id
        where m.channel = 'meeting'
    ) as a
    cross join core.parameter as n
    cross join previous.core.parameter as o
    where
        a.occurred_at <= least(o.as_of, n.as_of)
        and a.ended_at > least(o.as_of, n.as_of)
        and a.ended_at <= greatest(o.as_of, n.as_of)
),

-- as in staging.dirty_day: a contact or an account moves days when it merges, goes, or changes its account
changed_customer as (
    select 'contact' as entity, v.record_id
    from (
        select contact_id as record_id, account_id, merged_into_id, is_deleted is true as is_deleted
        from core.latest_contacts
        where contact_id in (select c.record_key from staging.changed_contacts as c)
        union all
        select contact_id as record_id, account_id, merged_into_id, is_deleted is true as is_deleted
        from previous.core.latest_contacts
        where contact_id in (select c.record_key from staging.changed_contacts as c)
    ) as v
    group by v.record_id, v.account_id, v.merged_into_id, v.is_deleted
    having count(*) = 1
    union
    select 'account' as entity, v.record_id
    from (
        select account_id as record_id, merged_into_id, is_deleted is true as is_deleted
        from core.latest_accounts
        where account_id in (select c.record_key from staging.changed_accounts as c)
        union all
        select account_id as record_id, merged_into_id, is_deleted is true as is_deleted
        from previous.core.latest_accounts
        where account_id in (select c.record_key from staging.changed_accounts as c)
    ) as v
    group by v.record_id, v.merged_into_id, v.is_deleted
    having count(*) = 1
),

loaded_customer as (
    select k.entity, k.record_id, c.load_number
    from changed_customer as k
    inner join staging.changed_contacts as c on k.entity = 'contact' and k.record_id = c.record_key
    union
    select k.entity, k.record_id, c.load_number
    from changed_customer as k
    inner join staging.changed_accounts as c on k.entity = 'account' and k.record_id = c.record_key
),

reached_customer as (
    select entity, record_id, load_number from loaded_customer
    union
    select m.entity, m.record_id, k.load_number
    from core.merged_record as m
    inner join loaded_customer as k on m.entity = k.entity and m.survivor_id = k.record_id
    union
    select m.entity, m.record_id, k.load_number
    from previous.core.merged_record as m
    inner join loaded_customer as k on m.entity = k.entity and m.survivor_id = k.record_id
),

reached_contact as (
    select record_id as contact_id, load_number from reached_customer
    where entity = 'contact'
    union
    select c.contact_id, k.load_number
    from core.latest_contacts as c
    inner join reached_customer as k on k.entity = 'account' and c.account_id = k.record_id
),

customer_day as (
    select k.load_number, a.source, a.rep_id as source_rep_id, a.activity_date as reach_date
    from core.latest_activities as a
    inner join reached_contact as k on a.contact_id = k.contact_id
    union all
    select k.load_number, a.source, a.rep_id as source_rep_id, a.activity_date as reach_date
    from core.latest_activities as a
    inner join reached_customer as k on k.entity = 'account' and a.account_id = k.record_id
    union all
    select k.load_number, l.source, l.rep_id as source_rep_id, l.activity_date as reach_date
    from (
        select source, rep_id, activity_date, unnest(contact_ids) as contact_id
        from core.latest_activities
        where len(contact_ids) > 0
    ) as l
    inner join reached_contact as k on l.contact_id = k.contact_id
),

any_time_off as (
    select record_key, source, rep_id, start_date, end_date from core.latest_time_off
    union
    select record_key, source, rep_id, start_date, end_date from previous.core.latest_time_off
),

day_off as (
    select c.load_number, t.source, t.rep_id as source_rep_id, d.date_day as reach_date
    from any_time_off as t
    inner join staging.changed_time_off as c on t.record_key = c.record_key
    inner join core.dim_date as d on t.start_date <= d.date_day and t.end_date >= d.date_day
),

changed_deal as (
    select record_key as opportunity_id, load_number from staging.changed_opportunities
    union all
    select s.opportunity_id, c.load_number
    from core.latest_stage_changes as s
    inner join staging.changed_stage_changes as c on s.record_key = c.record_key
),

deal_day as (
    select c.load_number, coalesce(e.owner_rep_id, 'unknown') as rep_id, e.entry_date as reach_date
    from core.fct_stage_entry as e
    inner join changed_deal as c on e.opportunity_id = c.opportunity_id
    union all
    select c.load_number, coalesce(e.owner_rep_id, 'unknown') as rep_id, e.entry_date as reach_date
    from previous.core.fct_stage_entry as e
    inner join changed_deal as c on e.opportunity_id = c.opportunity_id
),

rep_day as (
    select v.load_number, coalesce(i.rep_id, 'unknown') as rep_id, v.reach_date
    from (
        select load_number, source, source_rep_id, reach_date from activity_day
        union all
        select load_number, source, source_rep_id, reach_date from ended_meeting
        union all
        select load_number, source, source_rep_id, reach_date from customer_day
        union all
        select load_number, source, source_rep_id, reach_date from day_off
    ) as v
    left join any_identity as i on v.source = i.source and v.source_rep_id = i.source_rep_id
    union all
    select load_number, rep_id, reach_date from filled_day
    union all
    select load_number, rep_id, reach_date from deal_day
),

roster_change as (
    select c.load_number, r.source, r.rep_id as source_rep_id
    from core.latest_reps as r
    inner join staging.changed_reps as c on r.record_key = c.record_key
    union all
    select c.load_number, a.alias_source as source, a.source_rep_id
    from core.latest_rep_aliases as a
    inner join staging.changed_rep_aliases as c on a.record_key = c.record_key
    union all
    select c.load_number, u.source, substr(u.user_id, length(u.source) + 2) as source_rep_id
    from core.latest_users as u
    inner join staging.changed_users as c on u.user_id = c.record_key
),

-- what was the unknown rep's may become somebody's, and the other way round
roster_rep as (
    select v.load_number, i.rep_id
    from roster_change as v
    inner join any_identity as i on v.source = i.source and v.source_rep_id = i.source_rep_id
    union all
    select load_number, 'unknown' as rep_id from roster_change
),

anything as (
    select load_number from staging.changed_reps
    union all
    select load_number from staging.changed_rep_aliases
    union all
    select load_number from staging.changed_users
    union all
    select load_number from staging.changed_time_off
    union all
    select load_number from staging.changed_accounts
    union all
    select load_number from staging.changed_contacts
    union all
    select load_number from staging.changed_leads
    union all
    select load_number from staging.changed_opportunities
    union all
    select load_number from staging.changed_stage_changes
    union all
    select load_number from staging.changed_stages
    union all
    select load_number from staging.changed_contracts
    union all
    select load_number from staging.changed_spend
    union all
    select load_number from staging.changed_forecasts
    union all
    select load_number from staging.changed_quotas
    union all
    select load_number from staging.changed_activity_targets
    union all
    select load_number from staging.changed_exchange_rates
    union all
    -- the joined side of a mapping has no records of its own
    select l.load_number
    from ops.load as l
    where
        l.entity like 'join:%' and l.status = 'accepted'
        and l.load_id not in (select o.load_id from previous.ops.load as o)
)

select load_number, rep_id, reach_date, count(*) as records
from rep_day
where reach_date is not null
group by load_number, rep_id, reach_date
union all
select load_number, rep_id, null::date as reach_date, count(*) as records
from roster_rep
group by load_number, rep_id
union all
select load_number, null::varchar as rep_id, null::date as reach_date, count(*) as records
from anything
group by load_number
