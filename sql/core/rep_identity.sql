-- One row per id under which a source may name a rep, with the rep it means.
-- Easily misread: an id that is not here is nobody ('unknown'); an alias that names no rep hides the id on purpose.
with recursive source_rank as (
    select
        source,
        min(priority) as priority
    from core.source
    group by source
),

told_alias as (
    select
        a.alias_source as source,
        a.source_rep_id,
        a.alias_source || ':' || a.source_rep_id as rep_key,
        arg_min(a.rep_id, row(coalesce(s.priority, 9999), a.source)) as named_rep_id,
        arg_min(a.source, row(coalesce(s.priority, 9999), a.source)) as told_by
    from core.latest_rep_aliases as a
    left join source_rank as s on a.source = s.source
    where a.is_deleted is not true
    group by a.alias_source, a.source_rep_id
),

roster_rep as (
    select
        r.source,
        r.rep_id as source_rep_id,
        r.source || ':' || r.rep_id as rep_key,
        nullif(lower(trim(arg_max(r.email, r.effective_from) filter (where trim(r.email) <> ''))), '') as email
    from core.latest_reps as r
    where r.is_deleted is not true
    group by r.source, r.rep_id
),

ranked_rep as (
    select
        r.email,
        r.source,
        r.rep_key,
        row_number() over (
            partition by r.email
            order by (a.rep_key is not null), coalesce(s.priority, 9999), r.source, r.source_rep_id
        ) as email_rank
    from roster_rep as r
    left join source_rank as s on r.source = s.source
    left join told_alias as a on r.rep_key = a.rep_key
    where r.email is not null
),

-- equal addresses join reps of two sources; two reps of one roster who share a mailbox stay two
mailbox_person as (
    select
        r.rep_key,
        r.source,
        r.source_rep_id,
        case when f.source <> r.source then f.rep_key else r.rep_key end as person_key
    from roster_rep as r
    left join ranked_rep as f on r.email = f.email and f.email_rank = 1
),

alias_target as (
    select
        a.rep_key,
        case
            when count(*) filter (where m.source = a.told_by) > 0
                then min(m.rep_key) filter (where m.source = a.told_by)
            when count(distinct m.person_key) = 1 then min(m.person_key)
        end as target_key
    from told_alias as a
    left join mailbox_person as m on a.named_rep_id = m.source_rep_id
    group by a.rep_key
),

link as (
    select
        rep_key,
        target_key as next_key
    from alias_target
    where target_key <> rep_key
    union all
    select
        m.rep_key,
        m.person_key as next_key
    from mailbox_person as m
    left join alias_target as a on m.rep_key = a.rep_key
    where m.person_key <> m.rep_key and a.rep_key is null
),

walk as (
    select
        rep_key,
        next_key as at_key
    from link
    union
    select
        w.rep_key,
        l.next_key as at_key
    from walk as w
    inner join link as l on w.at_key = l.rep_key
),

walk_end as (
    select
        w.rep_key,
        w.at_key as rep_id
    from walk as w
    left join link as l on w.at_key = l.rep_key
    where l.rep_key is null
),

named_id as (
    select
        source,
        source_rep_id,
        rep_key
    from roster_rep
    union
    select
        source,
        source_rep_id,
        rep_key
    from told_alias
),

-- roster reps that may stand for themselves or others: an alias that names no rep hides its id from both
standing_rep as (
    select r.rep_key
    from roster_rep as r
    left join alias_target as a on r.rep_key = a.rep_key
    where a.rep_key is null or a.target_key is not null
),

-- a loop of aliases has no end: its roster reps stay themselves
own_identity as (
    select
        n.source,
        n.source_rep_id,
        coalesce(e.rep_id, n.rep_key) as rep_id,
        r.rep_key is not null as is_on_roster
    from named_id as n
    left join walk_end as e on n.rep_key = e.rep_key
    left join roster_rep as r on n.rep_key = r.rep_key
    inner join standing_rep as t on coalesce(e.rep_id, n.rep_key) = t.rep_key
    left join alias_target as a on n.rep_key = a.rep_key
    where a.rep_key is null or a.target_key is not null
),

-- also of accounts that were deleted since: whose they were stays true
listed_user as (
    select
        source,
        substr(user_id, length(source) + 2) as source_rep_id,
        user_id as rep_key,
        kind,
        lower(trim(email)) as email
    from core.latest_users
),

-- a person of a source's accounts is the roster's rep with that e-mail, unless the own roster or an alias says more
user_identity as (
    select
        u.source,
        u.source_rep_id,
        coalesce(e.rep_id, f.rep_key) as rep_id
    from listed_user as u
    inner join ranked_rep as f on u.email = f.email and f.email_rank = 1
    left join walk_end as e on f.rep_key = e.rep_key
    inner join standing_rep as t on coalesce(e.rep_id, f.rep_key) = t.rep_key
    left join alias_target as h on f.rep_key = h.rep_key
    left join told_alias as a on u.rep_key = a.rep_key
    left join roster_rep as r on u.rep_key = r.rep_key
    where
        u.kind = 'person'
        and a.rep_key is null
        and r.rep_key is null
        and (h.rep_key is null or h.target_key is not null)
),

-- a source with no roster of its own may use the ids of the others, when they mean one person; its own accounts know
-- better which of its ids are somebody, and who
lent_identity as (
    select
        s.source,
        i.source_rep_id,
        min(i.rep_id) as rep_id
    from source_rank as s
    cross join own_identity as i
    left join told_alias as a on s.source = a.source and i.source_rep_id = a.source_rep_id
    left join user_identity as n on s.source = n.source and i.source_rep_id = n.source_rep_id
    left join listed_user as u on s.source = u.source and i.source_rep_id = u.source_rep_id
    where
        i.is_on_roster
        and a.rep_key is null
        and n.source is null
        and coalesce(u.kind, 'person') = 'person'
        and s.source not in (select r.source from roster_rep as r)
    group by s.source, i.source_rep_id
    having count(distinct i.rep_id) = 1
)

select
    source,
    source_rep_id,
    rep_id
from own_identity
union all
select
    source,
    source_rep_id,
    rep_id
from lent_identity
union all
select
    source,
    source_rep_id,
    rep_id
from user_identity
