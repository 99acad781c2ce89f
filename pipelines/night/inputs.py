"""What a night knows besides its files, written as tables so that every number can be reproduced from the file alone:
the parameters it was judged with, the sources in their order, the public holidays."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from models.settings import Settings
from sql.inputs import create_holiday_table, create_parameter_table, create_source_table, parameters_of


def write_inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Replaces core.parameter, core.source and core.holiday."""
    create_parameter_table(connection, parameters_of(settings, as_of))
    create_source_table(connection, settings)
    _write_holidays(connection, settings, as_of)


def company_day(as_of: datetime, timezone: str) -> str:
    """The calendar day of an instant in the company's zone, as ISO text."""
    return as_of.astimezone(ZoneInfo(timezone)).date().isoformat()


def _write_holidays(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Holidays of the roster's countries and the default one, from the first hire or event to a year after as_of."""
    default = settings.company.holidays.default_country
    roster = connection.execute("select distinct country from core.latest_reps where country is not null").fetchall()
    countries = {country for (country,) in roster} | ({default} if default else set())
    (first,) = connection.execute(
        "select least((select min(hire_date) from core.latest_reps),"
        " (select min(activity_date) from core.latest_activities))"
    ).fetchone() or (None,)
    first_year = min(first.year, as_of.year) if first else as_of.year
    create_holiday_table(connection, countries, first_year, as_of.year + 1)
