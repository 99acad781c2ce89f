"""A contract as Great Expectations asks it: a table that keeps it passes, one that breaks a rule fails that rule only."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data_quality.contract_suites import contract_suites, judged_specs
from data_quality.expected import Assignment, Expected, Fact, Suite
from data_quality.suites import judge
from models.tables import Severity, TableSpec

SPEC = TableSpec.model_validate(
    {
        "table": "marts.sale",
        "description": "A sale.",
        "grain": ["sale_id"],
        "columns": [
            {"name": "sale_id", "type": "VARCHAR", "description": "Its id.", "required": True},
            {"name": "amount", "type": "BIGINT", "description": "Its amount."},
            {"name": "win_rate", "type": "DOUBLE", "description": "A share."},
            {"name": "word", "type": "VARCHAR", "description": "A word."},
        ],
        "checks": [
            {"name": "amounts_positive", "kind": "not_negative", "columns": ["amount"], "reason": "A count."},
            {
                "name": "rates_are_shares",
                "kind": "share",
                "columns": ["win_rate"],
                "reason": "A share.",
                "severity": "warn",
            },
            {
                "name": "known_word",
                "kind": "in_set",
                "columns": ["word"],
                "values": ["won", "it's"],
                "reason": "A set.",
            },
        ],
    }
)
GOOD = ["('s1', 5, 0.5, 'won')", "('s2', null, null, null)", "('s3', 0, 1, 'it''s')"]
BROKEN = {
    "expect_unique_grain": ("('s1', 5, 0.5, 'won')", "block", "several rows of one sale_id"),
    "expect_required_values": ("(null, 5, 0.5, 'won')", "block", "lacks required values in 1 rows"),
    "expect_amounts_positive": ("('s9', -1, 0.5, 'won')", "block", "A count. Found: 1."),
    "expect_rates_are_shares": ("('s9', 1, 1.5, 'won')", "warn", "A share. Found: 1."),
    "expect_known_word_word": ("('s9', 1, 0.5, 'Lost')", "block", "A set. Found: Lost."),
}


def judged(folder: Path, rows: list[str], fewest: int = 3, columns: str = "sale_id, amount, win_rate, word"):
    crm = folder / "crm.duckdb"
    with duckdb.connect(str(crm)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.sale (sale_id varchar, amount bigint, win_rate double, word varchar)")
        connection.execute(f"insert into marts.sale values {', '.join(rows)}")
        connection.execute(f"create or replace table marts.sale as select {columns} from marts.sale")
    suites = tuple(contract_suites([SPEC], {"marts.sale": fewest}))
    return judge(Assignment(crm, folder / "pages", suites, "500MB", 1))


def test_a_table_that_keeps_its_contract_passes_every_expectation(tmp_path):
    results = judged(tmp_path, GOOD)
    assert [(one.check_name, one.kind, one.passed, one.failing_rows, one.sample) for one in results] == [
        (name, "expectation", True, 0, "")
        for name in (
            "expect_columns", "expect_unique_grain", "expect_required_values", "expect_rows_kept",
            "expect_amounts_positive", "expect_rates_are_shares", "expect_known_word_word",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_fails_its_expectation_only_and_says_what_to_do(tmp_path, name):
    row, severity, told = BROKEN[name]
    failed = [one for one in judged(tmp_path, [*GOOD, row]) if not one.passed]
    assert [(one.check_name, one.severity, one.failing_rows) for one in failed] == [(name, severity, 1)]
    assert told in failed[0].sample
    assert failed[0].sample.endswith("mend what builds marts.sale, and run again.")


def test_a_table_that_lost_most_of_its_rows_is_flagged(tmp_path):
    failed = [one for one in judged(tmp_path, GOOD, fewest=100) if not one.passed]
    assert [(one.check_name, one.severity) for one in failed] == [("expect_rows_kept", Severity.WARN)]
    assert "has 3 rows, after the last good night at least 100 are expected" in failed[0].sample


def test_columns_in_another_order_fail(tmp_path):
    failed = [one for one in judged(tmp_path, GOOD, columns="amount, sale_id, win_rate, word") if not one.passed]
    assert [one.check_name for one in failed] == ["expect_columns"]
    assert "has the columns amount, sale_id, win_rate, word" in failed[0].sample


def test_the_pages_show_failures_first_and_load_nothing(tmp_path):
    judged(tmp_path, [*GOOD, BROKEN["expect_known_word_word"][0]])
    index, page = ((tmp_path / "pages" / name).read_text("utf-8") for name in ("index.html", "marts.sale.html"))
    assert "A set. Found: Lost." in index and "A set. Found: Lost." in page
    assert index.index("A set. Found: Lost.") < index.index("marts.sale</a>")
    for text in (index, page):
        assert not any(mark in text for mark in ("<script", "<link", "<img", "src=", "url(", "@import"))


def test_an_expectation_that_cannot_be_asked_raises(tmp_path):
    crm = tmp_path / "crm.duckdb"
    duckdb.connect(str(crm)).close()
    wrong = Expected("expect_nothing", Severity.BLOCK, "", "", "median(missing)", Fact.NUMBER, low=1)
    suite = Suite("marts.x", "marts.x", "select 1 as one", (wrong,))
    with pytest.raises(RuntimeError, match=r"expect_nothing of marts\.x could not be asked"):
        judge(Assignment(crm, tmp_path / "pages", (suite,), "500MB", 1))


def test_what_people_read_is_judged_also_when_it_is_added_later():
    later = SPEC.model_copy(update={"table": "marts.added_later"})
    record = SPEC.model_copy(update={"table": "core.latest_sales"})
    assert judged_specs([later, record]) == [later]
