-- One row per activity that repeats another one, with the one that counts for both of them.
-- Easily misread: kept_activity_id is the end of every chain and never repeats anything itself. Sources that tell one
-- thing twice say so by copy_of_id (one record of the source tells another again) or by external_id (systems share it).
-- Both are looked for first, so that what carries neither costs nothing.
with recursive source_rank as (
    select
        source,
        min(priority) as priority
    from core.source
    group by source
),

telling as (
    select
        activity_id,
        copy_of_id
    from core.latest_activities
    where copy_of_id is not null and copy_of_id <> activity_id and is_deleted is not true
),

told_again as (
    select
        n.activity_id,
        min(t.activity_id) as next_id
    from telling as t
    inner join core.latest_activities as n on t.copy_of_id = n.activity_id
    where n.is_deleted is not true
    group by n.activity_id
),

told_walk as (
    select
        activity_id,
        next_id as at_id
    from told_again
    union
    select
        w.activity_id,
        t.next_id as at_id
    from told_walk as w
    inner join told_again as t on w.at_id = t.activity_id
),

-- where a walk ends: at what nothing tells again, or, in a circle, at its smallest id
told_end as (
    select
        w.activity_id,
        min(w.at_id) as kept_id
    from told_walk as w
    left join told_again as t on w.at_id = t.activity_id
    left join told_walk as c on w.at_id = c.activity_id and w.at_id = c.at_id
    where t.activity_id is null or c.activity_id is not null
    group by w.activity_id
),

-- an occurrence of a calendar's series shares its UID with the others, so a meeting is also known by its start
keyed as (
    select
        coalesce(e.kept_id, a.activity_id) as activity_id,
        coalesce(s.priority, 9999) as priority,
        a.channel,
        a.external_id,
        case when a.channel = 'meeting' then a.occurred_at end as meeting_at
    from core.latest_activities as a
    left join told_end as e on a.activity_id = e.activity_id
    left join source_rank as s on a.source = s.source
    where a.external_id is not null and a.is_deleted is not true
),

first_of_key as (
    select
        k.channel,
        k.external_id,
        k.meeting_at,
        min(k.priority) as priority,
        arg_min(k.activity_id, row(k.priority, k.activity_id)) as activity_id
    from keyed as k
    group by k.channel, k.external_id, k.meeting_at
    having min(k.activity_id) < max(k.activity_id)
),

-- one that goes by several keys follows the best of them; whom it follows is better than itself, so there is no circle
link as (
    select
        k.activity_id,
        arg_min(f.activity_id, row(f.priority, f.activity_id)) as next_id
    from keyed as k
    inner join first_of_key as f
        on
            k.channel = f.channel
            and k.external_id = f.external_id
            and k.meeting_at is not distinct from f.meeting_at
    group by k.activity_id
    having arg_min(f.activity_id, row(f.priority, f.activity_id)) <> k.activity_id
),

link_walk as (
    select
        activity_id,
        next_id as at_id
    from link
    union all
    select
        w.activity_id,
        l.next_id as at_id
    from link_walk as w
    inner join link as l on w.at_id = l.activity_id
),

link_end as (
    select
        w.activity_id,
        w.at_id as kept_id
    from link_walk as w
    left join link as l on w.at_id = l.activity_id
    where l.activity_id is null
)

select
    t.activity_id,
    coalesce(l.kept_id, t.kept_id) as kept_activity_id,
    'copy_of' as reason
from told_end as t
left join link_end as l on t.kept_id = l.activity_id
where t.activity_id <> t.kept_id
union all
select
    activity_id,
    kept_id as kept_activity_id,
    'external_id' as reason
from link_end
