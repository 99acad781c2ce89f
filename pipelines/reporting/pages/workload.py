"""Which team is overloaded, and why: the last complete week by team and rep, then the half year up to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.pages.people import REP, REP_TYPE, Directory, directory_of
from pipelines.reporting.pages.standing import ALERT_FIELDS, firing_alerts
from pipelines.reporting.parts import Chart, Cube, Field, Figures, Kind, Measure, Page, Section, Table, View, listing
from pipelines.reporting.reader import Reader

WORKLOAD = "marts.rep_workload_weekly"
MOST_REPS = 60
"""So many rows a heat map of reps may have; of a larger company it shows teams, and each team's page its reps."""

WEEKS = f"w.week_start > (select max(week_start) from {WORKLOAD} where is_complete) - 182 and w.is_complete"
"""The 26 complete weeks up to the last one."""

LAST_WEEK = f"w.week_start = (select max(week_start) from {WORKLOAD} where is_complete)"

WEEK = Field("week_start", "Week from", Kind.DATE, f"{WORKLOAD}.week_start")
TEAM = Field("team", "Team", Kind.TEXT, f"{WORKLOAD}.team", link="team_place")
LEVEL = Field("workload_level", "Workload", Kind.WORD, f"{WORKLOAD}.workload_level")
WHY = Field("why", "Why", Kind.TEXT, f"{WORKLOAD}.level_reason")
PER_DAY = Field("touches_per_workday", "Touches per workday", Kind.NUMBER, f"{WORKLOAD}.touches_per_workday")
VS_OWN = Field("vs_baseline", "Times the own usual", Kind.NUMBER, f"{WORKLOAD}.vs_baseline")
VS_PEERS = Field("vs_peers", "Times the peers' median", Kind.NUMBER, f"{WORKLOAD}.vs_peers")
UNTOUCHED = Field("untouched_opportunities", "Untouched deals", Kind.COUNT, f"{WORKLOAD}.untouched_opportunities")
AFTER_HOURS = Field("after_hours_share", "After hours", Kind.SHARE, f"{WORKLOAD}.after_hours_share")

REPS = Measure("reps", "Reps", Kind.COUNT, f"{WORKLOAD}.rep_id", says="Everyone who counted as a rep in the week.")
_LEVELS = {"overload": "Overloaded", "high": "High", "normal": "Normal", "under": "Under"}
OVERLOADED_SAYS = "Reps above the daily limit, or far above both their own usual week and their peers'."
_SAYS = {"overload": OVERLOADED_SAYS, "high": "Reps well above their own usual week or their peers'."}
LEVEL_COUNTS = tuple(
    Measure(name, label, Kind.COUNT, f"{WORKLOAD}.workload_level", says=_SAYS.get(name, ""))
    for name, label in _LEVELS.items()
)
_REASONS = {
    "touches_per_workday": "Over daily limit",
    "baseline_and_peers": "Over own and peers",
    "baseline": "Over own usual",
    "peers": "Over peers",
}
_REASON_COUNTS = tuple(
    Measure(f"over_{name}", label, Kind.COUNT, f"{WORKLOAD}.level_reason") for name, label in _REASONS.items()
)
RATE = Measure("touches_per_workday", "Touches per workday", Kind.NUMBER, f"{WORKLOAD}.touches_per_workday", "touches", "workdays")  # fmt: skip
LATE = Measure("after_hours_share", "After hours", Kind.SHARE, f"{WORKLOAD}.after_hours_share", "after_hours_touches", "touches")  # fmt: skip
_LEFT = Measure("untouched_opportunities", "Untouched deals", Kind.COUNT, f"{WORKLOAD}.untouched_opportunities")
_OVERLOADED = Measure("overload_share", "Overloaded, of the reps", Kind.SHARE, f"{WORKLOAD}.workload_level", "overload", "reps")  # fmt: skip
_OVER = Measure("over_share", "Overloaded or high, of the reps", Kind.SHARE, f"{WORKLOAD}.workload_level", "over", "reps")  # fmt: skip
RULES = (
    "rep_overload", "rep_underload", "contact_load", "open_opportunity_load", "meeting_load", "after_hours_load",
    "untouched_opportunities",
)  # fmt: skip
"""Those about the load of a rep."""

_NOBODY = "No week is complete yet, or nobody counted as a rep in one."


def load_of_weeks(reader: Reader, directory: Directory) -> pl.DataFrame:
    """One week of the half year, team and rep type: reps by level and by what decided it, and the parts of the rates.
    Who had no workday is among the reps and has no level."""
    levels = ", ".join(f"count(*) filter (where workload_level = '{name}') as {name}" for name in _LEVELS)
    reasons = ", ".join(
        f"count(*) filter (where workload_level in ('overload', 'high') and level_reason = '{name}') as over_{name}"
        for name in _REASONS
    )
    sums = ", ".join(
        f"coalesce(sum({name}), 0)::bigint as {name}"
        for name in ("touches", "workdays", "after_hours_touches", "untouched_opportunities")
    )
    frame = reader.frame(
        f"""
        select week_start, rep_type, team, count(*) as reps, {levels}, {reasons}, {sums}
        from {WORKLOAD} as w where {WEEKS} group by all order by all
        """
    )
    return directory.linked(frame.with_columns((pl.col("overload") + pl.col("high")).alias("over")))


