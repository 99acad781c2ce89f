"""The window of a backfill: which company days are built again from what core holds."""

from __future__ import annotations

from datetime import date

from models.errors import UsageError
from pipelines.night.generation import Generation
from pipelines.night.tables import Window
from sql.warehouse import open_published


def parse_window(first: str | None, last: str | None) -> Window | None:
    """The days between two ISO dates, both included; None without them. Raises UsageError."""
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise UsageError("a window has a first and a last day", "Give both --from DATE and --to DATE.")
    window = Window(_day(first), _day(last))
    if window.first > window.last:
        raise UsageError(f"--from {first} lies after --to {last}", "Exchange them.")
    return window


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no date", "Write it as 2026-03-31.") from None


def first_day_of(published: Generation) -> date | None:
    """The first company day that the published tables speak of; None when they hold no day."""
    return _days_of(published)[0]


def check_window(published: Generation, window: Window) -> None:
    """Raises UsageError when the window reaches beyond the days that the published tables speak of."""
    first, last = _days_of(published)
    if first is None or last is None or window.first < first or window.last > last:
        raise UsageError(
            f"{window.first} to {window.last} reaches beyond what is published: {first} to {last} (its as_of)",
            "Name days between them; a later day needs a night: touchline run",
        )


def _days_of(published: Generation) -> tuple[date | None, date | None]:
    """The first day of the calendar, and the day of as_of."""
    with open_published(published.crm) as connection:
        return connection.execute(
            "select min(date_day), any_value(as_of_date) from core.dim_date cross join core.parameter"
        ).fetchone() or (None, None)
