-- One row per rule and fault of its rows; a rule with one is refused for tonight, the first by place is told.
-- Easily misread: a subject that left is no fault, one that never was is.
with named_subject as (
    select
        'rep' as subject_type,
        rep_id as subject_id
    from core.dim_rep
    union
    select
        'team' as subject_type,
        team as subject_id
    from core.dim_rep
    union
    select
        'company' as subject_type,
        'all' as subject_id
    union
    select
        'source' as subject_type,
        source as subject_id
    from core.source
),

repeated as (
    select
        rule,
        night_date,
        subject_id,
        limit_name
    from staging.alert_reading
    group by rule, night_date, subject_id, limit_name
    having count(*) > 1
)

select
    rule,
    1 as place,
    'it returns no night, subject, limit or value in ' || count(*) || ' rows' as reason
from staging.alert_reading
where night_date is null or subject_id is null or limit_name is null or value is null
group by rule
union all
select
    rule,
    2 as place,
    'it returns a value that is no finite number for ' || min(subject_id) as reason
from staging.alert_reading
where not isfinite(value)
group by rule
union all
select
    r.rule,
    3 as place,
    'it judges ' || min(r.night_date) || ', which is no night of core.alert_night' as reason
from staging.alert_reading as r
where r.night_date not in (select n.night_date from core.alert_night as n)
group by r.rule
union all
select
    r.rule,
    4 as place,
    'it returns the limit ' || min(r.limit_name) || ', which its YAML does not name' as reason
from staging.alert_reading as r
left join staging.alert_rule_limit as m on r.rule = m.rule and r.limit_name = m.limit_name
where m.rule is null and r.limit_name is not null
group by r.rule
union all
select
    rule,
    5 as place,
    'it returns ' || min(subject_id) || ' more than once for a night and limit' as reason
from repeated
where subject_id is not null
group by rule
union all
select
    r.rule,
    6 as place,
    'it returns ' || min(r.subject_id) || ', which is no known ' || u.subject_type as reason
from staging.alert_reading as r
inner join staging.alert_rule as u on r.rule = u.rule
left join named_subject as s on u.subject_type = s.subject_type and r.subject_id = s.subject_id
where u.subject_type in ('rep', 'team', 'company', 'source') and s.subject_id is null and r.subject_id is not null
group by r.rule, u.subject_type
order by rule, place
