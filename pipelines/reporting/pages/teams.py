"""A page a team: what it did by week, its reps in the last complete week, who came and left, and which alerts fire.

Without pages for reps (`report.rep_pages`) nothing here is about one person: no listing of reps and none of their alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.pages.people import MOST_TEAMS, REP, REP_TYPE, ROLE, Directory, directory_of
from pipelines.reporting.pages.standing import ALERT_FIELDS, firing_alerts
from pipelines.reporting.pages.turnover import BY_MONTH, TURNOVER, rate_by_month, turnover_months
from pipelines.reporting.pages.workload import (
    AFTER_HOURS,
    LATE,
    LEVEL,
    LEVEL_COUNTS,
    PER_DAY,
    RATE,
    REPS,
    UNTOUCHED,
    VS_OWN,
    VS_PEERS,
    WHY,
    WORKLOAD,
    load_of_reps,
    load_of_weeks,
    reps_by_week,
)
from pipelines.reporting.parts import Chart, Cube, Field, Figures, Kind, Measure, Page, Section, Table, View, listing
from pipelines.reporting.reader import Reader

_DAILY = "marts.rep_activity_daily"
_COUNTS = {"touches": "Touches", "calls": "Calls", "emails": "E-mails", "meetings_held": "Meetings held"}
_ACTIVITY = tuple(Measure(name, label, Kind.COUNT, f"{_DAILY}.{name}") for name, label in _COUNTS.items())
_CALENDAR_WEEK = Field("week_start", "Week from", Kind.DATE, "core.dim_date.week_start")
_MOST_ROWS = 26
"""Rows of a table under a chart: the rest is in its CSV."""


@dataclass(frozen=True)
class _Facts:
    """What all teams' pages are made of, each asked for once."""

    activity: pl.DataFrame
    weeks: pl.DataFrame
    reps: pl.DataFrame
    months: pl.DataFrame
    alerts: pl.DataFrame

    def by_team(self, teams: list[str]) -> dict[str, _Facts]:
        """Those of each team."""
        frames = [getattr(self, name) for name in self.__dataclass_fields__]
        split = [(frame.clear(), frame.partition_by("team", as_dict=True)) for frame in frames]
        return {team: _Facts(*(known.get((team,), none) for none, known in split)) for team in teams}


def team_activity(reader: Reader) -> pl.DataFrame:
    """One week of the last half year, team and rep type: what was done under the team of each day."""
    sums = ", ".join(f"sum(a.{name})::bigint as {name}" for name in _COUNTS)
    return reader.frame(
        f"""
        select d.week_start, a.team, a.rep_type, {sums}
        from {_DAILY} as a
        join core.dim_date as d on a.activity_date = d.date_day
        cross join core.parameter as p
        where d.week_start > p.as_of_date - 182 group by all order by all
        """
    )


def team_pages(reader: Reader) -> Iterator[Page]:
    """One for each team of the last half year."""
    directory = directory_of(reader)
    teams = {row["team"]: row["team_place"] for row in directory.teams.to_dicts()}
    light = len(teams) > MOST_TEAMS
    for team, facts in _facts(reader, directory).by_team(list(teams)).items():
        yield _page(reader, team, teams[team], facts, light)


def _facts(reader: Reader, directory: Directory) -> _Facts:
    none = pl.DataFrame(schema={"team": pl.String})
    has_load = reader.has(WORKLOAD)
    shows_reps = has_load and reader.settings.report.rep_pages
    alerts = firing_alerts(reader, directory)
    return _Facts(
        team_activity(reader) if reader.has(_DAILY) else none,
        load_of_weeks(reader, directory) if has_load else none,
        load_of_reps(reader, directory) if shows_reps else none,
        turnover_months(reader, "team") if reader.has(TURNOVER) else none,
        alerts if reader.settings.report.rep_pages else alerts.filter(pl.col("subject_type") == "team"),
    )


def _page(reader: Reader, team: str, place: str, facts: _Facts, light: bool) -> Page:
    sections = (
        _last_week(reader, facts),
        *_reps(facts, light),
        _activity(facts, light),
        _turnover(reader, facts, light),
        _alerts(facts),
    )
    text = reader.words.text
    crumbs = (("index.html", text("Overview")), ("workload.html", text("Workload")))
    return Page(place, team, sections, crumbs=crumbs, light=light)


def _last_week(reader: Reader, facts: _Facts) -> Section:
    title = "The last complete week"
    if facts.weeks.is_empty():
        return Section(title, (), empty="No week is complete yet, or nobody counted as a rep in one.")
    last = facts.weeks.filter(pl.col("week_start") == facts.weeks["week_start"].max()).drop("week_start")
    view = View("team_all", Cube("team_week", last), (), (REPS, *LEVEL_COUNTS[:2], RATE, LATE))
    intro = reader.words.text("The week from %(day)s.")
    return Section(title, (Figures(view),), intro % {"day": reader.words.show(facts.weeks["week_start"].max(), Kind.DATE)})  # fmt: skip


def _reps(facts: _Facts, light: bool) -> tuple[Section, ...]:
    if facts.reps.is_empty():
        return ()
    last = facts.reps.filter(pl.col("week_start") == facts.reps["week_start"].max())
    order = pl.col("workload_level").replace_strict({"overload": 0, "high": 1}, default=2)
    last = last.sort(order, -pl.col("touches_per_workday"), "rep", nulls_last=True)
    fields = (REP, REP_TYPE, ROLE, LEVEL, PER_DAY, VS_OWN, VS_PEERS, AFTER_HOURS, UNTOUCHED, WHY)
    table = Table("Reps in the last complete week", "Whose load is highest first.", listing("team_reps", last, fields))
    heat = () if light else (reps_by_week("team_heat", facts.reps, _MOST_ROWS),)
    return (Section("Reps", (table, *heat)),)


def _activity(facts: _Facts, light: bool) -> Section:
    title, intro = "Activity by week", "By everyone under the team of each day."
    if facts.activity.is_empty():
        return Section(title, (), empty="Nobody has done anything yet.")
    cube = Cube("team_activity", facts.activity, period="week_start")
    view = View("team_by_week", cube, (_CALENDAR_WEEK,), _ACTIVITY, latest_first=True)
    if light:
        return Section(title, (Table("What was done", "", view),), intro)
    shown = tuple(
        Chart(title, "Each bar is a week.", view, charts.bars(view, "week_start", name), _MOST_ROWS)
        for name, title in (("touches", "Touches by week"), ("meetings_held", "Meetings held by week"))
    )
    return Section(title, shown, intro)


def _turnover(reader: Reader, facts: _Facts, light: bool) -> Section:
    if facts.months.is_empty():
        return Section("Turnover", (), empty="Nobody has been employed for a month yet.")
    view = listing("team_turnover", facts.months.sort("period_start").tail(13), BY_MONTH, period="period_start")
    part = Table("By month", "", view) if light else rate_by_month(reader, view, _MOST_ROWS)
    return Section("Turnover", (part,))


def _alerts(facts: _Facts) -> Section:
    if facts.alerts.is_empty():
        return Section("Alerts", (), empty="Nothing fires.")
    view = listing("team_alerts", facts.alerts, ALERT_FIELDS)
    return Section("Alerts", (Table("What fires", "The runbook says what to look at and what to do.", view),))
