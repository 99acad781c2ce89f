"""A mapping's conditions as SQL over one row's cells: true or false, never NULL."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.conditions import Test
from pipelines.sources.conversions.words import any_case, folded
from sql.quoting import literal


def conditions_sql(tests: Mapping[str, Test], cell_of: Callable[[str], str]) -> str:
    """Whether all tests hold; `cell_of` gives the cleaned cell of a column, NULL when blank."""
    return " and ".join(_test_sql(test, cell_of(column)) for column, test in tests.items()) or "true"


def _test_sql(test: Test, cell: str) -> str:
    if test.is_filled is not None:
        return f"({cell} is {'not ' if test.is_filled else ''}null)"
    if test.matches is not None:
        return f"coalesce(regexp_matches({cell}, {literal(test.matches)}), false)"
    if test.above is not None:
        return f"coalesce(try_cast({cell} as double) > {test.above!r}, false)"
    listed = ", ".join(any_case(literal(folded(word))) for word in test.words or test.none_of)
    is_one = f"coalesce({any_case(cell)} in ({listed}), false)"
    return is_one if test.words else f"(not {is_one})"
