-- One row per company day whose mart rows an incremental night replaces.
-- Easily misread: the old and the new version of what changed both make their day dirty, so that nothing stays behind
-- on a day it left. A change of settings or an earlier as_of is a full build and not seen here.
-- A row that stands in one of two generations only is counted once over both: `having count(*) = 1`.
with night as (
    select
        o.as_of as old_as_of,
        n.as_of as new_as_of,
        o.as_of_date as old_day,
        n.as_of_date as new_day
    from core.parameter as n
    cross join previous.core.parameter as o
    where o.as_of <> n.as_of
),

as_of_day as (
    select d.date_day as activity_date
    from core.dim_date as d
    inner join night as n on d.date_day >= n.old_day and d.date_day <= n.new_day
    union
    -- a meeting that had begun is held once it has ended
    select a.activity_date
    from (
        select
            m.activity_date,
            m.occurred_at,
            coalesce(
                m.ended_at, m.occurred_at + to_seconds(coalesce(m.duration_seconds, f.duration_seconds))
            ) as ended_at
        from core.latest_activities as m
        left join core.activity_fill as f on m.activity_id = f.activity_id
        where m.channel = 'meeting'
    ) as a
    cross join night as n
    where a.occurred_at <= n.old_as_of and a.ended_at > n.old_as_of and a.ended_at <= n.new_as_of
),

-- hidden, kept or filled otherwise than before; the two of a pair need not lie on one day
changed_copy as (
    select
        v.activity_id,
        v.kept_activity_id
    from (
        select activity_id, kept_activity_id from core.activity_copy
        union all
        select activity_id, kept_activity_id from previous.core.activity_copy
    ) as v
    group by v.activity_id, v.kept_activity_id
    having count(*) = 1
),

changed_fill as (
    select v.activity_id
    from (
        select
            activity_id, rep_id, booked_by_rep_id, direction, disposition, duration_seconds, account_id, contact_id,
            contact_ids, lead_id, opportunity_id
        from core.activity_fill
        union all
        select
            activity_id, rep_id, booked_by_rep_id, direction, disposition, duration_seconds, account_id, contact_id,
            contact_ids, lead_id, opportunity_id
        from previous.core.activity_fill
    ) as v
    group by
        v.activity_id, v.rep_id, v.booked_by_rep_id, v.direction, v.disposition, v.duration_seconds, v.account_id,
        v.contact_id, v.contact_ids, v.lead_id, v.opportunity_id
    having count(*) = 1
),

paired_activity as (
    select activity_id from changed_copy
    union
    select kept_activity_id as activity_id from changed_copy
    union
    select activity_id from changed_fill
),

activity_version as (
    select
        activity_date,
        case when channel = 'meeting' then created_date end as created_date
    from staging.changed_activity
    union
    select
        a.activity_date,
        case when a.channel = 'meeting' then a.created_date end as created_date
    from core.latest_activities as a
    where a.activity_id in (select p.activity_id from paired_activity as p)
    union
    select
        a.activity_date,
        case when a.channel = 'meeting' then a.created_date end as created_date
    from previous.core.latest_activities as a
    where a.activity_id in (select p.activity_id from paired_activity as p)
),

changed_identity as (
    select
        v.source,
        v.source_rep_id
    from (
        select source, source_rep_id, rep_id from core.rep_identity
        union all
        select source, source_rep_id, rep_id from previous.core.rep_identity
    ) as v
    group by v.source, v.source_rep_id, v.rep_id
    having count(*) = 1
    union
    -- a booking by a program counts for the rep
    select
        v.source,
        substr(v.user_id, length(v.source) + 2) as source_rep_id
    from (
        select source, user_id from core.latest_users
        where kind = 'integration' and is_deleted is not true
        union all
        select source, user_id from previous.core.latest_users
        where kind = 'integration' and is_deleted is not true
    ) as v
    group by v.source, v.user_id
    having count(*) = 1
),

