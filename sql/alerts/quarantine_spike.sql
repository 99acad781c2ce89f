-- Two rows per night and source. times_usual: rows quarantined on the newest day with loads, against those that the
-- share of the 28 days before lets expect. refused_files: files refused in seven days that still wait for somebody.
-- Easily misread: at least 1 % of the rows, and at least seven rows, are always expected, so that a few broken rows are
-- no spike; without loads before it is that 1 %. Rows that a replay let pass are no longer quarantined.
with load_day as (
    select
        a.source,
        timezone(p.timezone, a.as_of)::date as load_date,
        sum(a.rows_read)::bigint as rows_read,
        sum(a.rows_quarantined)::bigint as rows_quarantined
    from ops.load_accounting as a
    inner join core.source as s on a.source = s.source
    cross join core.parameter as p
    group by a.source, timezone(p.timezone, a.as_of)::date
),

compared_day as (
    select
        *,
        coalesce(
            sum(rows_quarantined) over four_weeks::double / nullif(sum(rows_read) over four_weeks, 0), 0.0
        ) as usual_share
    from load_day
    window four_weeks as (
        partition by source
        order by load_date
        range between interval 28 days preceding and interval 1 day preceding
    )
),

night_source as (
    select
        n.night_date,
        s.source
    from core.alert_night as n
    cross join core.source as s
),

newest_day as (
    select
        n.night_date,
        d.*
    from night_source as n
    asof inner join compared_day as d on n.source = d.source and n.night_date >= d.load_date
),

-- what came under a file's name last decides: nothing, the same file or a mended one
known_file as (
    select
        n.night_date,
        l.source,
        l.entity,
        l.file_name,
        arg_max(l.status, l.load_id) as status,
        arg_max(timezone(p.timezone, l.as_of)::date, l.load_id) as load_date,
        arg_max_null(timezone(p.timezone, l.discarded_at)::date, l.load_id) as discarded_date
    from core.alert_night as n
    cross join core.parameter as p
    inner join ops.load as l on n.night_date >= timezone(p.timezone, l.as_of)::date
    inner join core.source as s on l.source = s.source
    group by n.night_date, l.source, l.entity, l.file_name
),

waiting as (
    select
        night_date,
        source,
        count(*) filter (
            where status = 'refused' and load_date > night_date - 7 and coalesce(discarded_date > night_date, true)
        ) as files
    from known_file
    group by night_date, source
)

select
    night_date,
    source as subject_id,
    'times_usual' as limit_name,
    rows_quarantined / greatest(rows_read * greatest(usual_share, 0.01), 7.0) as value,
    null::bigint as sample,
    1.0::double as baseline,
    null::double as peers,
    {
        'rows quarantined': rows_quarantined,
        'rows read': rows_read,
        'day of the loads': load_date,
        'usual share': usual_share
    } as evidence
from newest_day
union all
select
    w.night_date,
    w.source as subject_id,
    'refused_files' as limit_name,
    w.files::double as value,
    null::bigint as sample,
    null::double as baseline,
    null::double as peers,
    {
        'rows quarantined': d.rows_quarantined,
        'rows read': d.rows_read,
        'day of the loads': d.load_date,
        'usual share': d.usual_share
    } as evidence
from waiting as w
left join newest_day as d on w.night_date = d.night_date and w.source = d.source
