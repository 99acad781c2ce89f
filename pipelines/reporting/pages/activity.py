"""What reps of each type did: counts and counts per rep-workday by week, by weekday and hour, inside against outside."""

from __future__ import annotations

from datetime import timedelta

from pipelines.reporting import charts
from pipelines.reporting.parts import Chart, Cube, Field, Figures, Kind, Measure, Page, Section, Table, View
from pipelines.reporting.reader import Reader

_DAILY = "marts.rep_activity_daily"
_BY_TYPE = "marts.rep_type_activity"
_COUNTS = {
    "touches": "Touches",
    "calls": "Calls",
    "emails": "E-mails",
    "meetings_held": "Meetings held",
    "meetings_booked": "Meetings booked",
    "social_touches": "Social touches",
}
_PER_DAY = {
    "touches": ("touches_per_rep_workday", "Touches per rep-workday"),
    "calls": ("calls_per_rep_workday", "Calls per rep-workday"),
    "emails": ("emails_per_rep_workday", "E-mails per rep-workday"),
    "meetings_held": ("meetings_per_rep_workday", "Meetings per rep-workday"),
}
WEEK = Field("week_start", "Week from", Kind.DATE, "core.dim_date.week_start")
TYPE = Field("rep_type", "Rep type", Kind.WORD, f"{_DAILY}.rep_type")
TEAM = Field("team", "Team", Kind.TEXT, f"{_DAILY}.team")
COUNTS = tuple(Measure(name, label, Kind.COUNT, f"{_DAILY}.{name}") for name, label in _COUNTS.items())
PER_DAY = tuple(
    Measure(name, label, Kind.NUMBER, f"{_BY_TYPE}.{name}", count, "rep_workdays")
    for count, (name, label) in _PER_DAY.items()
)


def weekly_activity(reader: Reader) -> Cube:
    """One week, rep type and team: counts, and the rep-workdays of people whose role counts; the unknown rep has none. From
    the week of the first touch on: before it there is nothing to divide by days."""
    counts = ", ".join(_COUNTS)
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint as {name}" for name in (*_COUNTS, "rep_workdays"))
    frame = reader.frame(
        f"""
        select d.week_start, v.rep_type, v.team, {sums}
        from (
            select activity_date, rep_type, team, {counts}, 0 as rep_workdays from {_DAILY}
            union all by name
            select date_day as activity_date, rep_type, coalesce(team, 'unknown') as team, 1 as rep_workdays
            from core.fct_rep_day where is_counted and is_workday
        ) as v
        join core.dim_date as d on v.activity_date = d.date_day
        where d.week_start >= (
            select min(f.week_start) from marts.rep_activity_daily as t join core.dim_date as f on t.activity_date = f.date_day
            where t.touches > 0
        )
        group by all order by all
        """
    )
    return Cube("activity", frame, period="week_start")


def hourly_activity(reader: Reader) -> Cube:
    """One weekday, hour of the company's day, rep type and team: touches of the twelve weeks up to as_of. Days without a
    time are in none."""
    frame = reader.frame(
        """
        select d.iso_weekday as weekday, hour(timezone(p.timezone, a.occurred_at))::integer as hour,
            coalesce(r.rep_type, 'unknown') as rep_type, coalesce(r.team, 'unknown') as team, count(*) as touches
        from core.fct_activity as a
        join core.dim_date as d on a.activity_date = d.date_day
        cross join core.parameter as p
        left join core.dim_rep as r
            on a.rep_id = r.rep_id and a.activity_date >= r.valid_from and a.activity_date < r.valid_to
        where a.activity_date > ? and a.is_touch and a.occurred_at_precision <> 'date'
            and (a.rep_id = 'unknown' or r.is_counted)
        group by all order by all
        """,
        reader.as_of_day - timedelta(days=84),  # bound: a day out of a table would be compared after all joins
    )
    return Cube("hours", frame)


def activity_page(reader: Reader) -> Page:
    """The page, with as much of it as was built."""
    sections = [*_by_week(reader), *_by_hour(reader), *_inside_outside(reader)]
    return Page(
        "activity.html", "Activity", tuple(sections), intro="What reps of each type did, and how much per day worked."
    )


