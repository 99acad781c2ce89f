-- One row per rep in a role and rep type, metric, period grain and stretch of days on which one target holds.
-- Easily misread: it says what would be asked of the rep in that role and type; whether the rep was in them on a day
-- stands in the roster. A target of the rep beats one of the role, that one of the type, that one of everyone.
with who as (
    select
        rep_id,
        role,
        rep_type
    from staging.rep_calendar
    where is_counted
    group by rep_id, role, rep_type
),

meant_target as (
    select
        w.rep_id,
        w.role,
        w.rep_type,
        t.record_key,
        t.metric,
        t.period_grain,
        t.effective_from,
        t.target,
        t.rep_id is not null as is_own,
        (t.rep_id is not null)::integer * 4
        + (t.role is not null)::integer * 2
        + (t.rep_type is not null)::integer as precision_rank
    from core.fct_activity_target as t
    inner join who as w
        on
            (t.rep_id is null or t.rep_id = w.rep_id)
            and (t.role is null or lower(t.role) = lower(w.role))
            and (t.rep_type is null or t.rep_type = w.rep_type)
),

compared_target as (
    select
        m.rep_id,
        m.role,
        m.rep_type,
        m.record_key,
        m.metric,
        m.period_grain,
        m.effective_from,
        m.target,
        m.is_own,
        m.precision_rank,
        max(m.precision_rank) over (
            partition by m.rep_id, m.role, m.rep_type, m.metric, m.period_grain
            order by m.effective_from asc, m.precision_rank desc, m.record_key asc
            rows between unbounded preceding and current row
        ) as best_rank_so_far
    from meant_target as m
),

-- a target holds until one begins that is at least as precise; of equals on one day the last by key holds
followed_target as (
    select
        c.rep_id,
        c.role,
        c.rep_type,
        c.metric,
        c.period_grain,
        c.effective_from as valid_from,
        coalesce(
            lead(c.effective_from) over (
                partition by c.rep_id, c.role, c.rep_type, c.metric, c.period_grain
                order by c.effective_from, c.record_key
            ),
            date '9999-12-31'
        ) as valid_to,
        c.is_own,
        c.target
    from compared_target as c
    where c.precision_rank = c.best_rank_so_far
)

select
    rep_id,
    role,
    rep_type,
    metric,
    period_grain,
    valid_from,
    valid_to,
    is_own,
    target
from followed_target
where valid_from < valid_to
