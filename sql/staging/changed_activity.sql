-- One row per activity that tonight's loads changed and version of it: what core has now and what it had last night.
-- Easily misread: one that nobody knew before has no old version, and none is looked for.
-- Who asks for these keys reads every key there is, so it is done once a night, here.
select
    a.activity_id,
    true as is_current,
    a.source,
    a.rep_id,
    a.booked_by_rep_id,
    a.channel,
    a.activity_date,
    a.created_date
from core.latest_activities as a
where a.activity_id in (select c.record_key from staging.changed_activities as c)
union all
select
    a.activity_id,
    false as is_current,
    a.source,
    a.rep_id,
    a.booked_by_rep_id,
    a.channel,
    a.activity_date,
    a.created_date
from previous.core.latest_activities as a
where
    a.activity_id in (
        select c.record_key
        from staging.changed_activities as c
        where c.is_new is not true
    )
