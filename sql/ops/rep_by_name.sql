-- One row per id that activities or deals carry, that no roster knows, and that is the full name of exactly one rep.
-- Easily misread: nothing is credited by a name; delivered as rows of rep_aliases these lines credit it.
with unknown_id as (
    select
        source,
        source_rep_id,
        activities,
        0 as deals
    from ops.unattributed
    where reason = 'not_on_roster'
    union all
    select
        o.source,
        o.owner_rep_id as source_rep_id,
        0 as activities,
        count(*) as deals
    from core.latest_opportunities as o
    left join core.rep_identity as i on o.source = i.source and o.owner_rep_id = i.source_rep_id
    where o.is_deleted is not true and o.owner_rep_id is not null and i.rep_id is null
    group by o.source, o.owner_rep_id
),

rep_name as (
    select
        lower(trim(r.full_name)) as folded_name,
        min(r.source_rep_id) as rep_id
    from core.dim_rep as r
    group by lower(trim(r.full_name))
    having count(distinct r.rep_id) = 1
)

select
    u.source,
    u.source_rep_id,
    r.rep_id,
    sum(u.activities)::bigint as activities,
    sum(u.deals)::bigint as deals
from unknown_id as u
inner join rep_name as r on lower(trim(u.source_rep_id)) = r.folded_name
group by u.source, u.source_rep_id, r.rep_id
