-- One row per rep and week with a day employed: distinct contacts that the rep touched in the 28 days up to its last.
-- Easily misread: a touch counts where the role of its day counts as a rep, and also when the rep was not employed.
-- A touched contact is active from that day on for 28 days, or until it is touched again: so each is counted once.
-- Days within 28 of the weeks asked for are enough: who was touched before them is active no more.
with wanted_day as (
    select
        unnest(range(week_start - interval 27 day, week_start + interval 7 day, interval 1 day))::date as activity_date
    from staging.dirty_trailing_week
),

uncounted_day as (
    select
        r.rep_id,
        d.date_day as activity_date
    from core.dim_rep as r
    inner join core.dim_date as d on r.valid_from <= d.date_day and r.valid_to > d.date_day
    where not r.is_counted
),

active_contact as (
    select
        t.rep_id,
        t.activity_date as active_from,
        least(
            t.activity_date + 28,
            lead(t.activity_date) over (partition by t.rep_id, t.contact_id order by t.activity_date)
        ) as active_to
    from core.fct_touched_contact as t
    left join uncounted_day as u on t.rep_id = u.rep_id and t.activity_date = u.activity_date
    where
        u.rep_id is null
        and t.rep_id <> 'unknown'
        and t.activity_date in (select d.activity_date from wanted_day as d)
),

contact_span as materialized (
    select
        rep_id,
        active_from,
        active_to,
        count(*) as contacts
    from active_contact
    group by rep_id, active_from, active_to
),

contact_change as (
    select
        rep_id,
        active_from as change_date,
        contacts as change
    from contact_span
    union all
    select
        rep_id,
        active_to as change_date,
        -contacts as change
    from contact_span
),

-- a week without a change keeps the contacts of the one before
week_change as (
    select
        c.rep_id,
        d.week_start,
        sum(c.change) as change
    from contact_change as c
    inner join core.dim_date as d on c.change_date = d.date_day
    inner join core.parameter as p on c.change_date <= p.as_of_date
    group by c.rep_id, d.week_start
    union all
    select
        rep_id,
        week_start,
        0 as change
    from core.fct_rep_week
),

rep_week as (
    select
        rep_id,
        week_start,
        sum(sum(change)) over (partition by rep_id order by week_start) as contacts_active
    from week_change
    group by rep_id, week_start
)

select
    w.rep_id,
    w.week_start,
    w.contacts_active::bigint as contacts_active
from rep_week as w
inner join core.fct_rep_week as r on w.rep_id = r.rep_id and w.week_start = r.week_start
where w.week_start in (select d.week_start from staging.dirty_trailing_week as d)
