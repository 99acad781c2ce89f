"""Who the demo company is: its settings, its calendar, its window. Nothing here writes a file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from models.errors import UsageError
from pipelines.demo.behaviour import season

ZONE = ZoneInfo("America/New_York")
DEMO_AS_OF = datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=ZONE)
"""What `make run` passes on, so that the demo never goes stale."""

_SETTINGS = """\
company:
  name: Northgale Outfitters
  timezone: America/New_York
  currency: USD
  week_start: monday
  workdays: [mon, tue, wed, thu, fri]
  workday_hours: {start: "09:00", end: "17:30"}
  holidays: {default_country: US}
  fiscal_year_start_month: 2
sources:
  - {name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}
  - name: dialer
    kind: mapped
    path: inbox/dialer/*.csv
    entity: activities
    timezone: UTC
    read: {delimiter: ";"}
    fields:
      source_record_id: Call ID
      channel: {const: call}
      occurred_at: {column: Started, format: "%d.%m.%Y %H:%M:%S"}
      rep_id: Agent
      direction: {column: Type, map: {OUT: outbound, IN: inbound}, otherwise: unknown}
      status: {const: completed}
      disposition:
        column: Result
        map:
          ANSWERED: connected
          NO ANSWER: no_answer
          VOICEMAIL: voicemail
          MESSAGE: left_message
          BUSY: busy
          WRONG NUMBER: wrong_number
          FAILED: failed
      duration_seconds: {column: Length, unit: "HH:MM:SS"}
"""
FISCAL_YEAR_START = 2
HISTORY_DAYS = 365
"""For so long before the window there are deals, contracts and money, but no activities."""


def demo_settings() -> str:
    """The text of a touchline.yaml that reads what `write_demo` wrote to `inbox/crm`."""
    return _SETTINGS


@dataclass(frozen=True)
class Window:
    """The days the demo plays on, in the company's zone; `last` is the last whole day before or at `as_of`."""

    first: date
    last: date
    seed: int

    @property
    def days(self) -> int:
        """How many days, both ends included."""
        return (self.last - self.first).days + 1

    def at(self, share: float) -> date:
        """The day that lies `share` of the way into the window."""
        return self.first + timedelta(days=int((self.days - 1) * share))

    @property
    def opening(self) -> date:
        """The day of the earliest deal; activities begin at `first`."""
        return self.first - timedelta(days=HISTORY_DAYS)

    def before_end(self, days: int) -> date:
        """The day so many days before the last."""
        return self.last - timedelta(days=days)

    def months(self, before: int = 0) -> list[date]:
        """First days of the window's months, and of `before` months before them."""
        number = self.first.year * 12 + self.first.month - 1 - before
        last = self.last.year * 12 + self.last.month - 1
        return [date(month // 12, month % 12 + 1, 1) for month in range(number, last + 1)]

    def month_names(self) -> list[str]:
        """The month of each day, as 2026-01."""
        return [f"{self.first + timedelta(days=number):%Y-%m}" for number in range(self.days)]

    def dice(self, subject: str) -> random.Random:
        """A random stream of the subject's own, so that one subject's change does not move another's rows."""
        return random.Random(f"{self.seed}:{subject}")


def plan_window(reps: int, days: int, events: int | None, seed: int, as_of: datetime) -> Window:
    """The window of a demo's arguments; UsageError for those that make no company."""
    for name, value, low in (("reps", reps, 1), ("days", days, 1), ("events", 1 if events is None else events, 1)):
        if value < low:
            raise UsageError(f"--{name} is {value}", f"Give a whole number of at least {low}.")
    if as_of.tzinfo is None:
        raise UsageError(f"as_of {as_of.isoformat()} has no time zone", "Give an instant with an offset.")
    last = ((as_of + timedelta(microseconds=1)).astimezone(ZONE) - timedelta(days=1)).date()
    first = last - timedelta(days=days - 1)
    if first.year < 1995 or last.year > 2090:
        raise UsageError(f"the demo would run from {first} to {last}", "Stay between 1995 and 2090.")
    return Window(first, last, seed)


@cache
def days_off(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country, for how busy a day looks."""
    return frozenset(holidays.country_holidays(country, years=year))


def is_workday(day: date, country: str) -> bool:
    """Whether people of that country work on the day."""
    return day.weekday() < 5 and day not in days_off(country, day.year)


def stamp(day: date, second: int) -> str:
    """ISO text of a local day and second, with the offset of the day's noon: not for the night that changes it."""
    return f"{day}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{_offset_text(day)}"


@cache
def _offset_text(day: date) -> str:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZONE).isoformat()[-6:]


def office_second(dice: random.Random) -> int:
    """A second of the day within working hours."""
    return 9 * 3600 + dice.randrange(8 * 3600)


def next_workday(day: date) -> date:
    """The day itself, or the first one after it on which the company's country works."""
    while not is_workday(day, "US"):
        day += timedelta(days=1)
    return day


def seasonal_day(dice: random.Random, first: date, last: date) -> date:
    """A workday from `first` on (`last` is the latest that is drawn), more often one of a busy time of the year."""
    while True:
        day = first + timedelta(days=dice.randrange((last - first).days + 1))
        if dice.random() * 1.1 < season(day):
            return next_workday(day)


def month_after(month: date, months: int = 1) -> date:
    """The first day of the month so many months later, or earlier."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def is_quarter_end(month: int) -> bool:
    """Whether the month is a fiscal quarter's last."""
    return (month - FISCAL_YEAR_START) % 3 == 2
