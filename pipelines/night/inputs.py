"""What a night knows besides its files, written as tables so that every number can be reproduced from the file alone:
the parameters it was judged with, the sources in their order, the public holidays."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from models.settings import WEEKDAYS, Settings
from sql.records import create_input_tables

_WEEK_STARTS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def write_inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Replaces core.parameter, core.source and core.holiday."""
    create_input_tables(connection)
    _write_parameter(connection, settings, as_of)
    connection.execute("delete from core.source")
    names = dict.fromkeys(source.name for source in settings.sources)
    kinds = {source.name: source.kind for source in settings.sources}
    for priority, name in enumerate(names, start=1):
        connection.execute(
            "insert into core.source by name select ? as source, ? as priority, ? as kind",
            [name, priority, kinds[name]],
        )
    _write_holidays(connection, settings, as_of)


def _write_parameter(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    company = settings.company
    connection.execute("delete from core.parameter")
    connection.execute(
        """
        insert into core.parameter by name select
            ?::timestamptz as as_of, ?::date as as_of_date, ? as timezone, ? as currency, ?::integer as week_start,
            ?::integer as fiscal_year_start_month, ?::integer[] as workdays, ?::time as workday_start, ?::time as workday_end,
            ? as default_country, ?::varchar[] as counts_as_rep, ?::bigint as connected_call_seconds
        """,
        [
            as_of.isoformat(), company_day(as_of, company.timezone), company.timezone, company.currency,
            _WEEK_STARTS.index(company.week_start) + 1, company.fiscal_year_start_month,
            [WEEKDAYS.index(day) + 1 for day in company.workdays], company.workday_hours.start, company.workday_hours.end,
            company.holidays.default_country, list(settings.metrics.counts_as_rep), settings.metrics.connected_call_seconds,
        ],
    )  # fmt: skip


def company_day(as_of: datetime, timezone: str) -> str:
    """The calendar day of an instant in the company's zone, as ISO text."""
    return as_of.astimezone(ZoneInfo(timezone)).date().isoformat()


def _write_holidays(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Holidays of every country of the roster and the default one, from the first hire or event to a year after as_of."""
    import holidays

    connection.execute("delete from core.holiday")
    countries = {
        country
        for (country,) in connection.execute(
            "select distinct country from core.latest_reps where country is not null"
        ).fetchall()
    }
    countries |= {settings.company.holidays.default_country} - {None}
    known = holidays.list_supported_countries()
    (first,) = connection.execute(
        "select least((select min(hire_date) from core.latest_reps), (select min(activity_date) from core.latest_activities))"
    ).fetchone() or (None,)
    years = range(first.year if first else as_of.year, as_of.year + 2)
    rows = [
        (country, day, name)
        for country in sorted(countries & set(known))
        for day, name in sorted(holidays.country_holidays(country, years=years).items())
    ]
    if rows:
        names = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(
            "insert into core.holiday by name select unnest(?) as country, unnest(?) as holiday_date, unnest(?) as name",
            names,
        )