def load_of_reps(reader: Reader, directory: Directory, of: str = WEEKS) -> pl.DataFrame:
    """One rep and week as the mart has them, named, and in words why the level is what it is."""
    return reader.once(f"load of reps: {of}", lambda: _load_of_reps(reader, directory, of))


def _load_of_reps(reader: Reader, directory: Directory, of: str) -> pl.DataFrame:
    frame = reader.frame(
        f"""
        select w.rep_id, w.week_start, w.rep_type, w.team, w.role, w.touches, w.touches_per_workday, w.vs_baseline,
            w.vs_peers, w.workload_level, w.level_reason, w.after_hours_share, w.untouched_opportunities,
            w.baseline_touches_per_workday, w.peer_median_touches_per_workday, p.overload_touches_per_workday,
            p.overload_ratio, p.high_ratio, p.under_ratio
        from {WORKLOAD} as w cross join core.parameter as p where {of}
        order by w.team, w.rep_id, w.week_start
        """
    )
    said = pl.Series("why", [why(reader, row) for row in frame.to_dicts()], pl.String)
    return directory.linked(frame.with_columns(said))


def why(reader: Reader, row: Mapping[str, Any]) -> str | None:
    """The limit that decided a rep's week, with the figures on both sides; nothing where none did."""
    level, reason = row["workload_level"], row["level_reason"]
    sentence = _SENTENCES.get((level == "under", reason))
    if sentence is None:
        return None
    times = {"overload": row["overload_ratio"], "high": row["high_ratio"]}.get(level, row["under_ratio"])
    limit = row["overload_touches_per_workday"] if reason == "touches_per_workday" else times
    figures = {
        "figure": row["touches_per_workday"],
        "own": row["vs_baseline"],
        "usual": row["baseline_touches_per_workday"],
        "others": row["vs_peers"],
        "peers": row["peer_median_touches_per_workday"],
        "limit": limit,
    }
    return reader.words.text(sentence) % {
        name: reader.words.show(value, Kind.NUMBER) for name, value in figures.items()
    }


_SENTENCES = {
    (False, "touches_per_workday"): "%(figure)s touches per workday; the limit is %(limit)s.",
    (False, "baseline_and_peers"): "%(figure)s touches per workday: %(own)s times the own usual %(usual)s and %(others)s times the peers' median %(peers)s; the limit is %(limit)s times both.",
    (False, "baseline"): "%(figure)s touches per workday: %(own)s times the own usual %(usual)s; the limit is %(limit)s times. The peers' median is %(peers)s.",
    (False, "peers"): "%(figure)s touches per workday: %(others)s times the peers' median %(peers)s; the limit is %(limit)s times. The own usual is %(usual)s.",
    (True, "baseline_and_peers"): "%(figure)s touches per workday: no more than %(limit)s times the own usual %(usual)s and the peers' median %(peers)s.",
}  # fmt: skip


def workload_page(reader: Reader) -> Page:
    """The page, with as much of it as was built."""
    intro = "Who does more than one can keep up, by team and by rep."
    if not (reader.has(WORKLOAD) and reader.rows(f"select 1 from {WORKLOAD} where is_complete limit 1")):
        return Page("workload.html", "Workload", (Section("The last complete week", (), empty=_NOBODY),), intro)
    directory = directory_of(reader)
    weeks = load_of_weeks(reader, directory)
    sections = (
        _teams(reader, weeks),
        _reps(reader, directory),
        _heat(reader, directory, weeks),
        _by_week(weeks),
        _alerts(reader, directory),
    )
    return Page("workload.html", "Workload", sections, intro)


def _teams(reader: Reader, weeks: pl.DataFrame) -> Section:
    """The answer to which team: the largest share of overloaded reps first."""
    last = weeks.filter(pl.col("week_start") == weeks["week_start"].max()).drop("week_start")
    cube = Cube("workload_last_week", last)
    counts = (REPS, *LEVEL_COUNTS[:2])
    by_team = View(
        "workload_by_team", cube, (TEAM,), (*counts, *_REASON_COUNTS, RATE, LATE, _LEFT, _OVERLOADED, _OVER),
        most_first=("overload_share", "over_share", "touches_per_workday"),
    )  # fmt: skip
    in_all = View("workload_all", cube, (), (*counts, RATE, LATE, _LEFT))
    table = Table(
        "Which team is overloaded, and why",
        "The team with the largest share of overloaded reps first, then of those whose load is high. The columns that begin with Over say which limit they passed.",
        by_team,
    )  # fmt: skip
    day = reader.words.show(weeks["week_start"].max(), Kind.DATE)
    intro = " ".join([reader.words.text("The week from %(day)s.") % {"day": day}, _worst(reader, by_team.rows[0])])
    return Section("The last complete week", (table, Figures(in_all)), intro)


