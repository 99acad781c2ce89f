-- One row per week whose trailing 28 days hold a day whose mart rows are replaced tonight.
-- Easily misread: a day counts up to its 28th, so its own week is dirty and the four after it.
with later_week as (
    select
        period_start,
        unnest([0, 7, 14, 21, 28]) as days_later
    from staging.dirty_period
    where period_grain = 'week'
)

select (period_start + days_later)::date as week_start
from later_week
group by (period_start + days_later)::date
