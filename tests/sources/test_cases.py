"""What a mapping can say of a row beyond one column a field: cases, conditions, prefixes, ids, missing columns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from models.errors import UnreadableFileError
from models.mapping import SourceMapping
from pipelines.sources.mapping_sql import explain_failure, mapped_sql

COLUMNS = ["Id", "Closed", "Done At", "Due", "Kind"]
CASES = {
    "cases": [
        {"if": {"Closed": True}, "column": "Done At"},
        {"column": "Due", "format": "iso_day"},
        {"if": {"Kind": "filled"}, "const": "2026-01-01"},
    ]
}


def mapping(**more: Any) -> SourceMapping:
    fields = {
        "source_record_id": {"column": "Id", "prefix": "call-"},
        "channel": {"const": "call"},
        "occurred_at": CASES,
    }
    return SourceMapping.model_validate({"entity": "activities", "fields": fields} | more)


def occurred(map_rows: Any, *row: str) -> Any:
    [found] = map_rows(mapping(), COLUMNS, [list(row)])
    return found.get("occurred_at")


def test_the_first_case_that_holds_and_is_not_blank_counts(map_rows):
    assert occurred(map_rows, "1", "TRUE", "2026-03-02T10:00:00Z", "2026-03-05", "") == "2026-03-02T10:00:00Z"
    assert occurred(map_rows, "1", "yes", "", "2026-03-05T00:00:00.000Z", "") == "2026-03-05"
    assert occurred(map_rows, "1", "false", "2026-03-02T10:00:00Z", "", "x") == "2026-01-01"
    assert occurred(map_rows, "1", "", "2026-03-02T10:00:00Z", "", "") is None


def test_a_prefix_stands_before_a_value_and_not_before_a_blank(map_rows):
    rows = map_rows(mapping(), COLUMNS, [["7", "", "", "2026-03-05", ""], ["", "", "", "2026-03-05", ""]])
    assert [row.get("source_record_id") for row in rows] == ["call-7", None]


def test_a_cell_of_the_case_that_counts_fails_and_one_behind_it_does_not(map_rows):
    rows = map_rows(mapping(), COLUMNS, [["1", "no", "", "soon", ""], ["1", "yes", "2026-03-02", "soon", ""]])
    assert [row["failed"] for row in rows] == [["occurred_at"], []]
    why = explain_failure(mapping(), "occurred_at", {"Due": "soon", "Done At": ""})
    assert (why.field, why.found) == ("occurred_at", "soon")


@pytest.mark.parametrize(
    ("test", "cell", "holds"),
    [
        ("Call", " CALL ", True),
        (["a", "b"], "B", True),
        (["a", "b"], "", False),
        (True, "1", True),
        (False, "0", True),
        (True, "0", False),
        ("filled", "x", True),
        ("blank", " ", True),
        ({"not": ["a"]}, "", True),
        ({"not": ["a"]}, "A", False),
        ({"matches": "^00G"}, "00G1", True),
        ({"matches": "^00G"}, "", False),
        ({"above": 0}, "3", True),
        ({"above": 0}, "0", False),
        ({"above": 0}, "many", False),
        ("İPTAL", "iptal", True),
    ],
)
def test_conditions(map_rows, test, cell, holds):
    fields = {
        "source_record_id": "Id", "channel": {"const": "call"}, "occurred_at": {"const": "2026-03-01"},
        "subject": {"cases": [{"if": {"Cell": test}, "const": "yes"}, {"const": "no"}]},
    }  # fmt: skip
    asked = SourceMapping.model_validate({"entity": "activities", "fields": fields})
    [row] = map_rows(asked, ["Id", "Cell"], [["1", cell]])
    assert row["subject"] == ("yes" if holds else "no")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0031G00001S3ckZ", "0031G00001S3ckZQAR"),
        ("0031G00001S3ckZQAR", "0031G00001S3ckZQAR"),
        ("0061G00000N38JZ", "0061G00000N38JZQAZ"),
        ("0051G000005Mun4", "0051G000005Mun4QAC"),
        ("9CcfAt8qtZvCTwFvwOFLcg==", "9CcfAt8qtZvCTwFvwOFLcg=="),
        ("", None),
    ],
)
def test_salesforce_ids_have_eighteen_characters(convert, written, meant):
    assert convert("activities", "account_id", {"normalise": "salesforce_id"}, [written]) == [meant]


def test_columns_are_put_together_and_blank_ones_left_out(map_rows):
    fields = {
        "source_record_id": "Id", "channel": {"const": "call"}, "occurred_at": {"const": "2026-03-01"},
        "subject": {"concat": ["First", "Last"]},
    }  # fmt: skip
    asked = SourceMapping.model_validate({"entity": "activities", "fields": fields})
    rows = map_rows(asked, ["Id", "First", "Last"], [["1", " Ada ", "Quint"], ["2", "", "Quint"], ["3", "", ""]])
    assert [row.get("subject") for row in rows] == ["Ada Quint", "Quint", None]


def test_a_column_that_is_not_needed_may_be_missing(map_rows):
    loose = mapping(needs=["Id"])
    [row] = map_rows(loose, ["ID", "due"], [["1", "2026-03-05"]])
    assert row["occurred_at"] == "2026-03-05"
    with pytest.raises(UnreadableFileError, match="no column 'Id'"):
        mapped_sql(loose, ["Due"], "UTC")


def test_a_column_is_found_by_its_letters_and_by_its_aliases(map_rows):
    loose = mapping(needs=["Id"], aliases={"Due": ["Activity date"]})
    [row] = map_rows(loose, ["id", "closed", "done_at", "activity_date"], [["1", "true", "2026-03-02T10:00:00Z", ""]])
    assert row["occurred_at"] == "2026-03-02T10:00:00Z"
    [row] = map_rows(loose, ["id", "ACTIVITYDATE"], [["1", "2026-03-05"]])
    assert row["occurred_at"] == "2026-03-05"


def test_rows_that_are_no_record_are_known(connection, load):
    ignoring = mapping(ignore=[{"if": {"Kind": "master", "Closed": "filled"}, "because": "a series"}])
    load(
        connection, "file", COLUMNS, [["1", "x", "", "", "Master"], ["2", "", "", "", "master"], ["3", "", "", "", ""]]
    )
    mapped = mapped_sql(ignoring, COLUMNS, "UTC")
    found = connection.execute(f"select {mapped.ignored} from {mapped.source('file')}").fetchall()
    assert found == [(True,), (False,), (False,)]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"cases": [{"cases": [{"const": "1"}]}]}, "a case holds no `cases` of its own"),
        ({"cases": [{"column": "a"}], "unit": "ms"}, "belongs into each of the `cases`"),
        ({"cases": [{"if": {"a": {"matches": "("}}, "const": "1"}]}, "is no expression"),
        ({"cases": [{"if": {"a": {"matches": "(?=a)"}}, "const": "1"}]}, "looks around or back"),
        ({"cases": [{"if": {"a": {"matches": "x", "above": 1}}, "const": "1"}]}, "say one thing of a column"),
        ({"column": "a", "cases": [{"const": "1"}]}, "say exactly one of"),
    ],
)
def test_what_a_rule_cannot_be_is_told(rule, said):
    with pytest.raises(ValidationError, match="(?s)" + said.replace("`", ".")):
        mapping(fields={"source_record_id": rule, "channel": {"const": "call"}, "occurred_at": "Due"})


def test_needs_and_aliases_name_columns_that_are_read():
    with pytest.raises(ValidationError, match="which no field reads"):
        mapping(needs=["Id", "Nothing"])
