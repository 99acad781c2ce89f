"""A page a rep, a few kilobytes each: there may be thousands. Every figure is a row of a mart, none is added up here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.reporting.pages.people import Directory, directory_of
from pipelines.reporting.pages.standing import FOUND, LIMIT, RULE, SEVERITY, SINCE, firing_alerts
from pipelines.reporting.pages.workload import LEVEL, PER_DAY, VS_OWN, VS_PEERS, WEEK, WORKLOAD, load_of_reps
from pipelines.reporting.parts import Card, Field, Kind, Page, Section, Strip, Table, listing
from pipelines.reporting.reader import Reader

SCORECARD = "marts.rep_scorecard_monthly"
TARGETS = "marts.target_attainment"
_TOUCHES = Field("touches", "Touches", Kind.COUNT, f"{WORKLOAD}.touches")
_OF_MONTH = {
    "touches": ("Touches", Kind.COUNT),
    "calls": ("Calls", Kind.COUNT),
    "calls_connected": ("Connected calls", Kind.COUNT),
    "emails": ("E-mails", Kind.COUNT),
    "meetings_held": ("Meetings held", Kind.COUNT),
    "meetings_booked": ("Meetings booked", Kind.COUNT),
    "in_person_share": ("In person", Kind.SHARE),
    "opportunities_created": ("Deals created", Kind.COUNT),
    "won_count": ("Won", Kind.COUNT),
    "won_amount": ("Won amount", Kind.MONEY),
    "win_rate": ("Win rate", Kind.SHARE),
}
_METRIC = Field("metric", "Target", Kind.WORD, f"{TARGETS}.metric")
_GRAIN = Field("period_grain", "Period", Kind.WORD)
_SINCE = Field("period_start", "From", Kind.DATE)
_ATTAINED = (
    Field("target", "Asked", Kind.NUMBER, f"{TARGETS}.target"),
    Field("actual", "Done", Kind.NUMBER, f"{TARGETS}.actual"),
    Field("attainment", "Attained", Kind.SHARE, f"{TARGETS}.attainment"),
    Field("pace", "Pace", Kind.SHARE, f"{TARGETS}.pace"),
)

Rows = dict[str, pl.DataFrame]
"""Rows of a mart by rep."""


@dataclass(frozen=True)
class _Facts:
    """What all reps' pages are made of, each asked for once and split by rep."""

    weeks: Rows
    months: Rows
    targets: Rows
    alerts: Rows


def last_scorecards(reader: Reader) -> pl.DataFrame:
    """One rep's last complete month."""
    return reader.frame(
        f"""
        select rep_id, period_start, {", ".join(_OF_MONTH)} from {SCORECARD} where is_complete
            and period_start = (select max(period_start) from {SCORECARD} where is_complete)
        """
    )


def newest_targets(reader: Reader) -> pl.DataFrame:
    """One rep, metric and grain: the month and quarter that as_of is in, else the last ones with a target."""
    return reader.frame(
        f"""
        select rep_id, metric, period_grain, period_start, target, actual, attainment, pace
        from {TARGETS} where period_grain in ('month', 'quarter')
        qualify period_start = max(period_start) over (partition by rep_id, metric, period_grain)
        order by rep_id, metric, period_grain
        """
    )


def rep_pages(reader: Reader) -> Iterator[Page]:
    """One for each rep of the last half year; none when the settings say so."""
    if not reader.settings.report.rep_pages:
        return
    directory = directory_of(reader)
    facts = _facts(reader, directory)
    for row in directory.linked(directory.reps.select("rep_id", "rep_type", "role", "team")).iter_rows(named=True):
        yield _page(reader, row, facts)


def _facts(reader: Reader, directory: Directory) -> _Facts:
    none = pl.DataFrame(schema={"rep_id": pl.String})
    alerts = firing_alerts(reader, directory).filter(pl.col("subject_type") == "rep").rename({"subject_id": "rep_id"})
    return _Facts(
        _by_rep(load_of_reps(reader, directory).sort("week_start", descending=True) if reader.has(WORKLOAD) else none),
        _by_rep(last_scorecards(reader) if reader.has(SCORECARD) else none),
        _by_rep(newest_targets(reader) if reader.has(TARGETS) else none),
        _by_rep(alerts),
    )


def _by_rep(frame: pl.DataFrame) -> Rows:
    return {str(key[0]): rows for key, rows in frame.partition_by("rep_id", as_dict=True).items()}


def _page(reader: Reader, row: dict[str, Any], facts: _Facts) -> Page:
    words, rep = reader.words, row["rep_id"]
    sections = (
        _weeks(reader, facts.weeks.get(rep)),
        _month(reader, facts.months.get(rep)),
        _targets(facts.targets.get(rep)),
        _alerts(facts.alerts.get(rep)),
    )
    who = (words.word(row["rep_type"]), row["role"], row["team"])
    back = ((row["team_place"], row["team"]),) if row["team_place"] else ()
    crumbs = (("index.html", words.text("Overview")), ("workload.html", words.text("Workload")), *back)
    return Page(row["rep_place"], row["rep"], sections, " · ".join(one for one in who if one), crumbs, light=True)


def _weeks(reader: Reader, weeks: pl.DataFrame | None) -> Section:
    title = "By week"
    if weeks is None:
        return Section(title, (), empty="No week is complete yet.")
    view = listing("weeks", weeks, (WEEK, _TOUCHES, PER_DAY, VS_OWN, VS_PEERS, LEVEL))
    last = weeks["why"][0]
    return Section(
        title,
        (Strip("Touches per workday by week", view, "touches_per_workday"), Table("The last 26 weeks", "", view)),
        intro=last or "",
    )


def _month(reader: Reader, months: pl.DataFrame | None) -> Section:
    title = "Scorecard"
    if months is None:
        return Section(title, (), empty="No complete month as a rep yet.")
    row = months.to_dicts()[0]
    cards = tuple(Card(label, row[name], kind, f"{SCORECARD}.{name}") for name, (label, kind) in _OF_MONTH.items())
    return Section(title, (cards,), intro=reader.words.show(row["period_start"], Kind.MONTH))


def _targets(targets: pl.DataFrame | None) -> Section:
    if targets is None:
        return Section("Targets", (), empty="No targets.")
    view = listing("targets", targets, (_METRIC, _GRAIN, _SINCE, *_ATTAINED))
    return Section("Targets", (Table("Month and quarter", "", view),))


def _alerts(alerts: pl.DataFrame | None) -> Section:
    if alerts is None:
        return Section("Alerts", (), empty="Nothing fires.")
    view = listing("alerts", alerts, (SEVERITY, RULE, FOUND, LIMIT, SINCE))
    return Section("Alerts", (Table("What fires", "", view),))
