"""The numbers that expectations are about: one statement a suite, one pass over its rows, in DuckDB alone.

Great Expectations judges these few numbers instead of the tables: its cost is then that of the expectations, whatever
the number of rows, and no table is read twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from data_quality.expected import Expected, Suite
from sql.quoting import identifier

FACTS = "facts"


def find_facts(connection: duckdb.DuckDBPyConnection, suites: Sequence[Suite]) -> None:
    """Makes the table `facts`: one row, a column for every expectation in the order of the suites.

    Raises RuntimeError, with the name of the suite, when its rows cannot be asked: that is not "failed".
    """
    numbers = [number for suite in suites for number in _numbers(connection, suite)]
    columns = ", ".join(f"?::double as {identifier(fact_name(place))}" for place in range(len(numbers)))
    connection.execute(f"create table {FACTS} as select {columns}", numbers)


def fact_name(place: int) -> str:
    """The column of the expectation at this place."""
    return f"fact_{place}"


def name_found(connection: duckdb.DuckDBPyConnection, suite: Suite, expected: Expected) -> str | None:
    """What a failed expectation found, in words of the table; None when it found a number."""
    if not expected.named:
        return None
    found = connection.execute(expected.named.replace("{rows}", f"({suite.rows})")).fetchone()
    return str(found[0]) if found else None


def _numbers(connection: duckdb.DuckDBPyConnection, suite: Suite) -> Sequence[object]:
    asked = ", ".join(expected.number for expected in suite.expected)
    try:
        return connection.execute(f"select {asked} from ({suite.rows}) as looked_at").fetchone() or ()
    except duckdb.Error as error:
        names = ", ".join(expected.name for expected in suite.expected)
        raise RuntimeError(f"{names} of {suite.table} could not be asked: {error}") from error
