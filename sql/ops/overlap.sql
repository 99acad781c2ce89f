-- One row per pair of sources, way of knowing and channel: how many activities arrived twice and count once.
-- Easily misread: `source` delivered the copies that do not count; the channel is that of the activity that does.
select
    h.source,
    k.source as other_source,
    c.reason,
    k.channel,
    count(*) as copies,
    min(h.occurred_at) as first_at,
    max(h.occurred_at) as last_at
from core.activity_copy as c
inner join core.latest_activities as h on c.activity_id = h.activity_id
inner join core.latest_activities as k on c.kept_activity_id = k.activity_id
group by h.source, k.source, c.reason, k.channel
