-- One row per rep and stretch of days on which one roster row holds: valid_from inclusive, valid_to exclusive.
-- Easily misread: the stretches cover all days, before the hire and after the termination too; who is employed
-- on a day stands in core.fct_rep_day.
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
        r.termination_date,
        r.termination_kind,
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
        arg_max_null(termination_date, effective_from) as termination_date,
        arg_max_null(termination_kind, effective_from) as termination_kind
    from roster_row
    group by rep_id, hire_date
),

placed_row as (
    select
        r.*,
        lag(r.effective_from) over (partition by r.rep_id order by r.effective_from) as earlier_from,
        lead(r.effective_from) over (partition by r.rep_id order by r.effective_from) as later_from
    from roster_row as r
)

select
    r.rep_id,
    case when r.earlier_from is null then date '0001-01-01' else r.effective_from end as valid_from,
    coalesce(r.later_from, date '9999-12-31') as valid_to,
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
    s.termination_date,
    s.termination_kind
from placed_row as r
inner join spell_end as s on r.rep_id = s.rep_id and r.hire_date = s.hire_date
left join core.rep_identity as m on r.source = m.source and r.manager_rep_id = m.source_rep_id
cross join core.parameter as p
