"""Who works on which day and how busily: one number a person and day, from which activities are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from pipelines.demo.behaviour import OFF_FACTOR, PROFILE_NAMES, PROFILES, WEEKDAY_FACTORS
from pipelines.demo.company import Window, days_off
from pipelines.demo.roster import Roster, RosterRow

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_AFTER_LEAVING = 3
"""Days on which a leaver's sequences still send a little."""


@dataclass(frozen=True)
class RepDays:
    """The cells of a (day, person) grid with work in them, in the order of days; arrays of one length."""

    day: Ints
    person: Ints
    profile: Ints
    load: Floats


def plan_rep_days(window: Window, roster: Roster, leave: list[dict[str, object]]) -> RepDays:
    """The expected number of activities of each person and day; day 0 is the window's first."""
    people = {rep_id: number for number, rep_id in enumerate(roster.rep_ids)}
    loads = np.zeros((window.days, len(people)))
    profiles = np.zeros((window.days, len(people)), dtype=np.int64)
    weekdays = np.array([WEEKDAY_FACTORS[(window.first.weekday() + day) % 7] for day in range(window.days)])
    for row, first, last in _spans(window, roster):
        span = slice(first, last + 1)
        loads[span, people[row.rep_id]] = sum(PROFILES[row.profile].per_day) * weekdays[span]
        profiles[span, people[row.rep_id]] = PROFILE_NAMES.index(row.profile)
        for day in _holidays(window, row.country or "US"):
            if first <= day <= last:
                loads[day, people[row.rep_id]] *= OFF_FACTOR
    for absence in leave:
        start, end = (_number(window, absence[name]) for name in ("start_date", "end_date"))
        loads[start : end + 1, people[str(absence["rep_id"])]] *= OFF_FACTOR
    random = np.random.Generator(np.random.PCG64([abs(window.seed), 1]))
    skill = 0.75 + 0.5 * random.random(len(people))
    loads *= skill * (0.7 + 0.6 * random.random(loads.shape))
    days, persons = np.nonzero(loads)
    return RepDays(days, persons, profiles[days, persons], loads[days, persons])


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
    return (day - window.first).days


def previous_workdays(window: Window, before: int, after: int) -> Ints:
    """For the days from `before` ahead of the window to `after` behind it: the weekday at or before each."""
    numbers = []
    for number in range(-before, window.days + after):
        weekday = (window.first + timedelta(days=number)).weekday()
        numbers.append(number - max(0, weekday - 4))
    return np.array(numbers)
