-- One row per id that activities carry and that is no known rep, with the reason.
-- Easily misread: activities after as_of are counted here too, and a blank id stands as '' with reason blank. Copies of
-- an activity, and those whose copy names the rep, lack nobody.
with written_id as (
    select
        source,
        rep_id
    from core.latest_activities
    group by source, rep_id
),

-- of an id that is a rep, no activity needs to be looked at
nobody as (
    select
        w.source,
        coalesce(w.rep_id, '') as source_rep_id
    from written_id as w
    left join core.rep_identity as i on w.source = i.source and w.rep_id = i.source_rep_id
    where i.rep_id is null
    group by w.source, coalesce(w.rep_id, '')
),

unattributed_activity as (
    select
        n.source,
        n.source_rep_id,
        count(*) as activities,
        min(a.occurred_at) as first_at,
        max(a.occurred_at) as last_at
    from core.latest_activities as a
    inner join nobody as n on a.source = n.source and coalesce(a.rep_id, '') = n.source_rep_id
    left join core.activity_copy as c on a.activity_id = c.activity_id
    left join core.activity_fill as f on a.activity_id = f.activity_id
    where a.is_deleted is not true and c.activity_id is null and f.rep_id is null
    group by n.source, n.source_rep_id
),

told_alias as (
    select
        alias_source as source,
        source_rep_id
    from core.latest_rep_aliases
    where is_deleted is not true
    group by alias_source, source_rep_id
),

own_roster as (
    select
        source,
        rep_id as source_rep_id,
        count(*) filter (where is_deleted is not true) as living_rows
    from core.latest_reps
    group by source, rep_id
),

roster_source as (
    select source
    from core.latest_reps
    where is_deleted is not true
    group by source
),

listed_user as (
    select
        source,
        substr(user_id, length(source) + 2) as source_rep_id,
        kind,
        full_name,
        is_active is not false and is_deleted is not true as is_active
    from core.latest_users
),

any_roster as (
    select
        rep_id as source_rep_id,
        count(distinct source) as rosters
    from core.latest_reps
    where is_deleted is not true
    group by rep_id
)

select
    u.source,
    u.source_rep_id,
    case
        when u.source_rep_id = '' then 'blank'
        when a.source_rep_id is not null then 'alias_names_no_rep'
        when o.living_rows = 0 then 'deleted_from_roster'
        when n.kind = 'queue' then 'queue'
        when n.kind = 'integration' then 'integration_user'
        when r.rosters > 1 and t.source is null then 'on_several_rosters'
        when not n.is_active then 'left_without_roster'
        else 'not_on_roster'
    end as reason,
    n.full_name,
    u.activities,
    u.first_at,
    u.last_at
from unattributed_activity as u
left join told_alias as a on u.source = a.source and u.source_rep_id = a.source_rep_id
left join own_roster as o on u.source = o.source and u.source_rep_id = o.source_rep_id
left join any_roster as r on u.source_rep_id = r.source_rep_id
left join roster_source as t on u.source = t.source
left join listed_user as n on u.source = n.source and u.source_rep_id = n.source_rep_id
