-- One row per night, rule and subject: what the night says of it, with the figures of the limit furthest beyond.
-- Easily misread: a reading that cannot be trusted says at most that something is beyond and why nobody is told; it is
-- never clear. A silence hides and is trusted.
with stale as (
    select
        m.night_date,
        m.rule,
        m.subject_id
    from staging.alert_measured as m
    inner join staging.alert_stale as s
        on
            m.night_date = s.night_date
            and m.rule = s.rule
            and (m.subject_type <> 'source' or m.subject_id = s.source)
            and (s.rep_id is null or m.subject_id = s.rep_id)
    group by m.night_date, m.rule, m.subject_id
),

silenced as (
    select
        m.night_date,
        m.rule,
        m.subject_id
    from staging.alert_measured as m
    inner join staging.alert_silence as s
        on
            m.rule = coalesce(s.rule, m.rule)
            and m.subject_id = coalesce(s.subject, m.subject_id)
            and (s.team is null or m.team = s.team)
            and m.night_date >= coalesce(s.from_date, m.night_date)
            and m.night_date <= coalesce(s.to_date, m.night_date)
    group by m.night_date, m.rule, m.subject_id
),

doubted as (
    select
        m.*,
        case
            when s.rule is not null and list_contains(m.suppressors, 'stale_source') then 'stale_source'
            when m.is_on_leave and list_contains(m.suppressors, 'leave') then 'leave'
            when m.is_on_holiday and list_contains(m.suppressors, 'holiday') then 'holiday'
            when m.is_ramping and list_contains(m.suppressors, 'ramp') then 'ramp'
            when m.is_small and list_contains(m.suppressors, 'sample') then 'sample'
        end as doubted_by,
        case when q.rule is not null then 'silence' end as silenced_by
    from staging.alert_measured as m
    left join stale as s on m.night_date = s.night_date and m.rule = s.rule and m.subject_id = s.subject_id
    left join silenced as q on m.night_date = q.night_date and m.rule = q.rule and m.subject_id = q.subject_id
),

ranked as (
    select
        *,
        bool_or(is_beyond) over one_subject as is_any_beyond,
        bool_or(doubted_by is null) over one_subject as is_any_trusted,
        bool_and(is_clear or doubted_by is not null) over one_subject as is_all_clear,
        row_number() over (
            partition by night_date, rule, subject_id
            order by
                is_beyond and doubted_by is null desc,
                is_beyond desc,
                doubted_by is null desc,
                excess desc,
                limit_name asc
        ) as place
    from doubted
    window one_subject as (partition by night_date, rule, subject_id)
)

select
    night_date,
    rule,
    subject_type,
    subject_id,
    coalesce(subject_name, subject_id) as subject_name,
    team,
    case
        when not is_there then 'gone'
        when is_any_beyond then 'beyond'
        when not is_any_trusted then 'missing'
        when is_all_clear then 'clear'
        else 'between'
    end as verdict,
    case when is_there then coalesce(doubted_by, silenced_by) end as suppressed_by,
    limit_name,
    value,
    threshold,
    clear_threshold,
    unit,
    baseline,
    peers,
    evidence
from ranked
where place = 1