def _by_week(reader: Reader) -> list[Section]:
    if not reader.has(_DAILY):
        return [Section("By week", (), empty="Nobody has done anything yet.")]
    cube = weekly_activity(reader)
    all_of_it = View("activity_all", cube, (), (*COUNTS, *PER_DAY))
    by_week = View("activity_by_week", cube, (WEEK, TYPE), (*COUNTS, *PER_DAY), latest_first=True)
    by_team = View("activity_by_team", cube, (TEAM, TYPE), (*COUNTS, *PER_DAY))
    shown = [
        Chart("Touches by week", "Each bar is a week; its parts are rep types.", by_week, charts.bars(by_week, "week_start", "touches", "rep_type")),
        Chart("Calls per rep-workday", "How many calls a rep of each type made per day worked.", by_week, charts.lines(by_week, "week_start", "calls_per_rep_workday", "rep_type")),
        Chart("Meetings held by week", "Each bar is a week; its parts are rep types.", by_week, charts.bars(by_week, "week_start", "meetings_held", "rep_type")),
        Chart("Touches per rep-workday by team", "Teams side by side; a bar for each rep type in them.", by_team, charts.bars(by_team, "team", "touches_per_rep_workday", "rep_type", beside=True, lying=True)),
    ]  # fmt: skip
    return [
        Section(
            "In all", (Figures(all_of_it),), intro="Everyone who counts as a rep, and what nobody on the roster did."
        ),
        Section("By week and team", tuple(shown)),
    ]


def _by_hour(reader: Reader) -> list[Section]:
    if not reader.has("core.latest_activities"):
        return []
    cube = hourly_activity(reader)
    weekday = Field("weekday", "Weekday", Kind.WEEKDAY, "core.dim_date.iso_weekday")
    hour = Field("hour", "Hour", Kind.COUNT, "core.fct_activity.occurred_at")
    view = View("activity_by_hour", cube, (weekday, hour), (COUNTS[0],))
    chart = Chart(
        "Touches by weekday and hour",
        "The twelve weeks up to as_of, in the company's time zone; the darker, the more. Touches of which only the day is known are not here.",
        view,
        charts.heat(view, "hour", "weekday", "touches"),
    )
    return [Section("By weekday and hour", (chart,))]


def _inside_outside(reader: Reader) -> list[Section]:
    table = "marts.inside_outside_comparison"
    if not reader.has(table):
        return []
    frame = reader.frame(
        f"""
        select period_start, metric, inside_value, outside_value, hybrid_value, inside_vs_outside,
            published_low, published_high, benchmark_source
        from {table} where is_complete and period_start = (select max(period_start) from {table} where is_complete)
        order by metric
        """
    )
    view = View("inside_outside", Cube("inside_outside", frame), _listed(table))
    months = Cube("calls_by_month", reader.frame(
        f"select period_start, metric, inside_vs_outside, published_low from {table} where is_complete and published_low = published_high order by all"
    ))  # fmt: skip
    parts: list[Chart | Table] = [
        Table(
            "Inside against outside",
            "The last complete month. A value is per rep-workday, or as the metric says.",
            view,
        )
    ]
    for metric, title in (("calls", "Calls"), ("emails", "E-mails"), ("social_touches", "Social touches")):
        one = Cube(f"{metric}_by_month", months.facts.filter(months.facts["metric"] == metric), period="period_start")
        if one.facts.is_empty():
            continue
        of = View(
            f"{metric}_inside_outside", one,
            (Field("period_start", "Month", Kind.MONTH, f"{table}.period_start"), Field("inside_vs_outside", "Inside against outside", Kind.CHANGE, f"{table}.inside_vs_outside")),
        )  # fmt: skip
        low = one.facts["published_low"][0]
        named = reader.words.text("published: %(value)s") % {"value": reader.words.show(low, Kind.CHANGE)}
        level = {named: float(low)}
        spec = charts.with_lines_at(charts.bars(of, "period_start", "inside_vs_outside"), level, Kind.CHANGE)
        parts.append(
            Chart(
                title, "Inside reps' value divided by outside reps', less 1; the line is what is published.", of, spec
            )
        )
    return [Section("Inside against outside", tuple(parts))]


def _listed(table: str) -> tuple[Field, ...]:
    return (
        Field("metric", "Metric", Kind.WORD, f"{table}.metric"),
        Field("inside_value", "Inside", Kind.NUMBER, f"{table}.inside_value"),
        Field("outside_value", "Outside", Kind.NUMBER, f"{table}.outside_value"),
        Field("hybrid_value", "Hybrid", Kind.NUMBER, f"{table}.hybrid_value"),
        Field("inside_vs_outside", "Inside against outside", Kind.CHANGE, f"{table}.inside_vs_outside"),
        Field("published_low", "Published, from", Kind.CHANGE, f"{table}.published_low"),
        Field("published_high", "Published, to", Kind.CHANGE, f"{table}.published_high"),
        Field("benchmark_source", "What is published", Kind.TEXT, f"{table}.benchmark_source"),
    )
