"""The small tables that every model may read and Python makes: parameters, sources, holidays, the window's days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict

from models.places import has_holidays
from models.settings import WEEKDAYS, Settings, Source
from models.tables import Column, TableSpec
from sql.rows import Cell, create_table, insert_rows

if TYPE_CHECKING:
    import duckdb

PARAMETER = TableSpec(
    table="core.parameter",
    description="The one row of values that queries may ask for: the night's instant and the company's settings.",
    grain=("as_of",),
    columns=(
        Column(name="as_of", type="TIMESTAMPTZ", description="The instant the tables speak of.", required=True),
        Column(name="as_of_date", type="DATE", description="Its day in the company's zone.", required=True),
        Column(name="timezone", type="VARCHAR", description="The company's IANA time zone.", required=True),
        Column(name="currency", type="VARCHAR", description="The company's currency.", required=True),
        Column(name="week_start", type="INTEGER", description="First day of the week, 1 Monday to 7.", required=True),
        Column(name="fiscal_year_start_month", type="INTEGER", description="1 to 12.", required=True),
        Column(name="workdays", type="INTEGER[]", description="Days of the week worked, 1 Monday to 7.", required=True),
        Column(name="workday_start", type="TIME", description="Start of the working day.", required=True),
        Column(name="workday_end", type="TIME", description="Its end, no longer inside.", required=True),
        Column(name="default_country", type="VARCHAR", description="Country of holidays of reps without one."),
        Column(name="counts_as_rep", type="VARCHAR[]", description="Roles that count as reps.", required=True),
        Column(
            name="connected_call_seconds",
            type="BIGINT",
            unit="seconds",
            description="From how long on a call without a disposition counts as connected.",
            required=True,
        ),
        Column(
            name="ramp_days",
            type="INTEGER",
            unit="days",
            description="A rep employed for fewer days is ramping.",
            required=True,
        ),
        Column(
            name="funnel_window_days",
            type="INTEGER",
            unit="days",
            description="How long after a lead's creation its steps count.",
            required=True,
        ),
        Column(
            name="untouched_days",
            type="INTEGER",
            unit="days",
            description="An open deal without its owner's activity this long is untouched.",
            required=True,
        ),
        Column(name="gross_margin", type="DECIMAL(9,6)", description="Share of revenue; NULL when nobody says."),
        Column(
            name="turnover_threshold",
            type="DECIMAL(9,6)",
            description="A trailing turnover above it is too much.",
            required=True,
        ),
        Column(
            name="overload_touches_per_workday",
            type="DECIMAL(18,6)",
            description="From here on a week is an overload, whatever others do.",
            required=True,
        ),
        Column(
            name="overload_ratio",
            type="DECIMAL(9,6)",
            description="Overload from this many times the own baseline and the peers.",
            required=True,
        ),
        Column(
            name="high_ratio",
            type="DECIMAL(9,6)",
            description="High from this many times the own baseline or the peers.",
            required=True,
        ),
        Column(
            name="under_ratio",
            type="DECIMAL(9,6)",
            description="Under up to this many times the own baseline and the peers.",
            required=True,
        ),
    ),
)
SOURCE = TableSpec(
    table="core.source",
    description="One source of the settings.",
    grain=("source",),
    columns=(
        Column(name="source", type="VARCHAR", description="Its name.", required=True),
        Column(name="priority", type="INTEGER", description="Its place in the settings, from 1.", required=True),
        Column(name="kind", type="VARCHAR", description="canonical or mapped.", required=True),
        Column(
            name="assume_past_meetings_held",
            type="BOOLEAN",
            description="Whether its past meetings without a status count as held.",
            required=True,
        ),
    ),
)
HOLIDAY = TableSpec(
    table="core.holiday",
    description="One public holiday of a country.",
    grain=("country", "holiday_date"),
    columns=(
        Column(name="country", type="VARCHAR", description="ISO 3166 code.", required=True),
        Column(name="holiday_date", type="DATE", description="The day.", required=True),
        Column(name="name", type="VARCHAR", description="Its name.", required=True),
    ),
)
DIRTY_DAY = TableSpec(
    table="staging.dirty_day",
    description="A company day whose mart rows are replaced tonight.",
    grain=("activity_date",),
    columns=(Column(name="activity_date", type="DATE", description="The day.", required=True),),
)
ALERT_NIGHT = TableSpec(
    table="core.alert_night",
    description="One night that alert rules judge: tonight's company day, in a backtest every day of its range.",
    grain=("night_date",),
    columns=(
        Column(name="night_date", type="DATE", description="The company day.", required=True),
        Column(name="week_start", type="DATE", description="First day of the last week that is over.", required=True),
        Column(name="month_start", type="DATE", description="First day of the last month that is over.", required=True),
    ),
)
ALERT_LIMIT = TableSpec(
    table="core.alert_limit",
    description="One threshold of an alert rule's limit, for everybody or for some; the most specific one holds.",
    grain=("rule", "limit_name", "scope", "scope_id"),
    columns=(
        Column(name="rule", type="VARCHAR", description="The rule.", required=True),
        Column(name="limit_name", type="VARCHAR", description="The limit, a key of alerts.rules.", required=True),
        Column(
            name="scope",
            type="VARCHAR",
            description="For whom: rep, role, rep_type, team, source or all; of several the one named first here.",
            required=True,
        ),
        Column(name="scope_id", type="VARCHAR", description="Which of them; `all` for all.", required=True),
        Column(name="threshold", type="DOUBLE", description="Past it is too much.", required=True),
        Column(name="clear_threshold", type="DOUBLE", description="Where it is over again.", required=True),
    ),
)
INPUTS = (PARAMETER, SOURCE, HOLIDAY, ALERT_NIGHT, ALERT_LIMIT)


class Parameters(BaseModel):
    """The row of core.parameter. `as_of_date` is derived from `as_of` and `timezone` unless it is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: AwareDatetime
    as_of_date: date | None = None
    timezone: str = "UTC"
    currency: str = "USD"
    week_start: int = 1
    fiscal_year_start_month: int = 1
    workdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    workday_start: str = "09:00"
    workday_end: str = "17:30"
    default_country: str | None = None
    counts_as_rep: tuple[str, ...] = ("sdr", "ae", "csm", "field_rep")
    connected_call_seconds: int = 90
    ramp_days: int = 90
    funnel_window_days: int = 180
    untouched_days: int = 30
    gross_margin: Decimal | None = None
    turnover_threshold: Decimal = Decimal("0.20")
    overload_touches_per_workday: Decimal = Decimal("90")
    overload_ratio: Decimal = Decimal("1.5")
    high_ratio: Decimal = Decimal("1.25")
    under_ratio: Decimal = Decimal("0.5")


