"""Who came, who left, and how fast: the company by month, then every team in the last complete month."""

from __future__ import annotations

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.pages.people import Directory, directory_of
from pipelines.reporting.pages.standing import ALERT_FIELDS, firing_alerts
from pipelines.reporting.parts import Card, Chart, Field, Kind, Page, Section, Table, View, listing
from pipelines.reporting.reader import Reader

TURNOVER = "marts.team_turnover_monthly"
_MOST_ROWS = 40
"""So many rows the heat map has: those whose rate is highest in the last complete month."""

MONTH = Field("period_start", "Month", Kind.MONTH, f"{TURNOVER}.period_start")
TEAM = Field("team", "Team", Kind.TEXT, f"{TURNOVER}.scope_id", link="team_place")
HEADCOUNT = Field("headcount_end", "Headcount", Kind.COUNT, f"{TURNOVER}.headcount_end")
HIRES = Field("hires", "Hires", Kind.COUNT, f"{TURNOVER}.hires")
SEPARATIONS = Field("separations", "Separations", Kind.COUNT, f"{TURNOVER}.separations")
RATE = Field("turnover_rate_12m", "Turnover, 12 months", Kind.SHARE, f"{TURNOVER}.turnover_rate_12m")
SEPARATIONS_12M = Field("separations_12m", "Separations, 12 months", Kind.COUNT, f"{TURNOVER}.separations_12m")
AVERAGE_12M = Field("headcount_average_12m", "Average headcount", Kind.NUMBER, f"{TURNOVER}.headcount_average_12m")
AGAINST = Field("against_threshold", "Against the limit", Kind.WORD, f"{TURNOVER}.is_over_threshold")
VACANCY = Field("vacancy_days", "Vacancy days", Kind.COUNT, f"{TURNOVER}.vacancy_days")
TENURE = Field("median_tenure_days", "Median tenure, days", Kind.NUMBER, f"{TURNOVER}.median_tenure_days")
BY_MONTH = (MONTH, HEADCOUNT, HIRES, SEPARATIONS, SEPARATIONS_12M, AVERAGE_12M, RATE, AGAINST, VACANCY, TENURE)
_RULES = ("team_turnover", "turnover_pace")
_COLOURS = {"hires": "#3c9a7b", "separations": "#b3402a"}
_EMPTY = "Nobody has been employed for a month yet."


def turnover_months(reader: Reader, scope: str) -> pl.DataFrame:
    """One complete month of the scope's members as the mart has it, `team` being the member; whether the rate is over the
    limit in a word."""
    return reader.frame(
        f"""
        select scope_id as team, period_start, headcount_end, hires, separations, separations_12m, headcount_average_12m,
            turnover_rate_12m, threshold, vacancy_days, median_tenure_days,
            case when is_over_threshold then 'over' when not is_over_threshold then 'within' end as against_threshold
        from {TURNOVER} where scope = ? and is_complete order by team, period_start
        """,
        scope,
    )


def turnover_page(reader: Reader) -> Page:
    """The page, with as much of it as was built."""
    intro = "Who came and left, and the share of people who left within twelve months."
    months = turnover_months(reader, "company") if reader.has(TURNOVER) else pl.DataFrame()
    if months.is_empty():
        return Page("turnover.html", "Turnover", (Section("Company", (), empty=_EMPTY),), intro)
    directory = directory_of(reader)
    teams = directory.linked(turnover_months(reader, "team"))
    sections = (
        _company(reader, months),
        _teams(reader, teams),
        _rep_types(reader),
        _alerts(reader, directory),
    )
    return Page("turnover.html", "Turnover", tuple(one for one in sections if one is not None), intro)


