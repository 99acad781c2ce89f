-- One row per night, rule and stale source that delivers an entity on which the rule stands; of rules about reps that
-- stand on its activities, one for each rep who worked with it in the eight weeks before it fell silent.
-- Easily misread: staleness is the rule source_stale beyond its limit on that night, silenced or not. Without a rep_id
-- it holds for every subject: what the source delivers besides activities may have changed for anybody.
with delivered as (
    select
        source,
        case when entity like 'join:%' then split_part(entity, ':', 2) else entity end as entity
    from ops.load_accounting
),

stale as (
    select
        night_date,
        subject_id as source
    from staging.alert_measured
    where rule = 'source_stale' and is_beyond
),

held_rule as (
    select
        s.night_date,
        u.rule,
        s.source,
        u.subject_type = 'rep' and bool_and(d.entity = 'activities') as is_of_its_reps
    from stale as s
    inner join delivered as d on s.source = d.source
    inner join staging.alert_rule as u on list_contains(u.stands_on, d.entity)
    group by s.night_date, u.rule, s.source, u.subject_type
),

worked_day as (
    select
        a.source,
        a.activity_date,
        a.rep_id
    from core.fct_activity as a
    where a.source in (select s.source from stale as s)
    group by a.source, a.activity_date, a.rep_id
),

silence as (
    select
        s.night_date,
        s.source,
        max(w.activity_date) as last_date
    from stale as s
    inner join worked_day as w on s.source = w.source and s.night_date >= w.activity_date
    group by s.night_date, s.source
),

affected_rep as (
    select
        s.night_date,
        s.source,
        w.rep_id
    from silence as s
    inner join worked_day as w
        on s.source = w.source and s.last_date >= w.activity_date and s.last_date - 56 < w.activity_date
    group by s.night_date, s.source, w.rep_id
)

select
    night_date,
    rule,
    source,
    null::varchar as rep_id
from held_rule
where not is_of_its_reps
union all
select
    h.night_date,
    h.rule,
    h.source,
    r.rep_id
from held_rule as h
inner join affected_rep as r on h.night_date = r.night_date and h.source = r.source
where h.is_of_its_reps
