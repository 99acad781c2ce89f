-- One row per night, rule and stale source that delivers an entity on which the rule stands.
-- Easily misread: staleness is the rule source_stale beyond its limit on that night, silenced or not.
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
)

select
    s.night_date,
    u.rule,
    s.source
from stale as s
inner join delivered as d on s.source = d.source
inner join staging.alert_rule as u on list_contains(u.stands_on, d.entity)
group by s.night_date, u.rule, s.source
