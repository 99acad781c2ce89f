"""What an accepted text becomes, and what a person reads about a broken one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from data_quality.validate import Violation, clean, contract_sql, explain
from models.activities import Activity
from models.contracts import CONTRACTS
from models.entities import Account, Contract, Rep
from models.fields import RULE_MESSAGES

CALL = {"source_record_id": "1", "channel": "Call", "occurred_at": "2026-03-02 09:30"}


def activity(judge: Any, **cells: str) -> dict[str, Any]:
    [seen] = judge(Activity, [CALL | cells], "America/New_York", "Europe/Istanbul")
    assert seen["broken"] == set()
    return dict(seen)


def test_an_instant_without_an_offset_is_in_the_zone_of_the_source(judge: Any) -> None:
    assert activity(judge)["occurred_at"] == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def test_a_numeric_offset_wins_over_the_zone_of_the_source(judge: Any) -> None:
    seen = activity(judge, occurred_at="2026-03-02T09:30:00.250+0530")
    assert seen["occurred_at"] == datetime(2026, 3, 2, 4, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-03-02", "2026-03-02T00:00:00Z", "2026-03-02T23:30:00-05:00", "2026-03-02 12:00"]
)
def test_a_date_is_that_day_in_the_company_zone_whatever_offset_it_carries(judge: Any, text: str) -> None:
    seen = activity(judge, occurred_at=text, occurred_at_precision="Date")
    assert (seen["occurred_at"], seen["occurred_at_precision"]) == (datetime(2026, 3, 1, 21, tzinfo=UTC), "date")


@pytest.mark.parametrize("said", [{}, {"occurred_at_precision": "instant"}, {"occurred_at_precision": " "}])
def test_a_text_that_is_only_a_date_has_the_precision_of_a_date(judge: Any, said: dict[str, str]) -> None:
    seen = activity(judge, occurred_at="2026-03-02", **said)
    assert (seen["occurred_at"], seen["occurred_at_precision"]) == (datetime(2026, 3, 1, 21, tzinfo=UTC), "date")


def test_an_instant_has_the_precision_of_an_instant_when_nothing_is_said(judge: Any) -> None:
    assert activity(judge)["occurred_at_precision"] == "instant"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("C1", ["C1"]),
        (" b ; a;;b ", ["b", "a"]),
        ('["b", "a;c", "b"]', ["b", "a;c"]),
        ("[9007199254740993, 7]", ["9007199254740993", "7"]),
        ("[]", []),
        (" ", None),
    ],
)  # fmt: skip
def test_a_list_keeps_its_order_and_each_id_once(judge: Any, text: str, ids: list[str] | None) -> None:
    assert activity(judge, contact_ids=text)["contact_ids"] == ids


@pytest.mark.parametrize(
    ("text", "id_"),
    [("<CAb.7@Mail.Example>", "cab.7@mail.example"), (" < UID-1 > ", "uid-1"), ("İD", "İd"), ("<>", "<>")],
)
def test_an_id_that_systems_share_is_compared_without_case_and_brackets(judge: Any, text: str, id_: str) -> None:
    assert activity(judge, external_id=text)["external_id"] == id_


def test_fields_that_the_file_lacks_are_null_of_their_type(connection: duckdb.DuckDBPyConnection) -> None:
    values = contract_sql(Activity, "UTC", "UTC", present=["source_record_id"]).values
    typed = ", ".join(f"typeof({expression})" for name, expression in values.items() if name != "source_record_id")
    [types] = connection.execute(f"select {typed}").fetchall()
    kinds = [kind.sql_type for name, kind in Activity.kinds().items() if name != "source_record_id"]
    assert [str(seen).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for seen in types] == kinds


def test_values_have_the_types_of_their_kinds(connection: duckdb.DuckDBPyConnection) -> None:
    for contract in CONTRACTS.values():
        names = ", ".join(f"null::varchar as {name}" for name in contract.kinds())
        typed = ", ".join(f"typeof({value})" for value in contract_sql(contract, "UTC", "Asia/Tokyo").values.values())
        [types] = connection.execute(f"select {typed} from (select {names})").fetchall()
        expected = [
            kind.sql_type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for kind in contract.kinds().values()
        ]
        assert list(types) == expected


def test_a_file_without_a_required_column_breaks_every_row(judge: Any) -> None:
    [seen] = judge(Activity, [{"source_record_id": "1", "channel": "call"}])
    assert seen["broken"] == {"occurred_at"}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (" \t a b\r\n", "a b"),
        ("", None),
        ("  ", None),
        ("e\u0301", "é"),
        ("\u00a0a", "\u00a0a"),
        ("\x0ba", "\x0ba"),
        ("é\x00b ", "é\x00b"),
        ("é ", "é"),
    ],
)  # fmt: skip
def test_a_cell_is_composed_and_trimmed_and_never_cut(
    connection: duckdb.DuckDBPyConnection, raw: str, wanted: str | None
) -> None:
    assert connection.execute(f"select {clean('cell')} from (select ?::varchar as cell)", [raw]).fetchone() == (wanted,)


def test_a_zone_is_quoted_as_a_literal() -> None:
    assert "'x''y'" in contract_sql(Activity, "x'y", "UTC").values["occurred_at"]


def test_every_broken_field_is_explained_once() -> None:
    row = {
        "source_record_id": "a\x00b",
        "channel": "carrier pigeon",
        "occurred_at": "2026-02-30",
        "duration_seconds": "-5",
    }
    channels = "expected one of call, email, meeting, social, sms, task, note"
    assert explain(Activity, row) == (
        Violation("source_record_id", "control_char", RULE_MESSAGES["control_char"], "a\x00b"),
        Violation("channel", "not_in_set", channels, "carrier pigeon"),
        Violation("occurred_at", "impossible", "is no day of the calendar", "2026-02-30"),
        Violation("duration_seconds", "out_of_range", "is outside 0 to 2678400", "-5"),
    )  # fmt: skip


def test_a_blank_required_field_and_a_broken_row_rule_are_both_explained() -> None:
    row = {"contract_id": None, "account_id": "A", "start_date": "2026-03-01", "end_date": "2026-02-01"}
    assert explain(Contract, row) == (
        Violation("contract_id", "required", "a value is required and the field is blank", ""),
        Violation("end_date", "before_its_start", "end_date lies before start_date", "2026-02-01"),
    )


def test_a_fine_row_has_nothing_to_explain() -> None:
    assert explain(Account, {"account_id": "1", "name": None}) == ()


def test_row_rules_wait_for_both_of_their_fields(judge: Any) -> None:
    rep = {"rep_id": "1", "full_name": "A", "rep_type": "inside", "hire_date": "2026-03-01"}
    rows = [rep | {"termination_date": text} for text in ("2026-02-28", "2026-02-30", "2026-03-01")]
    assert [seen["broken"] for seen in judge(Rep, rows)] == [{"row:before_its_start"}, {"termination_date"}, set()]


def test_a_record_may_not_be_merged_into_itself(judge: Any) -> None:
    rows = [{"account_id": "1", "merged_into_id": " 1 "}, {"account_id": "1", "merged_into_id": "2"}]
    assert [seen["broken"] for seen in judge(Account, rows)] == [{"row:merged_into_itself"}, set()]
