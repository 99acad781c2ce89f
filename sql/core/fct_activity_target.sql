-- One row per target of an activity metric, for a rep, or for a role and rep type.
-- Easily misread: a blank rep, role or rep type means everyone; a rep nobody knows is 'unknown'.
select
    t.record_key,
    t.source,
    t.metric,
    t.period_grain,
    t.effective_from,
    case when t.rep_id is not null then coalesce(i.rep_id, 'unknown') end as rep_id,
    t.role,
    t.rep_type,
    t.target
from core.latest_activity_targets as t
left join core.rep_identity as i on t.source = i.source and t.rep_id = i.source_rep_id
where t.is_deleted is not true