def _worst(reader: Reader, team: Mapping[str, Any]) -> str:
    """The first team in words; of a company in which nobody is over, that."""
    if not team["over_share"]:
        return reader.words.text("No team has a rep whose load is high.")
    sentence = reader.words.plural(
        "Most overloaded: %(team)s, %(overload)s of %(reps)s rep overloaded and %(high)s with a high load.",
        "Most overloaded: %(team)s, %(overload)s of %(reps)s reps overloaded and %(high)s with a high load.",
        team["reps"],
    )
    counts = {name: reader.words.show(team[name], Kind.COUNT) for name in ("overload", "reps", "high")}
    return sentence % {"team": team["team"], **counts}


def _reps(reader: Reader, directory: Directory) -> Section:
    frame = load_of_reps(reader, directory, LAST_WEEK).filter(pl.col("workload_level").is_in(["overload", "high"]))
    if frame.is_empty():
        return Section("Who is over", (), empty="Nobody's load is high.")
    order = pl.col("workload_level").replace_strict({"overload": 0, "high": 1})
    frame = frame.sort(order, -pl.max_horizontal("vs_baseline", "vs_peers"), "rep", "rep_id", nulls_last=True)
    fields = (REP, TEAM, REP_TYPE, LEVEL, WHY, AFTER_HOURS, UNTOUCHED)
    return Section("Who is over", (Table("Who is over, and why", limits_in_words(reader), listing("workload_over", frame, fields)),))  # fmt: skip


def limits_in_words(reader: Reader) -> str:
    """What makes a week an overload, high or under."""
    names = ("overload_touches_per_workday", "overload_ratio", "high_ratio")
    values = reader.rows(f"select {', '.join(names)} from core.parameter")[0]
    shown = {name: reader.words.show(value, Kind.NUMBER) for name, value in zip(names, values, strict=True)}
    return (
        reader.words.text(
            "Overload: %(overload_touches_per_workday)s touches per workday, or %(overload_ratio)s times both the own usual (the median of the eight weeks before) and the peers' median (same type and role). High: %(high_ratio)s times either."
        )
        % shown
    )


def _heat(reader: Reader, directory: Directory, weeks: pl.DataFrame) -> Section:
    title = "The last 26 weeks"
    if weeks.filter(pl.col("week_start") == weeks["week_start"].max())["reps"].sum() > MOST_REPS:
        by_team = View("workload_heat", Cube("workload_weeks", weeks, period="week_start"), (TEAM, WEEK), (RATE, REPS))
        chart = Chart(
            "Touches per workday, teams by week",
            "The darker, the more. The page of a team shows its reps.",
            by_team,
            charts.heat(by_team, "week_start", "team", "touches_per_workday"),
        )
        return Section(title, (chart,))
    return Section(title, (reps_by_week("workload_heat", load_of_reps(reader, directory)),))


def reps_by_week(name: str, frame: pl.DataFrame, most: int = 52) -> Chart:
    """The heat map of reps: each rep's week against the rep's own usual ones."""
    fields = (REP, WEEK, VS_OWN, VS_PEERS, PER_DAY, LEVEL)
    view = listing(name, frame.sort("team", "rep", "week_start"), fields, period="week_start")
    return Chart(
        "Touches per workday against the own usual, reps by week",
        "1 is the median of the rep's eight weeks before; the more orange, the more above it. Without such weeks a field is blank.",
        view,
        charts.heat(view, "week_start", "rep", "vs_baseline", middle=1),
        most,
    )


def _by_week(weeks: pl.DataFrame) -> Section:
    cube = Cube("workload_weeks", weeks, period="week_start")
    view = View("workload_by_week", cube, (WEEK,), (*LEVEL_COUNTS, RATE, LATE, _LEFT), latest_first=True)
    shown = (
        Chart("Reps by level", "Each bar is a week; who had no workday is in none.", view, charts.parts(view, "week_start", charts.LEVEL_COLOURS, "Reps")),
        Chart("After hours", "The share of touches outside the working hours or on days off.", view, charts.lines(view, "week_start", "after_hours_share")),
        Chart("Untouched deals", "Open deals with which their owner did nothing for long, and with no meeting ahead, at each week's end.", view, charts.bars(view, "week_start", "untouched_opportunities")),
        Chart("Touches per workday", "All reps together.", view, charts.lines(view, "week_start", "touches_per_workday")),
    )  # fmt: skip
    return Section("By week", shown)


def _alerts(reader: Reader, directory: Directory) -> Section:
    frame = firing_alerts(reader, directory).filter(pl.col("rule").is_in(RULES))
    if frame.is_empty():
        return Section("Alerts about workload", (), empty="Nothing fires.")
    view = listing("workload_alerts", frame, ALERT_FIELDS)
    return Section(
        "Alerts about workload", (Table("What fires", "The runbook says what to look at and what to do.", view),)
    )
