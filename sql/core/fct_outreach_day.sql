-- One row per rep and day with touches, calls, e-mails or talk, whatever the rep's role is.
-- Easily misread: everyone is here, people not counted as reps and the unknown rep too; marts.rep_activity_daily has
-- the people counted as reps, with every count there is.
select
    rep_id,
    activity_date,
    count(*) filter (where is_touch) as touches,
    count(*) filter (where is_completed_call) as calls,
    count(*) filter (where is_touch and channel = 'email' and direction = 'outbound') as emails,
    coalesce(sum(duration_seconds) filter (where is_completed_call or is_meeting_held), 0)::bigint as selling_seconds
from staging.dirty_activity
where
    (is_touch or is_completed_call or is_meeting_held)
    and activity_date in (select w.activity_date from staging.dirty_day as w)
group by rep_id, activity_date
