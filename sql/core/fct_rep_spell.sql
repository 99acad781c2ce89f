-- One row per rep and unbroken employment, from a hire to the termination that ends it.
-- Easily misread: a hire that the roster tells of before the rep had left begins no spell, and a termination that a
-- later hire outlives ends none; the check spells_follow of core.dim_rep lists them.
with told_spell as (
    select
        rep_id,
        hire_date,
        termination_date,
        termination_kind
    from core.dim_rep
    where termination_date is null or termination_date >= hire_date
    group by rep_id, hire_date, termination_date, termination_kind
),

placed_spell as (
    select
        *,
        max(coalesce(termination_date, date '9999-12-31')) over (
            partition by rep_id
            order by hire_date
            rows between unbounded preceding and 1 preceding
        ) as employed_until
    from told_spell
),

numbered_spell as (
    select
        *,
        count(*) filter (where employed_until is null or employed_until < hire_date) over (
            partition by rep_id
            order by hire_date
            rows unbounded preceding
        ) as spell_number
    from placed_spell
)

select
    rep_id,
    min(hire_date) as hire_date,
    case when bool_and(termination_date is not null) then max(termination_date) end as termination_date,
    case
        when bool_and(termination_date is not null)
            then arg_max_null(termination_kind, row(termination_date, hire_date))
    end as termination_kind
from numbered_spell
group by rep_id, spell_number