def _company(reader: Reader, months: pl.DataFrame) -> Section:
    view = listing("turnover_company", months.drop("team").sort("period_start"), BY_MONTH, period="period_start")
    now, before = months.tail(1).to_dicts()[0], months.tail(2).head(1).to_dicts()[0]
    fields = (HEADCOUNT, HIRES, SEPARATIONS, RATE, VACANCY, TENURE)
    cards = tuple(
        Card(one.label, now[one.name], one.kind, one.defined, before[one.name] if _is_compared(one, months) else None)
        for one in fields
    )
    intro = reader.words.text("%(month)s, the last complete month, against the month before. The limit is %(limit)s.")
    shown = {
        "month": reader.words.show(now["period_start"], Kind.MONTH),
        "limit": reader.words.show(now["threshold"], Kind.SHARE),
    }
    charted = (
        rate_by_month(reader, view),
        Chart("Headcount", "People at the end of each month.", view, charts.bars(view, "period_start", "headcount_end")),
        Chart("Hires and separations", "Side by side for each month.", view, charts.parts(view, "period_start", _COLOURS, "People", beside=True)),
        Chart("Vacancy days", "Days on which places of people who left stood vacant.", view, charts.bars(view, "period_start", "vacancy_days")),
    )  # fmt: skip
    return Section("Company", (cards, *charted), intro % shown)


def _is_compared(one: Field, months: pl.DataFrame) -> bool:
    """A rate's change in percent of itself would be read as points."""
    return months.height > 1 and one.kind is not Kind.SHARE


def rate_by_month(reader: Reader, view: View, most: int = 52) -> Chart:
    """The rolling rate of one scope with the limit drawn in."""
    limit = reader.rows("select turnover_threshold::double from core.parameter")[0][0]
    assert isinstance(limit, float)
    named = {reader.words.text("limit: %(value)s") % {"value": reader.words.show(limit, Kind.SHARE)}: limit}
    spec = charts.with_lines_at(charts.lines(view, "period_start", "turnover_rate_12m"), named, Kind.SHARE)
    return Chart(
        "Turnover of twelve months",
        "Separations of the twelve months up to each month, by average headcount; the dashed line is the limit.",
        view,
        spec,
        most,
    )


def last_month(months: pl.DataFrame) -> pl.DataFrame:
    """The rows of the last month, the highest rate first."""
    last = months.filter(pl.col("period_start") == months["period_start"].max())
    return last.sort("turnover_rate_12m", "team", descending=[True, False], nulls_last=True)


def _teams(reader: Reader, teams: pl.DataFrame) -> Section | None:
    if teams.is_empty():
        return None
    last = last_month(teams)
    fields = (TEAM, RATE, AGAINST, HEADCOUNT, HIRES, SEPARATIONS, SEPARATIONS_12M, AVERAGE_12M, VACANCY, TENURE)
    table = Table(
        "Teams in the last complete month",
        "The highest rate first; over means above the limit, not exactly at it.",
        listing("turnover_teams", last, fields),
    )
    shown = teams.join(last.head(_MOST_ROWS).select("team"), on="team", maintain_order="left")
    recent = shown.filter(pl.col("period_start") > pl.lit(last["period_start"][0]).dt.offset_by("-24mo"))
    view = listing("turnover_heat", recent, (TEAM, MONTH, RATE, AGAINST, HEADCOUNT), period="period_start")
    limit = float(last["threshold"][0])
    heat = Chart(
        "Turnover by team and month",
        "The limit is white; the more orange, the further above it. Of many teams the forty with the highest rate now.",
        view,
        charts.heat(view, "period_start", "team", "turnover_rate_12m", middle=limit),
    )
    return Section("Teams", (table, heat))


def _rep_types(reader: Reader) -> Section | None:
    months = turnover_months(reader, "rep_type").rename({"team": "rep_type"})
    if months.is_empty():
        return None
    named = Field("rep_type", "Rep type", Kind.WORD, f"{TURNOVER}.scope_id")
    last = months.filter(pl.col("period_start") == months["period_start"].max())
    fields = (named, RATE, AGAINST, HEADCOUNT, HIRES, SEPARATIONS, SEPARATIONS_12M, AVERAGE_12M, VACANCY, TENURE)
    view = listing("turnover_rep_types", last, fields)
    return Section("Rep types", (Table("Rep types in the last complete month", "Everyone of a type, whatever the team.", view),))  # fmt: skip


def _alerts(reader: Reader, directory: Directory) -> Section:
    frame = firing_alerts(reader, directory).filter(pl.col("rule").is_in(_RULES))
    if frame.is_empty():
        return Section("Alerts about turnover", (), empty="Nothing fires.")
    view = listing("turnover_alerts", frame, ALERT_FIELDS)
    return Section("Alerts about turnover", (Table("What fires", "The runbook says what to look at and what to do.", view),))  # fmt: skip
