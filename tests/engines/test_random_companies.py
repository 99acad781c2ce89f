"""Random companies of every entity: an engine's nights publish DuckDB's tables, the first one and one with more rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cheap_nights import ALL_MARTS
from tests.engines.companies import AS_OF, random_company, random_settings
from tests.engines.test_nights import on_engine
from tests.reliability import tried_here
from tests.runs.conftest import Office
from tests.runs.test_properties import deliver

SHARE_LATER = 0.15
"""Of another company's rows, with the same ids, in the second night."""
COMPANIES = settings(
    max_examples=tried_here(6), deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def nights_of(office: Office, environment: Mapping[str, str], seed: int) -> list[dict[str, str]]:
    """The hashes of every table after a first night and after one with new, corrected and deleted records."""
    office.environment = dict(environment)
    chance = Random(seed)
    found = []
    for night, share in enumerate((1.0, SHARE_LATER)):
        company = random_company(seed + night)
        rows = [(entity, row) for entity, listed in company.items() for row in listed if chance.random() < share]
        deliver(office, rows, str(night))
        office.night(as_of=AS_OF + timedelta(days=night, hours=3 * night))
        found.append(office.hashes())
    return found


@pytest.mark.slow
@COMPANIES
@given(seed=st.integers(0, 1_000_000))
def test_any_company_has_the_same_tables_on_sail(sail: str, open_office: Callable[..., Any], seed: int) -> None:
    here = nights_of(open_office(random_settings(seed)), ALL_MARTS, seed)
    there = nights_of(open_office(random_settings(seed)), on_engine(sail), seed)
    for night, tables in enumerate(here):
        assert [table for table in tables if there[night].get(table) != tables[table]] == [], f"night {night + 1}"
