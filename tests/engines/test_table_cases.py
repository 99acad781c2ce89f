"""Every case of tests/tables once more, the table under test made by Sail: whole rows, as DuckDB makes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sql.cases import find_cases, load_case, run_case
from sql.catalog import Catalogue, load_catalogue
from sql.engines.spark import SparkEngine
from sql.engines.storage import Folder
from sql.warehouse import connect

ROOT = Path(__file__).parents[2]
COMPARES_GENERATIONS = ("dirty_day", "dirty_scope_period")
"""They hold two generations against each other, and no night asks an engine for them."""
CASES = [path for path in find_cases(ROOT / "tests" / "tables") if path.parent.name not in COMPARES_GENERATIONS]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "sql")


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as opened:
        yield opened


@pytest.mark.parametrize("path", CASES, ids=lambda path: "/".join(path.with_suffix("").parts[-3:]))
def test_sail_makes_the_rows_that_the_case_expects(
    session: Any, catalogue: Catalogue, connection: duckdb.DuckDBPyConnection, tmp_path: Path, path: Path
) -> None:
    engine = SparkEngine(session, Folder(tmp_path), catalogue)
    case = load_case(path)
    differences = run_case(catalogue, case, connection, engine.remake)
    assert not differences, f"{case.why}\n" + "\n".join(differences)