identity_day as (
    select a.activity_date
    from core.latest_activities as a
    where (a.source, a.rep_id) in (select (i.source, i.source_rep_id) from changed_identity as i)
    union
    select a.created_date as activity_date
    from core.latest_activities as a
    where
        a.channel = 'meeting'
        and (a.source, coalesce(a.booked_by_rep_id, a.rep_id)) in (
            select (i.source, i.source_rep_id) from changed_identity as i
        )
),

changed_rep as (
    select v.rep_id
    from (
        select rep_id, valid_from, valid_to, rep_type, role, team, manager_rep_id, territory, is_counted
        from core.dim_rep
        union all
        select rep_id, valid_from, valid_to, rep_type, role, team, manager_rep_id, territory, is_counted
        from previous.core.dim_rep
    ) as v
    group by
        v.rep_id, v.valid_from, v.valid_to, v.rep_type, v.role, v.team, v.manager_rep_id, v.territory, v.is_counted
    having count(*) = 1
),

-- only the reps whose rows differ are spread over days, and only the days that read otherwise are dirty
rep_day_version as (
    select r.rep_id, d.date_day, r.rep_type, r.role, r.team, r.manager_rep_id, r.territory, r.is_counted
    from core.dim_rep as r
    inner join core.dim_date as d on r.valid_from <= d.date_day and r.valid_to > d.date_day
    where r.rep_id in (select c.rep_id from changed_rep as c)
    union all
    select r.rep_id, d.date_day, r.rep_type, r.role, r.team, r.manager_rep_id, r.territory, r.is_counted
    from previous.core.dim_rep as r
    inner join core.dim_date as d on r.valid_from <= d.date_day and r.valid_to > d.date_day
    where r.rep_id in (select c.rep_id from changed_rep as c)
),

roster_day as (
    select date_day as activity_date
    from rep_day_version
    group by rep_id, date_day, rep_type, role, team, manager_rep_id, territory, is_counted
    having count(*) = 1
    union
    select v.date_day as activity_date
    from (
        select rep_id, date_day, rep_type, is_counted, is_workday from core.fct_rep_day
        union all
        select rep_id, date_day, rep_type, is_counted, is_workday from previous.core.fct_rep_day
    ) as v
    group by v.rep_id, v.date_day, v.rep_type, v.is_counted, v.is_workday
    having count(*) = 1
),

proposal_day as (
    select v.entry_date as activity_date
    from (
        select opportunity_id, entry_date, owner_rep_id from core.fct_stage_entry
        where stage_kind = 'proposal' and is_first_of_kind
        union all
        select opportunity_id, entry_date, owner_rep_id from previous.core.fct_stage_entry
        where stage_kind = 'proposal' and is_first_of_kind
    ) as v
    group by v.opportunity_id, v.entry_date, v.owner_rep_id
    having count(*) = 1
),

changed_merge as (
    select
        v.entity,
        v.record_id
    from (
        select entity, record_id, survivor_id from core.merged_record
        union all
        select entity, record_id, survivor_id from previous.core.merged_record
    ) as v
    group by v.entity, v.record_id, v.survivor_id
    having count(*) = 1
),

changed_account as (
    select record_id as account_id
    from changed_merge
    where entity = 'account'
    union
    select v.account_id
    from (
        select account_id, is_deleted is true as is_deleted from core.latest_accounts
        where account_id in (select c.record_key from staging.changed_accounts as c)
        union all
        select account_id, is_deleted is true as is_deleted from previous.core.latest_accounts
        where account_id in (select c.record_key from staging.changed_accounts as c)
    ) as v
    group by v.account_id, v.is_deleted
    having count(*) = 1
),

reached_account as (
    select account_id from changed_account
    union
    select record_id as account_id
    from core.merged_record
    where entity = 'account' and survivor_id in (select c.account_id from changed_account as c)
),

