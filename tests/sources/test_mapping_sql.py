"""A mapping over a file: where each field comes from, what is missing, what is left over, what failed."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from data_quality.validate import Violation
from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.mapping import SourceMapping
from pipelines.sources.cell_sql import Cells
from pipelines.sources.mapping_sql import canonical_sql, explain_failure, mapped_sql
from pipelines.sources.reading.relations import empty_relation

FIELDS = {
    "source_record_id": "Call ID",
    "channel": {"const": "call"},
    "occurred_at": {"column": "Started", "format": "%d.%m.%Y %H:%M"},
    "direction": {"column": "Type", "map": {"Gelen": "inbound", "Giden": "outbound"}, "otherwise": "unknown"},
    "duration_seconds": {"column": "Length", "unit": "HH:MM:SS"},
    "rep_id": {"coalesce": ["Agent", "Owner"]},
}
COLUMNS = ["Call ID", "Started", "Type", "Length", "Agent", "Owner", "Note"]


def mapping(**more: Any) -> SourceMapping:
    return SourceMapping.model_validate({"entity": "activities", "fields": FIELDS} | more)


def test_a_row_of_a_dialer_becomes_an_activity(map_rows: Any) -> None:
    rows = [["7", "01.03.2026 09:30", "GELEN", "0:01:30", " ", "Ada", "hi"], ["8", "soon", "", "1:30", "Bo", "Ada", ""]]
    assert map_rows(mapping(), COLUMNS, rows) == [
        {"source_record_id": "7", "channel": "call", "occurred_at": "2026-03-01 09:30:00", "direction": "inbound",
         "duration_seconds": "90", "rep_id": "Ada", "failed": []},
        {"source_record_id": "8", "channel": "call", "rep_id": "Bo", "failed": ["occurred_at", "duration_seconds"]},
    ]  # fmt: skip


def test_columns_that_no_field_names_are_listed() -> None:
    assert mapped_sql(mapping(), COLUMNS, "UTC").unnamed == ("Note",)


def test_a_header_may_differ_in_case_spaces_and_underscores(map_rows: Any) -> None:
    columns = ["CALL_ID", " started", "type", "Length", "agent", "Owner"]
    [row] = map_rows(mapping(), columns, [["7", "01.03.2026 09:30", "Giden", "", "Ada", ""]])
    assert (row["source_record_id"], row["direction"], row["rep_id"]) == ("7", "outbound", "Ada")


def test_a_missing_column_refuses_the_file_and_names_the_nearest() -> None:
    with pytest.raises(UnreadableFileError, match=r"no column 'Started'; 'Start' looks like it") as refused:
        mapped_sql(mapping(), ["Call ID", "Start", "Type", "Length", "Agent", "Owner"], "UTC")
    assert refused.value.rule == "missing_column"


def test_two_columns_that_are_alike_are_no_match() -> None:
    with pytest.raises(UnreadableFileError, match="no column 'Call ID'"):
        mapped_sql(mapping(), ["call id", "CALL_ID", *COLUMNS[1:]], "UTC")


def test_columns_of_a_canonical_file_are_found_by_their_names(
    connection: duckdb.DuckDBPyConnection, load: Any, read: Any
) -> None:
    columns = ["Account-ID", " NAME", "Created At", "Secret"]
    load(connection, "file", columns, [["1", "  ", "2026-03-01", "x"]])
    mapped = canonical_sql(CONTRACTS["accounts"], columns)
    assert read(connection, mapped, "file") == [{"account_id": "1", "created_at": "2026-03-01", "failed": []}]
    assert (mapped.unnamed, mapped.failure_bits) == (("Secret",), ())


def test_a_canonical_file_without_a_required_column_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match=r"no column 'account_id'; 'acount_id' looks like it") as refused:
        canonical_sql(CONTRACTS["accounts"], ["acount_id", "name"])
    assert refused.value.rule == "missing_column"


def test_two_columns_of_one_field_refuse_a_canonical_file() -> None:
    with pytest.raises(UnreadableFileError, match="both the field account_id"):
        canonical_sql(CONTRACTS["accounts"], ["account_id", "Account ID"])


def test_names_with_quotes_stay_names(map_rows: Any) -> None:
    odd = SourceMapping.model_validate(
        {"entity": "accounts", "fields": {"account_id": 'a"b', "name": {"const": "O'Hara"}}}
    )
    assert map_rows(odd, ['a"b'], [["1"]]) == [{"account_id": "1", "name": "O'Hara", "failed": []}]


def test_columns_may_be_called_as_ours_are(map_rows: Any) -> None:
    odd = SourceMapping.model_validate({"entity": "accounts", "fields": {"account_id": "raw_1", "name": "cell_0"}})
    rows = map_rows(odd, ["cell_0", "raw_1", "_broken", "raw", "_place"], [[" Ada ", "7", "x", "y", "z"]])
    assert rows == [{"account_id": "7", "name": "Ada", "failed": []}]


def test_a_row_is_shown_as_it_is_in_the_file(connection: duckdb.DuckDBPyConnection, load: Any) -> None:
    columns, row = [*COLUMNS, "raw"], [" 7", None, "", "é", "", "Ada", "a note", "x"]
    load(connection, "file", columns, [row])
    mapped = mapped_sql(mapping(), columns, "UTC")
    shown = f"select {mapped.cells.record()}, {mapped.cells.record(mapped.unnamed)} from {mapped.source('file')}"
    [(whole, unnamed)] = connection.execute(shown).fetchall()
    assert json.loads(whole) == dict(zip(columns, row, strict=True))
    assert json.loads(unnamed) == {"Note": "a note", "raw": "x"}


def test_a_file_without_columns_has_no_rows_and_shows_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    cells = Cells((), ())
    asked = f"select {cells.record()} from {cells.rows(empty_relation(cells.columns))}"
    assert connection.execute(asked).fetchall() == []


JOINED = {
    "joins": {"links": {"path": "links.csv", "on": "Call ID", "key": "engagement"}},
    "fields": FIELDS
    | {
        "account_id": {"join": "links", "column": "Company"},
        "contact_ids": {"join": "links", "column": "contact_id", "collect": True},
    },
}


def test_a_join_finds_partners_and_never_multiplies_rows(
    connection: duckdb.DuckDBPyConnection, load: Any, read: Any
) -> None:
    load(connection, "file", COLUMNS, [[key, "01.03.2026 09:30", "", "", "", "", ""] for key in ("7", " 8 ", "9")])
    links = [["7", "A", "c2"], ["7", "B", "c1"], ["7", "A", "c2"], ["7", "", " "], ["8", None, None], [None, "Z", "z"]]
    load(connection, "links", ["join_key", "Company", "contact_id"], links)
    mapped = mapped_sql(mapping(**JOINED), COLUMNS, "UTC", join_tables={"links": "links"})
    found = {
        row["source_record_id"]: (row.get("account_id"), row.get("contact_ids"))
        for row in read(connection, mapped, "file")
    }
    assert found == {"7": ("A", '["c1", "c2"]'), "8": (None, None), "9": (None, None)}


def test_a_join_needs_its_own_column_in_the_file() -> None:
    joins = {"links": {"path": "links.csv", "on": "Engagement", "key": "engagement"}}
    with pytest.raises(UnreadableFileError, match="no column 'Engagement'"):
        mapped_sql(mapping(**(JOINED | {"joins": joins})), COLUMNS, "UTC", join_tables={"links": "links"})


def test_failures_name_the_column_what_was_expected_and_what_was_found() -> None:
    row = {"Call ID": "7", "STARTED": " 32.13.2026 ", "Type": "?", "Length": "1:30"}
    assert explain_failure(mapping(), "occurred_at", row) == Violation(
        "occurred_at", "format", "column 'Started': expected %d.%m.%Y %H:%M", "32.13.2026"
    )
    assert explain_failure(mapping(), "duration_seconds", row) == Violation(
        "duration_seconds", "unit", "column 'Length': expected a duration as HH:MM:SS", "1:30"
    )


def test_failures_of_a_map_list_its_words() -> None:
    fields = FIELDS | {"channel": {"column": "Type", "map": {"Call": "call", "Mail": "email"}}}
    assert explain_failure(mapping(fields=fields), "channel", {"Type": "Fax"}) == Violation(
        "channel", "not_in_map", "column 'Type': expected one of Call, Mail", "Fax"
    )


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"format": "%H:%M"}, "names no day"),
        ({"format": "%Q"}, "not known"),
        ({"format": "%Y-%m-%d %H:%M %Z"}, "%Z, which is not known"),
        ({"format": "%d/%m/%Y %I:%M"}, "needs %p"),
        ({"format": "excel"}, "names no day"),
        ({"timezone": "Europe/Istambul"}, "Europe/Istanbul"),
    ],
)
def test_a_format_or_zone_that_cannot_work_is_refused_with_the_settings(rule: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        mapping(fields=FIELDS | {"occurred_at": {"column": "Started"} | rule})


def test_a_day_and_its_clock_in_two_columns_are_one_time(map_rows):
    rule = {"column": "day", "clock": "time", "timezone": "UTC"}
    mapping = SourceMapping.model_validate(
        {
            "entity": "activities",
            "fields": {"source_record_id": "id", "channel": {"const": "call"}, "occurred_at": rule},
        }
    )
    rows = [["1", "2026-03-02", "14:30"], ["2", "2026-03-02", " "], ["3", None, "14:30"], ["4", "2026-03-02", "late"]]
    found = map_rows(mapping, ["id", "day", "time"], rows, zone="Asia/Tokyo")
    assert [(row.get("occurred_at"), row["failed"]) for row in found] == [
        ("2026-03-02 14:30:00+00", []),
        ("2026-03-02", []),
        (None, []),
        (None, ["occurred_at"]),
    ]
