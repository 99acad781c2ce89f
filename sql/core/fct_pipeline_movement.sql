-- One row per deal, day, kind of movement and owner's place: what it added to (or took from) the open pipeline.
-- Easily misread: these are the flows between two ends of a period, each at its own day's rate; the state at an end is
-- in core.fct_open_stretch. Merged and deleted deals are in neither, and a reopened deal was open until its last close.
with company_currency as (
    select
        currency,
        as_of_date
    from core.parameter
),

-- the worth of an amount on a day is amount x rate; without a rate it is 0 and the row says so
step as (
    select
        s.opportunity_id,
        s.stretch,
        s.from_date,
        s.until_date,
        s.rep_id,
        s.rep_type,
        s.team,
        s.amount is not null as has_amount,
        coalesce(s.amount, 0) as amount,
        s.currency,
        x.rate is null as is_unrated,
        coalesce(x.rate, 0) as rate,
        lag(coalesce(s.amount, 0)) over earlier as amount_before,
        lag(s.rep_id) over earlier as rep_id_before,
        lag(s.rep_type) over earlier as rep_type_before,
        lag(s.team) over earlier as team_before
    from core.fct_open_stretch as s
    left join core.company_rate_day as x on s.currency = x.currency and s.from_date = x.date_day
    window earlier as (
        partition by s.opportunity_id
        order by s.stretch
    )
),

-- values are settled at the end of every week and month, so that they stand at the end of every period
settling_day as (
    select last_date as date_day
    from core.dim_period
    group by last_date
),

foreign_step as (
    select
        s.opportunity_id,
        s.stretch,
        s.from_date,
        coalesce(s.until_date, c.as_of_date) as last_date,
        s.rep_id,
        s.rep_type,
        s.team,
        s.amount,
        s.currency
    from step as s
    inner join company_currency as c on s.currency <> c.currency
    where s.amount <> 0
),

settled_day as (
    select
        s.opportunity_id,
        s.stretch,
        d.date_day
    from foreign_step as s
    inner join settling_day as d on s.from_date <= d.date_day and s.last_date > d.date_day
    union
    select
        opportunity_id,
        stretch,
        unnest([from_date, last_date]) as date_day
    from foreign_step
),

rate_step as (
    select
        s.opportunity_id,
        s.rep_id,
        s.rep_type,
        s.team,
        d.date_day,
        s.amount,
        coalesce(x.rate, 0) as rate,
        lag(coalesce(x.rate, 0)) over (
            partition by d.opportunity_id, d.stretch
            order by d.date_day
        ) as rate_before
    from settled_day as d
    inner join foreign_step as s on d.opportunity_id = s.opportunity_id and d.stretch = s.stretch
    left join core.company_rate_day as x on s.currency = x.currency and d.date_day = x.date_day
),

creation as (
    select
        c.opportunity_id,
        c.created_date,
        c.rep_type,
        c.team,
        c.owner_rep_id as rep_id,
        coalesce(c.company_amount, 0) as company_amount,
        c.amount is not null and c.company_amount is null as is_unpriced,
        s.opportunity_id is null as is_never_open
    from core.fct_opportunity_creation as c
    left join core.fct_open_stretch as s on c.opportunity_id = s.opportunity_id and s.stretch = 1
),

last_step as (
    select
        opportunity_id,
        arg_max(amount, stretch) as amount
    from step
    group by opportunity_id
),

closing as (
    select
        c.opportunity_id,
        c.closed_date,
        c.owner_rep_id as rep_id,
        c.rep_type,
        c.team,
        coalesce(c.amount, 0) as amount,
        coalesce(c.company_amount, 0) as company_amount,
        c.is_unpriced,
        coalesce(x.rate, 0) as rate,
        s.amount as amount_before
    from core.fct_opportunity_close as c
    left join last_step as s on c.opportunity_id = s.opportunity_id
    left join core.company_rate_day as x on c.currency = x.currency and c.closed_date = x.date_day
),

movement as (
    select
        opportunity_id,
        created_date as movement_date,
        'inflow' as movement,
        rep_id,
        rep_type,
        team,
        company_amount,
        is_unpriced
    from creation
    union all
    select
        opportunity_id,
        closed_date as movement_date,
        'outflow' as movement,
        rep_id,
        rep_type,
        team,
        company_amount,
        is_unpriced
    from closing
    union all
    -- open from its first stage change, with no creation to count it by
    select
        s.opportunity_id,
        s.from_date as movement_date,
        'undated_opening' as movement,
        s.rep_id,
        s.rep_type,
        s.team,
        s.amount * s.rate as company_amount,
        s.has_amount and s.is_unrated as is_unpriced
    from step as s
    left join creation as c on s.opportunity_id = c.opportunity_id
    where s.stretch = 1 and c.opportunity_id is null
    union all
    select
        opportunity_id,
        from_date as movement_date,
        'amount_edit' as movement,
        rep_id,
        rep_type,
        team,
        (amount - amount_before) * rate as company_amount,
        is_unrated as is_unpriced
    from step
    where stretch > 1 and amount <> amount_before
    union all
    -- at the close a deal is worth what its record says
    select
        opportunity_id,
        closed_date as movement_date,
        'amount_edit' as movement,
        rep_id,
        rep_type,
        team,
        (amount - amount_before) * rate as company_amount,
        is_unpriced
    from closing
    where amount <> amount_before
    union all
    select
        opportunity_id,
        from_date as movement_date,
        'handover' as movement,
        rep_id,
        rep_type,
        team,
        amount_before * rate as company_amount,
        false as is_unpriced
    from step
    where stretch > 1 and row(rep_id, rep_type, team) <> row(rep_id_before, rep_type_before, team_before)
    union all
    select
        opportunity_id,
        from_date as movement_date,
        'handover' as movement,
        rep_id_before as rep_id,
        rep_type_before as rep_type,
        team_before as team,
        -amount_before * rate as company_amount,
        false as is_unpriced
    from step
    where stretch > 1 and row(rep_id, rep_type, team) <> row(rep_id_before, rep_type_before, team_before)
    union all
    select
        opportunity_id,
        date_day as movement_date,
        'revaluation' as movement,
        rep_id,
        rep_type,
        team,
        amount * (rate - rate_before) as company_amount,
        false as is_unpriced
    from rate_step
    where rate <> rate_before
    union all
    -- a deal that was open at no instant (its close has none, or lies before its creation) leaves as it came
    select
        opportunity_id,
        created_date as movement_date,
        'never_open' as movement,
        rep_id,
        rep_type,
        team,
        -company_amount as company_amount,
        false as is_unpriced
    from creation
    where is_never_open
    union all
    select
        opportunity_id,
        closed_date as movement_date,
        'never_open' as movement,
        rep_id,
        rep_type,
        team,
        company_amount,
        false as is_unpriced
    from closing
    where amount_before is null
)

select
    opportunity_id,
    movement_date,
    movement,
    rep_id,
    rep_type,
    team,
    sum(company_amount)::decimal(38, 12) as company_amount,
    bool_or(is_unpriced) as is_unpriced
from movement
where company_amount <> 0 or is_unpriced
group by opportunity_id, movement_date, movement, rep_id, rep_type, team
