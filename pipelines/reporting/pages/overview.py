"""The first page: the last complete week in five figures, what fires, and whether the data can be trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pipelines.reporting.pages.people import directory_of
from pipelines.reporting.pages.standing import ALERT_FIELDS, firing_alerts
from pipelines.reporting.pages.workload import OVERLOADED_SAYS, WORKLOAD
from pipelines.reporting.parts import Card, Kind, Page, Section, Table, listing
from pipelines.reporting.reader import Reader

_BY_TYPE = "marts.rep_type_activity"
_FIGURES = {"touches": "Touches", "calls": "Calls", "emails": "E-mails", "meetings_held": "Meetings held"}


def overview_page(reader: Reader) -> Page:
    """The page, with as much of it as was built."""
    sections = (_week(reader), _alerts(reader), _health(reader))
    return Page("index.html", "Overview", sections, filtered=False)


def _week(reader: Reader) -> Section:
    """The last complete week against the one before, everyone who counts as a rep."""
    if not reader.has(_BY_TYPE):
        return Section("The last complete week", (), empty="No week is complete yet.")
    sums = ", ".join(f"sum({name})::bigint" for name in (*_FIGURES, "rep_workdays"))
    weeks = reader.rows(
        f"select period_start, {sums} from {_BY_TYPE} where period_grain = 'week' and is_complete"
        " group by period_start order by period_start desc limit 2"
    )
    if not weeks:
        return Section("The last complete week", (), empty="No week is complete yet.")
    now, before = weeks[0], weeks[1] if len(weeks) > 1 else None
    cards = [
        Card(
            label, now[place], Kind.COUNT, f"{_BY_TYPE}.{name}", before[place] if before else None, link="activity.html"
        )
        for place, (name, label) in enumerate(_FIGURES.items(), start=1)
    ]
    per_day = [None if week is None else _per_workday(week) for week in (now, before)]
    cards.append(
        Card(
            "Touches per rep-workday",
            per_day[0],
            Kind.NUMBER,
            f"{_BY_TYPE}.touches_per_rep_workday",
            per_day[1],
            link="activity.html",
        )
    )
    cards += _overloaded(reader, now[0])
    intro = reader.words.text("The week from %(day)s, everyone who counts as a rep, against the week before.")
    return Section(
        "The last complete week", (tuple(cards),), intro=intro % {"day": reader.words.show(now[0], Kind.DATE)}
    )


def _overloaded(reader: Reader, week: Any) -> list[Card]:
    """How many reps were, in the week and the one before; it leads to who and why."""
    if not reader.has(WORKLOAD):
        return []
    now, was = (_overloaded_in(reader, day) for day in (week, week - timedelta(days=7)))
    named = ("Overloaded reps", now, Kind.COUNT, f"{WORKLOAD}.workload_level", was)
    return [Card(*named, link="workload.html", says=OVERLOADED_SAYS)]


def _overloaded_in(reader: Reader, week: Any) -> Any:
    """Nothing of a week in which nobody was judged."""
    counted = f"select count(*) filter (where workload_level = 'overload') from {WORKLOAD} where week_start = ? having count(*) > 0"
    found = reader.rows(counted, week)
    return found[0][0] if found else None


def _per_workday(week: Any) -> float | None:
    touches, workdays = week[1], week[-1]
    return touches / workdays if workdays else None


def _alerts(reader: Reader) -> Section:
    frame = firing_alerts(reader, directory_of(reader))
    if frame.is_empty():
        return Section("Alerts", (), empty="Nothing fires.")
    view = listing("alerts", frame, ALERT_FIELDS)
    return Section(
        "Alerts", (Table("What fires", "Worst first. The runbook says what to look at and what to do.", view),)
    )


def _health(reader: Reader) -> Section:
    read, accepted, quarantined = reader.rows(
        "select coalesce(sum(rows_read), 0), coalesce(sum(rows_accepted), 0), coalesce(sum(rows_quarantined), 0)"
        " from ops.load_accounting"
    )[0]
    checks, failed = reader.rows("select count(*), count(*) filter (where not passed) from ops.check_result")[0]
    cards = (
        Card("Rows read", read, Kind.COUNT, "ops.load_accounting.rows_read", link="quality.html"),
        Card("Rows accepted", accepted, Kind.COUNT, "ops.load_accounting.rows_accepted", link="quality.html"),
        Card("Rows quarantined", quarantined, Kind.COUNT, "ops.load_accounting.rows_quarantined", link="quality.html"),
        Card("Checks", checks, Kind.COUNT, "ops.check_result.passed", link="quality.html"),
        Card("Checks that failed", failed, Kind.COUNT, "ops.check_result.passed", link="quality.html"),
    )
    return Section("Data health", (cards,), intro="Of all nights so far; the checks are tonight's.")
