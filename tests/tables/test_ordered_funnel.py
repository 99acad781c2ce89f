"""The two ways of counting an ordered funnel (core.fct_lead_progress): a later step implies the earlier ones, or each
step must come at or after the one before it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sql.build import write_table
from sql.case_rows import load_rows
from sql.case_world import fresh_databases
from sql.catalog import Catalogue, load_catalogue
from sql.warehouse import connect

SQL = Path(__file__).parents[2] / "sql"
GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "data" / "dbt_product_analytics_golden"
STEPS = {"placed": 1, "completed": 2, "returned": 3}
EXPECTED = {"steps_reached_in_order": [6, 5, 2], "steps_reached": [9, 9, 4]}
ORDERS = {
    "through": "1 placed, 2 completed, 11 returned, 14 returned",
    "completed only, twice": "17 completed, 23 completed",
    "returned, never completed": "18 placed, 24 returned",
    "returned only": "17 returned",
    "through at the second try": "5 completed, 7 returned, 12 placed, 15 completed, 22 returned",
    "kept": "5 placed, 20 completed",
    "completed only": "18 completed",
    "kept soon": "9 placed, 17 completed",
    "kept the same day": "4 placed, 4 completed",
}
"""Customers by what became of their orders: day of the month and status of each."""


def events_of(orders: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """Rows of core.fct_lead_event from (customer, day, status)."""
    return [
        {
            "lead_id": customer,
            "step_order": STEPS[status],
            "step": status,
            "event_id": str(number),
            "happened_at": f"{day}T00:00:00Z",
        }
        for number, (customer, day, status) in enumerate(orders)
    ]


def own_orders() -> list[tuple[str, str, str]]:
    entries = [(customer, entry.split()) for customer, line in ORDERS.items() for entry in line.split(", ")]
    return [(customer, f"2018-01-{int(day):02}", status) for customer, (day, status) in entries]


def golden_orders() -> list[tuple[str, str, str]]:
    with (GOLDEN / "raw_orders_simple.csv").open(encoding="utf-8", newline="") as file:
        return [(row["customer_id"], row["order_date"], row["status"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(SQL)


def customers_by_step(catalogue: Catalogue, orders: Iterable[tuple[str, str, str]], mode: str) -> list[int]:
    """How many customers reached each step; `mode` is the column that says how far one came."""
    model = catalogue.models["core.fct_lead_progress"]
    reached = ", ".join(f"count(*) filter (where {mode} >= {step})" for step in STEPS.values())
    with connect(threads=1) as connection, fresh_databases(connection):
        load_rows(connection, catalogue.spec("core.fct_lead_event"), events_of(orders), "orders")
        write_table(connection, model, model.spec.write)
        counted = connection.execute(f"select {reached} from core.fct_lead_progress").fetchone()
    assert counted is not None
    return list(counted)


@pytest.mark.parametrize(("mode", "customers"), EXPECTED.items())
def test_orders_that_were_placed_completed_and_returned(catalogue: Catalogue, mode: str, customers: list[int]) -> None:
    assert customers_by_step(catalogue, own_orders(), mode) == customers


@pytest.mark.parametrize(("mode", "customers"), EXPECTED.items())
def test_the_published_figures_of_another_package(catalogue: Catalogue, mode: str, customers: list[int]) -> None:
    if not GOLDEN.exists():
        pytest.skip("the public data sets are not beside this repository")
    assert customers_by_step(catalogue, golden_orders(), mode) == customers


def test_the_order_in_which_events_are_told_does_not_matter(catalogue: Catalogue) -> None:
    assert customers_by_step(catalogue, reversed(own_orders()), "steps_reached_in_order") == [6, 5, 2]
