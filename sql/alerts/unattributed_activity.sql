-- One row per night and source with activities in the seven days before: the share of them credited to nobody.
-- Easily misread: judged by the roster and the aliases as they are known now, also in a backtest of earlier nights.
with bound as (
    select
        min(night_date) - 7 as first_date,
        max(night_date) - 1 as last_date
    from core.alert_night
),

source_day as (
    select
        a.source,
        a.activity_date,
        count(*) as activities,
        count(*) filter (where a.rep_id = 'unknown') as unattributed,
        count(*) filter (where a.rep_id = 'unknown' and a.source_rep_id is null) as nobody_named
    from core.fct_activity as a
    inner join bound as b on a.activity_date between b.first_date and b.last_date
    inner join core.source as s on a.source = s.source
    group by a.source, a.activity_date
),

source_week as (
    select
        n.night_date,
        d.source,
        sum(d.activities)::bigint as activities,
        sum(d.unattributed)::bigint as unattributed,
        sum(d.nobody_named)::bigint as nobody_named
    from core.alert_night as n
    inner join source_day as d on n.night_date > d.activity_date and n.night_date - 7 <= d.activity_date
    group by n.night_date, d.source
)

select
    night_date,
    source as subject_id,
    'share' as limit_name,
    unattributed::double / activities as value,
    activities as sample,
    null::double as baseline,
    null::double as peers,
    {
        'credited to nobody': unattributed,
        'of these without a rep in the source': nobody_named,
        'activities': activities,
        'days from': night_date - 7
    } as evidence
from source_week
