-- One row per reading with the threshold that holds for its subject: of a rep's own, the role's, rep type's and team's
-- the first that there is.
-- Easily misread: figures are compared in nine digits, so that what is exactly a threshold is at it.
with held as (
    select
        r.*,
        u.subject_type,
        u.suppressors,
        m.beyond,
        m.unit,
        s.subject_name,
        s.team,
        s.is_on_leave,
        s.is_on_holiday,
        s.is_ramping,
        s.subject_id is not null or u.subject_type in ('stage', 'night') as is_there,
        r.sample < u.min_sample as is_small,
        coalesce(p.threshold, o.threshold, t.threshold, e.threshold, c.threshold, a.threshold) as threshold,
        coalesce(
            p.clear_threshold, o.clear_threshold, t.clear_threshold, e.clear_threshold, c.clear_threshold,
            a.clear_threshold
        ) as clear_threshold
    from staging.alert_reading as r
    inner join staging.alert_rule as u on r.rule = u.rule
    inner join staging.alert_rule_limit as m on r.rule = m.rule and r.limit_name = m.limit_name
    inner join core.alert_limit as a on r.rule = a.rule and r.limit_name = a.limit_name and a.scope = 'all'
    left join staging.alert_subject as s
        on r.night_date = s.night_date and u.subject_type = s.subject_type and r.subject_id = s.subject_id
    left join core.alert_limit as p
        on r.rule = p.rule and r.limit_name = p.limit_name and p.scope = 'rep' and r.subject_id = p.scope_id
    left join core.alert_limit as o
        on r.rule = o.rule and r.limit_name = o.limit_name and o.scope = 'role' and s.role = o.scope_id
    left join core.alert_limit as t
        on r.rule = t.rule and r.limit_name = t.limit_name and t.scope = 'rep_type' and s.rep_type = t.scope_id
    left join core.alert_limit as e
        on r.rule = e.rule and r.limit_name = e.limit_name and e.scope = 'team' and s.team = e.scope_id
    left join core.alert_limit as c
        on r.rule = c.rule and r.limit_name = c.limit_name and c.scope = 'source' and r.subject_id = c.scope_id
),

compared as (
    select
        *,
        beyond in ('over', 'at_least') as is_upward,
        case beyond
            when 'over' then round(value, 9) > round(threshold, 9)
            when 'at_least' then round(value, 9) >= round(threshold, 9)
            when 'under' then round(value, 9) < round(threshold, 9)
            when 'at_most' then round(value, 9) <= round(threshold, 9)
        end as is_beyond
    from held
)

select
    night_date,
    rule,
    subject_type,
    subject_id,
    subject_name,
    team,
    limit_name,
    value,
    threshold,
    clear_threshold,
    unit,
    baseline,
    peers,
    evidence,
    suppressors,
    is_there,
    is_on_leave,
    is_on_holiday,
    is_ramping,
    is_small,
    is_beyond,
    not is_beyond and case
        when is_upward then round(value, 9) <= round(clear_threshold, 9)
        else round(value, 9) >= round(clear_threshold, 9)
    end as is_clear,
    case when is_upward then value - threshold else threshold - value end
    / case threshold when 0 then 1 else abs(threshold) end as excess
from compared
