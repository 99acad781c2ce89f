"""Words that were never there before: told with their rows, once, and not of a young source or of free text."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from data_quality.new_words import new_words_suite
from models.contracts import CONTRACTS
from models.settings import Quality
from sql.records import record_table
from sql.warehouse import connect

SPEC = record_table(CONTRACTS["activities"])
COLUMNS = {SPEC.table: {"channel", "disposition"}}
TABLE = (
    "create table {} (activity_id varchar, source varchar, channel varchar, disposition varchar, is_deleted boolean)"
)


@pytest.fixture
def nights() -> Iterator[duckdb.DuckDBPyConnection]:
    """Sixty activities of the last good night with two outcomes, and all of them tonight."""
    with connect(threads=1) as connection:
        connection.execute("attach ':memory:' as previous; attach ':memory:' as staging; create schema core")
        connection.execute("create schema previous.core")
        for table in ("previous.core.latest_activities", "core.latest_activities"):
            connection.execute(TABLE.format(table))
            connection.execute(
                f"insert into {table} select 'crm:' || n, 'crm', 'call', if(n % 2 = 0, 'connected', 'busy'), null"
                " from range(60) as numbers (n)"
            )
        yield connection


def arrive(connection: duckdb.DuckDBPyConnection, *rows: tuple[str, str, str]) -> None:
    for place, (source, channel, disposition) in enumerate(rows):
        row = [f"{source}:new{place}", source, channel, disposition]
        connection.execute("insert into core.latest_activities values (?, ?, ?, ?, null)", row)


def told(connection: duckdb.DuckDBPyConnection, **limits: object) -> dict[str, str]:
    """By source what its expectation finds; blank when it holds."""
    quality = Quality.model_validate({"new_words": limits})
    found = {}
    for one in new_words_suite(connection, quality, SPEC, COLUMNS).expected:
        [text] = connection.execute(one.named).fetchone() or [""]
        assert (one.number == "0") is (text == "")
        found[one.name.removeprefix("expect_known_words_")] = text
    return found


def test_each_new_word_is_told_with_its_rows_the_most_first(nights):
    assert told(nights) == {"crm": ""}
    arrive(
        nights,
        ("crm", "call", "it's odd"),
        ("crm", "sms", "it's odd"),
        ("crm", "sms", "busy"),
        ("crm", "email", "Busy"),
    )
    assert told(nights) == {
        "crm": "channel 'sms' (2 rows), 'email' (1 row); disposition 'it's odd' (2 rows), 'Busy' (1 row)"
    }


def test_a_source_that_is_young_or_writes_free_text_is_not_judged(nights):
    arrive(nights, ("crm", "call", "new"), ("dialer", "call", "anything"))
    assert told(nights) == {"crm": "disposition 'new' (1 row)", "dialer": ""}
    assert told(nights, most_words=1) == {"crm": "", "dialer": ""}


def test_only_records_that_changed_tonight_are_asked(nights):
    arrive(nights, ("crm", "call", "new"), ("crm", "call", "newer"))
    nights.execute("create table staging.changed_activities as select 'crm:new1' as record_key")
    assert told(nights) == {"crm": "disposition 'newer' (1 row)"}


def test_only_the_listed_columns_are_judged(nights):
    arrive(nights, ("crm", "sms", "new"))
    assert told(nights, columns=["activities.channel"]) == {"crm": "channel 'sms' (1 row)"}
    with pytest.raises(ValueError, match=r"'activities\.chanel' is no column"):
        told(nights, columns=["activities.chanel"])
