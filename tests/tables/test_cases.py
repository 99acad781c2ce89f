"""Every tests/tables/<schema>/<table>/<rule>.yaml is one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sql.cases import find_cases, load_case, run_case
from sql.catalog import Catalogue, load_catalogue
from sql.warehouse import connect

CASES = Path(__file__).parent
SQL = CASES.parents[1] / "sql"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(SQL)


@pytest.fixture(scope="session")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as opened:
        yield opened


@pytest.mark.parametrize("path", find_cases(CASES), ids=lambda path: "/".join(path.with_suffix("").parts[-3:]))
def test_the_table_holds_what_the_case_expects(
    catalogue: Catalogue, connection: duckdb.DuckDBPyConnection, path: Path
) -> None:
    case = load_case(path)
    differences = run_case(catalogue, case, connection)
    assert not differences, f"{case.why}\n" + "\n".join(differences)
