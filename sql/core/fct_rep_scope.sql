-- One row per rep, scope and stretch of employed days that the rep spent in one of its teams, roles and so on.
-- Easily misread: left_date is the first day no longer counted at its end: the termination date itself, or the first
-- day elsewhere. So headcount at the end of a day is entered_date <= day and (left_date is null or left_date > day).
with employed_stretch as (
    select
        s.rep_id,
        s.hire_date,
        s.termination_date,
        s.termination_kind,
        greatest(r.valid_from, s.hire_date) as first_day,
        unnest([
            { 'scope': 'company', 'scope_id': 'all' },
            { 'scope': 'rep_type', 'scope_id': r.rep_type },
            { 'scope': 'role', 'scope_id': coalesce(r.role, 'unknown') },
            { 'scope': 'team', 'scope_id': r.team },
            { 'scope': 'manager', 'scope_id': coalesce(r.manager_rep_id, 'unknown') }
        ]) as place
    from core.fct_rep_spell as s
    inner join core.dim_rep as r
        on
            s.rep_id = r.rep_id
            and s.hire_date < r.valid_to
            and coalesce(s.termination_date, date '9999-12-31') >= r.valid_from
),

placed_stretch as (
    select
        rep_id,
        hire_date,
        termination_date,
        termination_kind,
        first_day,
        place['scope'] as scope,
        place['scope_id'] as scope_id,
        lag(place['scope_id']) over (partition by rep_id, hire_date, place['scope'] order by first_day)
            as scope_id_before
    from employed_stretch
),

entry as (
    select
        *,
        lead(first_day) over (partition by rep_id, hire_date, scope order by first_day) as next_entered_date
    from placed_stretch
    where scope_id_before is null or scope_id_before <> scope_id
)

select
    rep_id,
    scope,
    first_day as entered_date,
    scope_id,
    hire_date,
    case when scope_id_before is null then 'hire' else 'transfer' end as entered_by,
    coalesce(next_entered_date, termination_date) as left_date,
    case
        when next_entered_date is not null then 'transfer'
        when termination_date is not null then 'separation'
    end as left_by,
    case when next_entered_date is null then termination_kind end as termination_kind
from entry
