-- One row per place (a period, and the rep where the table has one) in which a published cell moved: which of
-- tonight's loads reach it, by its days, by its rep, or at all; 0 is the later as_of, NULL none.
-- Easily misread: of several the one with the most changed records there is named, of equals the later.
with place as (
    select period_start, period_end, rep_id
    from staging.moved_cell
    group by period_start, period_end, rep_id
),

day_reach as (
    select load_number, reach_date, sum(records) as records
    from staging.restatement_reach
    where reach_date is not null
    group by load_number, reach_date
),

dated_support as (
    select p.period_start, p.period_end, p.rep_id, r.load_number, sum(r.records) as records
    from place as p
    inner join staging.restatement_reach as r
        on p.rep_id = r.rep_id and p.period_start <= r.reach_date and p.period_end > r.reach_date
    group by p.period_start, p.period_end, p.rep_id, r.load_number
    union all
    select p.period_start, p.period_end, p.rep_id, r.load_number, sum(r.records) as records
    from place as p
    inner join day_reach as r on p.period_start <= r.reach_date and p.period_end > r.reach_date
    where p.rep_id is null
    group by p.period_start, p.period_end, p.rep_id, r.load_number
),

dated as (
    select period_start, period_end, rep_id, arg_max(load_number, row(records, load_number)) as load_number
    from dated_support
    group by period_start, period_end, rep_id
),

rep_support as (
    select rep_id, load_number, sum(records) as records
    from staging.restatement_reach
    where reach_date is null and rep_id is not null
    group by rep_id, load_number
    union all
    select null as rep_id, load_number, sum(records) as records
    from staging.restatement_reach
    where reach_date is null and rep_id is not null
    group by load_number
),

of_rep as (
    select rep_id, arg_max(load_number, row(records, load_number)) as load_number
    from rep_support
    group by rep_id
),

of_anything as (
    select arg_max(load_number, row(records, load_number)) as load_number
    from staging.restatement_reach
    where reach_date is null and rep_id is null
)

select
    p.period_start,
    p.period_end,
    p.rep_id,
    d.load_number as dated_load,
    r.load_number as rep_load,
    a.load_number as any_load
from place as p
left join dated as d
    on p.period_start = d.period_start and p.period_end = d.period_end and p.rep_id is not distinct from d.rep_id
left join of_rep as r on p.rep_id is not distinct from r.rep_id
cross join of_anything as a
