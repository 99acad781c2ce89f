"""Weeks, months, fiscal quarters and years of the demo company, by their first day."""

from datetime import timedelta
from functools import cache

FISCAL_START = 2
GRAINS = ("week", "month", "quarter", "year")


@cache
def start_of(grain, day):
    """The first day of the period that the day lies in; a week starts on Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    since = (day.month - FISCAL_START) % 12
    return months_after(day.replace(day=1), -{"month": 0, "quarter": since % 3, "year": since}[grain])


def next_of(grain, start):
    """The first day of the period after the one that starts then."""
    if grain in ("day", "week"):
        return start + timedelta(days=7 if grain == "week" else 1)
    return months_after(start, {"month": 1, "quarter": 3, "year": 12}[grain])


def months_after(month, months):
    number = month.year * 12 + month.month - 1 + months
    return month.replace(year=number // 12, month=number % 12 + 1)


def periods(grain, first, last):
    """The periods of the grain from the one that holds `first` to the one that holds `last`."""
    start = start_of(grain, first)
    while start <= last:
        yield start
        start = next_of(grain, start)


def days(first, last):
    """Every day from one to the other, both counted."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
