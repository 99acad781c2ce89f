"""Every tests/tables/<schema>/<table>/<rule>.yaml is one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from sql.cases import find_cases, load_case, run_case
from sql.catalog import Catalogue, load_catalogue

CASES = Path(__file__).parent
SQL = CASES.parents[1] / "sql"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(SQL)


@pytest.mark.parametrize("path", find_cases(CASES), ids=lambda path: "/".join(path.with_suffix("").parts[-3:]))
def test_the_table_holds_what_the_case_expects(catalogue: Catalogue, path: Path) -> None:
    case = load_case(path)
    differences = run_case(catalogue, case)
    assert not differences, f"{case.why}\n" + "\n".join(differences)
