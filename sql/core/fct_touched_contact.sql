-- One row per rep, day and contact the rep touched on it, over all contacts of each touch.
-- Easily misread: days of one contact may not be summed; count distinct contacts of the period asked for.
with touch_contact as (
    select
        rep_id,
        activity_date,
        contact_id
    from core.fct_activity
    where
        activity_date in (select w.activity_date from staging.dirty_day as w)
        and is_touch
        and contact_id is not null
    union
    select
        t.rep_id,
        t.activity_date,
        coalesce(m.survivor_id, t.contact_id) as contact_id
    from (
        select
            rep_id,
            activity_date,
            unnest(contact_ids) as contact_id
        from core.fct_activity
        where
            activity_date in (select w.activity_date from staging.dirty_day as w)
            and is_touch
            and len(contact_ids) > 0
    ) as t
    left join core.merged_record as m on m.entity = 'contact' and t.contact_id = m.record_id
)

select
    t.rep_id,
    t.activity_date,
    t.contact_id
from touch_contact as t
left join core.latest_contacts as d on t.contact_id = d.contact_id and d.is_deleted
where d.contact_id is null