changed_contact as (
    select record_id as contact_id
    from changed_merge
    where entity = 'contact'
    union
    select contact_id
    from core.latest_contacts
    where account_id in (select c.account_id from reached_account as c)
    union
    select v.contact_id
    from (
        select contact_id, account_id, is_deleted is true as is_deleted from core.latest_contacts
        where contact_id in (select c.record_key from staging.changed_contacts as c)
        union all
        select contact_id, account_id, is_deleted is true as is_deleted from previous.core.latest_contacts
        where contact_id in (select c.record_key from staging.changed_contacts as c)
    ) as v
    group by v.contact_id, v.account_id, v.is_deleted
    having count(*) = 1
),

reached_contact as (
    select contact_id from changed_contact
    union
    select record_id as contact_id
    from core.merged_record
    where entity = 'contact' and survivor_id in (select c.contact_id from changed_contact as c)
),

reached_fill as (
    select activity_id
    from core.activity_fill
    where account_id in (select c.account_id from reached_account as c)
    union
    select f.activity_id
    from (
        select
            activity_id,
            unnest(list_append(contact_ids, contact_id)) as contact_id
        from core.activity_fill
    ) as f
    where f.contact_id in (select c.contact_id from reached_contact as c)
),

customer_day as (
    select activity_date
    from core.latest_activities
    where account_id in (select c.account_id from reached_account as c)
    union
    select activity_date
    from core.latest_activities
    where contact_id in (select c.contact_id from reached_contact as c)
    union
    select l.activity_date
    from (
        select activity_date, unnest(contact_ids) as contact_id
        from core.latest_activities
        where array_length(contact_ids) > 0
    ) as l
    where l.contact_id in (select c.contact_id from reached_contact as c)
    union
    select activity_date
    from core.latest_activities
    where activity_id in (select r.activity_id from reached_fill as r)
),

-- a lead that is new, gone, entered at another time or another contact's
changed_lead as (
    select
        v.lead_id,
        v.contact_id,
        v.created_date
    from (
        select lead_id, contact_id, created_at, created_date from core.dim_lead
        union all
        select lead_id, contact_id, created_at, created_date from previous.core.dim_lead
    ) as v
    group by v.lead_id, v.contact_id, v.created_at, v.created_date
    having count(*) = 1
),

changed_lead_contact as (
    select
        contact_id,
        created_date
    from changed_lead
    where contact_id is not null
    union
    select
        m.record_id as contact_id,
        l.created_date
    from changed_lead as l
    inner join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.survivor_id
),

-- the activities that name it, or its contact: what they are is worked out later
lead_named as (
    select
        a.activity_date,
        l.created_date
    from core.latest_activities as a
    inner join changed_lead as l on a.lead_id = l.lead_id
    union
    select
        a.activity_date,
        l.created_date
    from core.latest_activities as a
    inner join changed_lead_contact as l on a.contact_id = l.contact_id
    union
    select
        a.activity_date,
        l.created_date
    from (
        select activity_date, unnest(contact_ids) as contact_id
        from core.latest_activities
        where array_length(contact_ids) > 0
    ) as a
    inner join changed_lead_contact as l on a.contact_id = l.contact_id
    union
    select
        a.activity_date,
        l.created_date
    from core.activity_fill as f
    inner join changed_lead as l on f.lead_id = l.lead_id
    inner join core.latest_activities as a on f.activity_id = a.activity_id
    union
    select
        a.activity_date,
        l.created_date
    from (
        select activity_id, unnest(list_append(contact_ids, contact_id)) as contact_id
        from core.activity_fill
    ) as f
    inner join changed_lead_contact as l on f.contact_id = l.contact_id
    inner join core.latest_activities as a on f.activity_id = a.activity_id
),

-- the window is hours, and its last day may begin a day later
lead_day as (
    select n.activity_date
    from lead_named as n
    cross join core.parameter as p
    where n.activity_date >= n.created_date and n.activity_date <= n.created_date + p.funnel_window_days + 1
),

dirty as (
    select activity_date from as_of_day
    union
    select activity_date from activity_version
    union
    select created_date as activity_date from activity_version
    union
    select activity_date from identity_day
    union
    select activity_date from roster_day
    union
    select activity_date from proposal_day
    union
    select activity_date from customer_day
    union
    select activity_date from lead_day
)

select activity_date
from dirty
where activity_date is not null
