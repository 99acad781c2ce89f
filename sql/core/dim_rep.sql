-- One row per rep and stretch of days on which one roster row holds: valid_from inclusive, valid_to exclusive.
-- Easily misread: the stretches cover all days, before the hire and after the termination too; who is employed
-- on a day stands in core.fct_rep_day. Between two spells the nearer one's row holds, so the first row of a rehire
-- begins in the middle of the gap, however late the roster dates it.
with roster_row as (
    select
        i.rep_id,
        r.source,
        r.rep_id as source_rep_id,
        r.full_name,
        r.email,
        r.rep_type,
        r.role,
        coalesce(nullif(trim(r.team), ''), 'unknown') as team,
        r.manager_rep_id,
        r.territory,
        r.country,
        r.hire_date,
        r.termination_date as told_end,
        r.termination_kind as told_kind,
        r.effective_from
    from core.latest_reps as r
    inner join core.rep_identity as i
        on r.source = i.source and r.rep_id = i.source_rep_id and i.rep_id = r.source || ':' || r.rep_id
    where r.is_deleted is not true
),

spell_end as (
    select
        rep_id,
        hire_date,
        arg_max_null(told_end, effective_from) as termination_date,
        arg_max_null(told_kind, effective_from) as termination_kind
    from roster_row
    group by rep_id, hire_date
),

placed_row as (
    select
        r.*,
        s.termination_date,
        s.termination_kind,
        lag(r.effective_from) over (partition by r.rep_id order by r.effective_from) as earlier_from,
        lag(r.hire_date) over (partition by r.rep_id order by r.effective_from) as earlier_hire,
        lag(s.termination_date) over (partition by r.rep_id order by r.effective_from) as earlier_end
    from roster_row as r
    inner join spell_end as s on r.rep_id = s.rep_id and r.hire_date = s.hire_date
),

begun_row as (
    select
        *,
        case
            when earlier_from is null then date '0001-01-01'
            when earlier_hire < hire_date and earlier_end < hire_date
                then least(
                    effective_from,
                    greatest(
                        earlier_from + 1,
                        earlier_end + (datediff('day', earlier_end, hire_date) // 2)::integer + 1
                    )
                )
            else effective_from
        end as valid_from
    from placed_row
)

select
    r.rep_id,
    r.valid_from,
    coalesce(
        lead(r.valid_from) over (partition by r.rep_id order by r.effective_from), date '9999-12-31'
    ) as valid_to,
    r.source,
    r.source_rep_id,
    r.full_name,
    r.email,
    r.rep_type,
    r.role,
    r.team,
    coalesce(m.rep_id, r.source || ':' || r.manager_rep_id) as manager_rep_id,
    r.territory,
    coalesce(r.country, p.default_country) as country,
    r.role is null
    or list_has_any(p.counts_as_rep, [r.role, lower(r.role)]) as is_counted,
    r.effective_from,
    r.hire_date,
    r.termination_date,
    r.termination_kind
from begun_row as r
left join core.rep_identity as m on r.source = m.source and r.manager_rep_id = m.source_rep_id
cross join core.parameter as p
