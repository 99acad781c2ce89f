-- One row per rep and stretch of whole days off, both ends included.
-- Easily misread: a stretch may lie on weekends and outside employment; core.fct_rep_day has what it takes away.
select
    i.rep_id,
    t.start_date,
    t.end_date,
    coalesce(t.kind, 'unknown') as kind
from core.latest_time_off as t
inner join core.rep_identity as i on t.source = i.source and t.rep_id = i.source_rep_id
where t.is_deleted is not true
group by i.rep_id, t.start_date, t.end_date, coalesce(t.kind, 'unknown')
