"""Who works on which day and how busily: one number a person and day, from which activities are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from pipelines.demo.behaviour import (
    NOTICE_DAYS,
    NOTICE_FACTOR,
    OFF_FACTOR,
    OVERLOAD,
    PROFILE_NAMES,
    PROFILES,
    WEEKDAY_FACTORS,
    ramp,
    season,
)
from pipelines.demo.company import Window, days_off
from pipelines.demo.people_files import Leave
from pipelines.demo.plot import Plot
from pipelines.demo.roster import Roster, RosterRow

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BLANK = -1
"""The number that stands for an empty cell."""
_AFTER_LEAVING = 3
"""Days on which a leaver's sequences still send a little."""


@dataclass(frozen=True)
class RepDays:
    """The cells of a (day, person) grid with work in them, in the order of days; arrays of one length."""

    day: Ints
    person: Ints
    profile: Ints
    load: Floats

    @property
    def expected(self) -> int:
        """How many activities the loads add up to."""
        return max(1, round(float(np.cumsum(self.load)[-1])))


def plan_rep_days(window: Window, roster: Roster, leave: list[Leave], plot: Plot) -> RepDays:
    """The expected number of activities of each person and day; day 0 is the window's first."""
    people = {rep_id: number for number, rep_id in enumerate(roster.rep_ids)}
    loads = np.zeros((window.days, len(people)))
    profiles = np.zeros((window.days, len(people)), dtype=np.int64)
    calendar = [window.first + timedelta(days=number) for number in range(window.days)]
    busyness = np.array([WEEKDAY_FACTORS[day.weekday()] * season(day) for day in calendar])
    for row, first, last in _spans(window, roster):
        span, person = slice(first, last + 1), people[row.rep_id]
        loads[span, person] = sum(PROFILES[row.profile].per_day) * busyness[span] * _stage_of_life(row, calendar[span])
        profiles[span, person] = PROFILE_NAMES.index(row.profile)
        off = [day for day in _holidays(window, row.country or "US") if first <= day <= last]
        loads[off, person] *= OFF_FACTOR
    for absence in leave:
        start, end = (_number(window, absence[name]) for name in ("start_date", "end_date"))
        loads[start : end + 1, people[str(absence["rep_id"])]] *= OFF_FACTOR
    _vary(loads, window)
    if plot.drifter:
        profiles[_number(window, plot.drift_from) :, people[plot.drifter]] = PROFILE_NAMES.index("drifting")
        loads[_number(window, plot.overload_from) :, people[plot.overloaded]] *= OVERLOAD
    days, persons = np.nonzero(loads)
    return RepDays(days, persons, profiles[days, persons], loads[days, persons])


def _stage_of_life(row: RosterRow, calendar: Sequence[date]) -> Floats:
    """A newcomer's ramp-up and a leaver's last days, as factors."""
    left = row.termination_date
    return np.array(
        [
            ramp((day - row.hire_date).days)
            * (NOTICE_FACTOR if left is not None and (left - day).days < NOTICE_DAYS else 1)
            for day in calendar
        ]
    )


def _vary(loads: Floats, window: Window) -> None:
    """Some people do more than others, and nobody does the same every day."""
    dice = np.random.Generator(np.random.PCG64([abs(window.seed), 1]))
    loads *= 0.75 + 0.5 * dice.random(loads.shape[1])
    loads *= 0.7 + 0.6 * dice.random(loads.shape)


def _spans(window: Window, roster: Roster) -> Iterator[tuple[RosterRow, int, int]]:
    """Each roster row with the first and last day (numbers in the window) on which its person works by it."""
    for row, following in zip(roster.rows, (*roster.rows[1:], None), strict=True):
        first = max(0, (row.effective_from - window.first).days)
        last = window.days - 1
        if row.termination_date is not None:
            last = min(last, (row.termination_date - window.first).days + _AFTER_LEAVING)
        if following is not None and following.rep_id == row.rep_id:
            last = min(last, (following.effective_from - window.first).days - 1)
        if first <= last:
            yield row, first, last


def _holidays(window: Window, country: str) -> list[int]:
    years = range(window.first.year, window.last.year + 1)
    return sorted((day - window.first).days for year in years for day in days_off(country, year))


def _number(window: Window, day: object) -> int:
    assert isinstance(day, date)
    return max(0, (day - window.first).days)


def previous_workdays(window: Window, before: int, after: int) -> Ints:
    """For the days from `before` ahead of the window to `after` behind it: the weekday at or before each."""
    numbers = []
    for number in range(-before, window.days + after):
        weekday = (window.first + timedelta(days=number)).weekday()
        numbers.append(number - max(0, weekday - 4))
    return np.array(numbers)
