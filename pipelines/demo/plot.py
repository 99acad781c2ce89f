"""Who plays which planted story, and from when on. What is said of them afterwards is in stories.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.demo.company import Window, is_workday, month_after

STORY_REPS, STORY_DAYS = 20, 120
"""A company smaller or younger than this has no stories: nobody would have peers or a baseline."""


@dataclass(frozen=True)
class Plot:
    """The stories' subjects. A company without stories has none, and days that never come."""

    overloaded: str = ""
    overload_from: date = date.max
    drifter: str = ""
    drift_from: date = date.max
    team: str = ""
    silent_from: date = date.max
    worse_from: date = date.max


def plan_plot(window: Window, reps: int) -> Plot:
    """The stories of a company of that size; seats.py puts these reps on these seats."""
    if reps < STORY_REPS or window.days < STORY_DAYS:
        return Plot()
    month = window.last.replace(day=1)
    return Plot(
        overloaded="R009",
        overload_from=_last_whole_week(window.last) - timedelta(days=14),
        drifter="R017",
        drift_from=month_after(month, -3),
        team="Development",
        silent_from=_after_a_workday(window.before_end(12)),
        worse_from=month_after(month, -3),
    )


def _last_whole_week(last: date) -> date:
    """The Monday of the last week that is over."""
    return last - timedelta(days=(last.weekday() + 1) % 7 + 6)


def _after_a_workday(day: date) -> date:
    """The day, or an earlier one, so that the one before it is a workday."""
    while not is_workday(day - timedelta(days=1), "US"):
        day -= timedelta(days=1)
    return day
