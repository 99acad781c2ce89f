"""A slow night is told: twice the median of nights of as many rows, by at least ten seconds; else nothing is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipelines.night.history import PastNight
from pipelines.night.pace import SlowNight, slow_night

AT = datetime(2026, 4, 5, 9, tzinfo=UTC)
USUAL = PastNight(AT, "published", AT, "run", 1, 0, 20.0, 1, 1000, 1000, 0, 0, None)


def last(seconds, rows=1000, status="published"):
    return replace(USUAL, seconds=seconds, rows_read=rows, status=status)


def test_a_night_of_more_than_twice_the_usual_seconds_is_slow():
    assert slow_night([last(40.1), *[USUAL] * 5]) == SlowNight(40.1, 20.0, 5)
    assert slow_night([last(40.0), *[USUAL] * 5]) is None


def test_a_few_seconds_more_are_not_told():
    quick = replace(USUAL, seconds=4.0)
    assert slow_night([last(13.9), *[quick] * 5]) is None
    assert slow_night([last(14.0), *[quick] * 5]) == SlowNight(14.0, 4.0, 5)


@pytest.mark.parametrize(("rows", "compared"), [(499, False), (500, True), (2000, True), (2001, False)])
def test_only_nights_of_as_many_rows_compare(rows, compared):
    assert (slow_night([last(90.0, rows), *[USUAL] * 5]) is not None) == compared


def test_four_nights_are_too_few_and_the_oldest_are_not_asked():
    assert slow_night([last(90.0), *[USUAL] * 4]) is None
    assert slow_night([last(90.0), *[USUAL] * 20, *[replace(USUAL, seconds=500.0)] * 50]) == SlowNight(90.0, 20.0, 20)


def test_nights_that_published_nothing_are_looked_through():
    between = last(500.0, status="failed")
    assert slow_night([between, last(90.0), between, *[USUAL] * 5]) == SlowNight(90.0, 20.0, 5)
    assert slow_night([between] * 9) is None
    assert slow_night([]) is None
