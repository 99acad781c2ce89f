"""What a person writes as `--as-of` is one instant, in the company's time zone when it names none."""

from datetime import UTC, datetime

import pytest

from models.errors import UsageError
from pipelines.instants import parse_as_of

NEW_YORK = "America/New_York"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-31", "2026-04-01T03:59:59.999999"),
        ("2026-03-08", "2026-03-09T03:59:59.999999"),
        ("2026-03-31T18:00", "2026-03-31T22:00:00"),
        ("2026-03-31T18:00:00+02:00", "2026-03-31T16:00:00"),
        ("2026-03-31T18:00:00Z", "2026-03-31T18:00:00"),
    ],
)
def test_a_date_is_its_last_moment_and_a_local_time_is_the_companys(text, expected):
    assert parse_as_of(text, NEW_YORK) == utc(expected)


def test_a_local_time_that_occurs_twice_is_the_later_one():
    assert parse_as_of("2026-11-01T01:30", NEW_YORK) == utc("2026-11-01T06:30")


def test_a_local_time_that_never_occurs_is_read_with_the_offset_before_the_change():
    assert parse_as_of("2026-03-08T02:30", NEW_YORK) == utc("2026-03-08T07:30")


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "", "31.03.2026", "0001-01-01T00:00"])
def test_anything_else_is_wrong_usage(text):
    with pytest.raises(UsageError):
        parse_as_of(text, "Asia/Tokyo")
