"""The planted stories as facts: who, what, when, and the figure that the published tables should show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from pipelines.demo.company import Window, month_after
from pipelines.demo.deals import WORSE_STAGE
from pipelines.demo.plot import Plot
from pipelines.demo.roster import Roster, RosterRow


@dataclass(frozen=True)
class Expected:
    """A figure: `column` of `table` in the rows of `where` is `comparison` (one of >=, >, <=, =) `value`.

    A value of `where` that begins with < or >= is a bound; `column` may be an expression over all these rows.
    """

    table: str
    where: dict[str, str]
    column: str
    comparison: str
    value: float | str


@dataclass(frozen=True)
class Story:
    """One planted story. Days are the company's; `subject_id` is as the published tables have it."""

    name: str
    subject_type: str
    subject_id: str
    from_date: date
    to_date: date
    expected: tuple[Expected, ...]
    sentence: str

    def as_record(self) -> dict[str, object]:
        """What JSON can say."""
        return {**asdict(self), "from_date": str(self.from_date), "to_date": str(self.to_date)}


def tell_stories(window: Window, roster: Roster, plot: Plot, last_dialed: date | None) -> tuple[Story, ...]:
    """What was planted; nothing in a company that is too small. `last_dialed` is the day of the dialer's last call."""
    if not plot.overloaded:
        return ()
    stories = [_overload(window, roster, plot), _turnover(window, roster, plot), _drift(window, roster, plot)]
    if last_dialed is not None:
        stories.append(_silence(window, last_dialed))
    return (*stories, _worse_stage(plot, window))


def _overload(window: Window, roster: Roster, plot: Plot) -> Story:
    row = roster.histories[plot.overloaded][-1]
    subject = f"crm:{row.rep_id}"
    weeks = [plot.overload_from + timedelta(days=7 * number) for number in range(3)]
    figures = [
        Expected(
            "marts.rep_workload_weekly",
            {"rep_id": subject, "week_start": str(week)},
            column,
            comparison,
            value,
        )
        for week in weeks
        for column, comparison, value in (
            ("vs_baseline", ">=", 1.5),
            ("vs_peers", ">=", 1.5),
            ("workload_level", "=", "overload"),
        )
    ]
    sentence = (
        f"{row.full_name} ({row.rep_id}, {row.team}) took over a leaver's accounts: since the week of"
        f" {weeks[0]} twice as many touches a workday as before and as the colleagues."
    )
    return Story("rep_overload", "rep", subject, weeks[0], window.last, tuple(figures), sentence)


def _drift(window: Window, roster: Roster, plot: Plot) -> Story:
    row = roster.histories[plot.drifter][-1]
    subject = f"crm:{row.rep_id}"
    last = window.last.replace(day=1)
    months = [month_after(last, -number) for number in (2, 1, 0)]
    table = "marts.rep_scorecard_monthly"
    shares = [
        Expected(table, {"rep_id": subject, "period_start": str(month)}, "in_person_share", ">", 0.6)
        for month in months
    ]
    verdict = Expected(table, {"rep_id": subject, "period_start": str(last)}, "observed_rep_type", "=", "outside")
    sentence = (
        f"{row.full_name} ({row.rep_id}, {row.team}) is declared inside and has held most meetings in person since"
        f" {plot.drift_from}: an outside rep by behaviour."
    )
    return Story("rep_type_drift", "rep", subject, plot.drift_from, window.last, (*shares, verdict), sentence)


def _silence(window: Window, last: date) -> Story:
    newest = Expected("ops.source", {"source": "dialer"}, "newest_event_at", "=", str(last))
    days = (window.last - last).days
    sentence = (
        f"The dialer's export stopped: its newest call is of {last}, {days} days before the end; the CRM goes on."
    )
    return Story("source_silent", "source", "dialer", last + timedelta(days=1), window.last, (newest,), sentence)


def _worse_stage(plot: Plot, window: Window) -> Story:
    where = {"pipeline": "default", "from_stage": WORSE_STAGE, "to_stage": "Proposal"}
    before = {**where, "cohort_month": f"< {plot.worse_from}"}
    since = {**where, "cohort_month": f">= {plot.worse_from}"}
    table = "marts.stage_conversion"
    figures = (
        Expected(table, before, "sum(advanced) / sum(advanced + lost)", ">=", 0.7),
        Expected(table, since, "sum(advanced) / sum(advanced + lost)", "<=", 0.6),
    )
    sentence = (
        f"Deals of the default pipeline that reached {WORSE_STAGE} since {plot.worse_from} are lost from it far more"
        " often than before; with the cohorts of the last two months many are still open."
    )
    return Story("stage_conversion_drop", "stage", WORSE_STAGE, plot.worse_from, window.last, figures, sentence)


def _turnover(window: Window, roster: Roster, plot: Plot) -> Story:
    month = window.last.replace(day=1)
    rate = turnover_rate(window, roster, plot.team)
    where = {"scope": "team", "scope_id": plot.team, "period_start": str(month)}
    figures = (
        Expected("marts.team_turnover_monthly", where, "turnover_rate_12m", "=", round(rate, 6)),
        Expected("marts.team_turnover_monthly", where, "is_over_threshold", "=", "true"),
    )
    sentence = (
        f"{plot.team} lost {rate:.0%} of its average headcount within twelve months; every other team less than 20 %."
    )
    return Story("team_turnover", "team", plot.team, month_after(month, -11), window.last, figures, sentence)


def turnover_rate(window: Window, roster: Roster, team: str) -> float:
    """Separations of the twelve months that end with the window's last, per head (mean of thirteen month-ends)."""
    month = window.last.replace(day=1)
    ends = [min(window.last, month_after(month, 1 - number) - timedelta(days=1)) for number in range(13)]
    heads = [sum(row.team == team for row in _staff_at_the_end_of(roster, day)) for day in ends]
    first = month_after(month, -11)
    left = {
        (row.rep_id, row.termination_date)
        for row in roster.rows
        if row.termination_date is not None and first <= row.termination_date <= window.last and row.team == team
    }
    return len(left) / (sum(heads) / len(heads))


def _staff_at_the_end_of(roster: Roster, day: date) -> Iterator[RosterRow]:
    """Who is still there when the day is over."""
    for rep_id in roster.rep_ids:
        row = roster.on(rep_id, day)
        if row is not None and row.termination_date != day:
            yield row