def parameters_of(settings: Settings, as_of: datetime) -> Parameters:
    """The parameters of a night at `as_of` (with an offset)."""
    company, metrics = settings.company, settings.metrics
    return Parameters(
        as_of=as_of,
        timezone=company.timezone,
        currency=company.currency,
        week_start=WEEKDAYS.index(company.week_start[:3]) + 1,
        fiscal_year_start_month=company.fiscal_year_start_month,
        workdays=tuple(sorted(WEEKDAYS.index(day) + 1 for day in company.workdays)),
        workday_start=company.workday_hours.start,
        workday_end=company.workday_hours.end,
        default_country=company.holidays.default_country,
        **metrics.model_dump(exclude={"subjects", "workload"}),
        **metrics.workload.model_dump(),
    )


def create_parameter_table(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Makes core.parameter with its one row."""
    row: dict[str, Cell] = {name: _cell(value) for name, value in parameters}
    name = create_table(connection, PARAMETER)
    insert_rows(connection, name, PARAMETER, [row])
    connection.execute(
        f"update {name} set as_of_date = cast(as_of at time zone timezone as date) where as_of_date is null"
    )


def create_source_table(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Makes core.source; several entries of one name are one source, at the place of the first."""
    entries: dict[str, list[Source]] = {}
    for source in settings.sources:
        entries.setdefault(source.name, []).append(source)
    rows: list[dict[str, Cell]] = [
        {
            "source": name,
            "priority": str(place),
            "kind": same[0].kind,
            "assume_past_meetings_held": str(all(source.assumes_meetings_held() for source in same)),
        }
        for place, (name, same) in enumerate(entries.items(), start=1)
    ]
    insert_rows(connection, create_table(connection, SOURCE), SOURCE, rows)


def create_holiday_table(
    connection: duckdb.DuckDBPyConnection, countries: Iterable[str], first_year: int, last_year: int
) -> None:
    """Makes core.holiday for countries known to `holidays` (others have none) and whole years, both included."""
    rows: list[dict[str, Cell]] = [
        {"country": country, "holiday_date": day.isoformat(), "name": name}
        for country in sorted(set(countries))
        for day, name in _holidays_of(country, first_year, last_year)
    ]
    insert_rows(connection, create_table(connection, HOLIDAY), HOLIDAY, rows)


def _holidays_of(country: str, first_year: int, last_year: int) -> list[tuple[date, str]]:
    import holidays

    if not has_holidays(country):
        return []
    return sorted(holidays.country_holidays(country, years=range(first_year, last_year + 1), language="en_US").items())


def _cell(value: object) -> Cell:
    if value is None:
        return None
    if isinstance(value, date):
        return value.isoformat()
    return [str(item) for item in value] if isinstance(value, tuple) else str(value)
