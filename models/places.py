"""Where things are, as settings name it: time zones, and countries whose holidays are known."""

from __future__ import annotations

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from models.errors import nearest


def known_zone(value: str) -> str:
    """The value itself when it is an IANA time zone."""
    if value not in _zones():
        raise ValueError(
            f"'{value}' is no time zone: use an IANA name such as Europe/Berlin.{nearest(value, _zones())}"
        )
    return value


def has_holidays(country: str) -> bool:
    """Whether `holidays` knows the country; its modules of all countries, a fifth of a second, are not loaded for it."""
    from holidays.registry import EntityLoader

    return country in EntityLoader.get_country_codes()


def _known_country(value: str) -> str:
    if not has_holidays(value):
        raise ValueError(f"no holidays are known for '{value}': use an ISO 3166 code such as US or DE")
    return value


_NO_PLACES = {"localtime", "posixrules", "Factory"}
"""Among Python's names of zones, but DuckDB does not know them."""


@cache
def _zones() -> set[str]:
    return available_timezones() - _NO_PLACES


TimeZone = Annotated[str, AfterValidator(known_zone)]
HolidayCountry = Annotated[str, AfterValidator(_known_country)]
