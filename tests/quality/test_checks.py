"""Each kind of check is shown a table that passes and one that breaks only that check."""

from __future__ import annotations

import duckdb
import pytest

from models.errors import CatalogueError
from models.tables import Severity, TableSpec
from sql.checks import run_checks

CHECKS = [
    {"name": "amounts_positive", "kind": "not_negative", "columns": ["amount"]},
    {"name": "rates_are_shares", "kind": "share", "columns": ["win_rate"]},
    {"name": "known_word", "kind": "in_set", "columns": ["word"], "values": ["won", "it's lost"]},
    {"name": "known_rep", "kind": "refers", "columns": ["rep_id"], "to": "core.rep.rep_id"},
    {"name": "adds_up", "kind": "no_rows", "sql": "select sale_id from marts.sale where amount <> part + 1;"},
]
SPEC = TableSpec.model_validate(
    {
        "table": "marts.sale",
        "description": "A sale.",
        "grain": ["sale_id", "line"],
        "columns": [
            {"name": name, "type": kind, "description": "x", "required": name == "day"}
            for name, kind in {
                "sale_id": "VARCHAR",
                "line": "INTEGER",
                "day": "DATE",
                "amount": "INTEGER",
                "part": "INTEGER",
                "win_rate": "DOUBLE",
                "word": "VARCHAR",
                "rep_id": "VARCHAR",
            }.items()
        ],
        "checks": [{**check, "reason": "x"} for check in CHECKS],
    }
)
GOOD = [
    "('s1', 1, date '2026-03-01', 5, 4, 0.5, 'won', 'r1')",
    "('s1', 2, date '2026-03-01', 0, -1, 1, 'it''s lost', 'r1')",
    "('s2', 1, date '2026-03-01', null, null, null, null, null)",
]
BROKEN = {
    "grain_is_unique": ("('s1', 1, date '2026-03-01', 5, 4, 0.5, 'won', 'r1')", "'times': 2"),
    "required_is_present": ("('s9', 1, null, 5, 4, 0.5, 'won', 'r1')", "'missing': day"),
    "amounts_positive": ("('s9', 1, date '2026-03-01', -1, -2, 0.5, 'won', 'r1')", "'amount': -1"),
    "rates_are_shares": ("('s9', 1, date '2026-03-01', 5, 4, 1.01, 'won', 'r1')", "'win_rate': 1.01"),
    "known_word": ("('s9', 1, date '2026-03-01', 5, 4, 0.5, 'Won', 'r1')", "'word': Won"),
    "known_rep": ("('s9', 1, date '2026-03-01', 5, 4, 0.5, 'won', 'r2')", "'rep_id': r2"),
    "adds_up": ("('s9', 1, date '2026-03-01', 5, 5, 0.5, 'won', 'r1')", "'sale_id': s9"),
}


def make_tables(connection: duckdb.DuckDBPyConnection, rows: list[str]) -> None:
    columns = ", ".join(f"{column.name} {column.type}" for column in SPEC.columns)
    connection.execute("create table core.rep as select 'r1' as rep_id union all select null")
    connection.execute(f"create table marts.sale ({columns})")
    connection.execute(f"insert into marts.sale values {', '.join(rows)}")


def test_a_table_that_keeps_every_rule_passes_all_checks(connection: duckdb.DuckDBPyConnection) -> None:
    make_tables(connection, GOOD)
    results = run_checks(connection, SPEC)
    assert [(one.check_name, one.passed, one.failing_rows, one.sample) for one in results] == [
        (name, True, 0, "") for name in BROKEN
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_fails_its_check_only_and_shows_the_row(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    row, sample = BROKEN[name]
    make_tables(connection, [*GOOD, row])
    failed = [one for one in run_checks(connection, SPEC) if not one.passed]
    assert [(one.check_name, one.failing_rows, one.blocks) for one in failed] == [(name, 1, True)]
    assert sample in failed[0].sample


def test_a_warning_fails_without_blocking(connection: duckdb.DuckDBPyConnection) -> None:
    make_tables(connection, [*GOOD, BROKEN["known_word"][0]])
    check = SPEC.checks[2].model_copy(update={"severity": Severity.WARN})
    results = run_checks(connection, SPEC.model_copy(update={"checks": (check,)}))
    assert [(one.passed, one.blocks) for one in results] == [(True, False), (True, False), (False, False)]


def test_the_sample_is_the_same_whatever_the_physical_order(connection: duckdb.DuckDBPyConnection) -> None:
    bad = [f"('x{number}', 1, null, 5, 4, 0.5, 'won', 'r1')" for number in (5, 2, 4, 1, 3)]
    make_tables(connection, bad)
    forward = run_checks(connection, SPEC)[1].sample
    connection.execute("drop table core.rep; drop table marts.sale")
    make_tables(connection, bad[::-1])
    assert run_checks(connection, SPEC)[1].sample == forward
    assert [word in forward for word in ("x1", "x2", "x3", "x4")] == [True, True, True, False]


def test_a_check_that_cannot_run_raises(connection: duckdb.DuckDBPyConnection) -> None:
    make_tables(connection, GOOD)
    connection.execute("drop table core.rep")
    with pytest.raises(CatalogueError, match=r"known_rep of marts\.sale cannot run"):
        run_checks(connection, SPEC)


def test_a_view_that_another_table_copies_is_asked_its_own_checks_only(connection: duckdb.DuckDBPyConnection) -> None:
    make_tables(connection, [*GOOD, GOOD[0], BROKEN["amounts_positive"][0]])
    view = TableSpec.model_validate({**SPEC.model_dump(), "write": "view", "checked_in": "staging.dirty_sale"})
    failed = [one.check_name for one in run_checks(connection, view) if not one.passed]
    assert failed == ["amounts_positive"]


def test_only_a_view_is_checked_elsewhere() -> None:
    with pytest.raises(ValueError, match="belongs to write: view"):
        TableSpec.model_validate({**SPEC.model_dump(), "checked_in": "staging.dirty_sale"})
