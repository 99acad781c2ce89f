-- One row per rep, day and contact the rep touched on it, over all contacts of each touch.
-- Easily misread: days of one contact may not be summed; count distinct contacts of the period asked for.
with listed_contact as (
    select
        rep_id,
        activity_date,
        unnest(contact_ids) as contact_id
    from staging.dirty_activity
    where
        is_touch
        and array_length(contact_ids) > 0
        and activity_date in (select w.activity_date from staging.dirty_day as w)
),

touched_contact as (
    select
        rep_id,
        activity_date,
        contact_id
    from staging.dirty_activity
    where
        is_touch
        and contact_id is not null
        and activity_date in (select w.activity_date from staging.dirty_day as w)
    union
    select
        l.rep_id,
        l.activity_date,
        coalesce(m.survivor_id, l.contact_id) as contact_id
    from listed_contact as l
    left join core.merged_record as m on m.entity = 'contact' and l.contact_id = m.record_id
)

select
    t.rep_id,
    t.activity_date,
    t.contact_id
from touched_contact as t
left join core.latest_contacts as d on t.contact_id = d.contact_id and d.is_deleted
where d.contact_id is null
