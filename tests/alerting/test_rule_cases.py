"""Every tests/alerts/<rule>/<case>.yaml is one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.alerting.cases import find_cases, load_case, run_case
from pipelines.night.shipped import shipped_catalogue, shipped_rules
from sql.warehouse import connect

CASES = Path(__file__).parents[1] / "alerts"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(threads=1) as opened:
        yield opened


@pytest.mark.parametrize("path", find_cases(CASES), ids=lambda path: "/".join(path.with_suffix("").parts[-2:]))
def test_the_rule_does_what_the_case_expects(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    case = load_case(path)
    differences = run_case(shipped_catalogue(), shipped_rules(), case, connection)
    assert not differences, f"{case.why}\n" + "\n".join(differences)
