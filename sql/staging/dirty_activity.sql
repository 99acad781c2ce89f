-- One row per living activity of tonight's days: of the day it is on or, for a meeting, of the day it was booked.
-- Easily misread: a meeting may be here for its booking alone, so ask for the day you mean.
-- Two selects, since with an `or` between their days every activity there ever was would be worked out first.
-- What core.fct_activity works out from eight tables is worked out once a night here, not once for every reader.
select
    activity_id,
    rep_id,
    booked_by_rep_id,
    channel,
    direction,
    status,
    meeting_mode,
    occurred_at,
    activity_date,
    occurred_at_precision,
    duration_seconds,
    account_id,
    contact_id,
    contact_ids,
    lead_id,
    created_at,
    created_date,
    is_after_as_of,
    is_touch,
    is_completed_call,
    is_connected_call,
    is_meeting_held
from core.fct_activity
where activity_date in (select w.activity_date from staging.dirty_day as w)
union all
select
    activity_id,
    rep_id,
    booked_by_rep_id,
    channel,
    direction,
    status,
    meeting_mode,
    occurred_at,
    activity_date,
    occurred_at_precision,
    duration_seconds,
    account_id,
    contact_id,
    contact_ids,
    lead_id,
    created_at,
    created_date,
    is_after_as_of,
    is_touch,
    is_completed_call,
    is_connected_call,
    is_meeting_held
from core.fct_activity
where
    channel = 'meeting'
    and created_date in (select w.activity_date from staging.dirty_day as w)
    and activity_date not in (select w.activity_date from staging.dirty_day as w)
