"""Words that were never there before: a disposition, a stage, a channel that a source's records of tonight are the first to have.

Each column of `quality.new_words.columns` is asked of the records that changed tonight, then the last good night is asked
for just these words. A column with very many words is no closed set, so nothing is expected of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb

from data_quality.expected import Expected, Fact, Suite
from data_quality.newest_rows import ColumnsOfBoth, words_of
from models.contracts import CONTRACTS
from models.settings import Quality
from models.shown import first_few
from models.tables import Severity, TableSpec
from sql.quoting import identifier, literal, qualified
from sql.records import changed_table, record_key_column

_NAMED = 10
_ABOUT = "Columns that hold one of a few words, of the records that changed tonight: stages, outcomes, channels."
Counted = dict[tuple[str, str], int]
"""Rows by source and word."""


def new_words_suite(
    connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec, both: ColumnsOfBoth
) -> Suite:
    """One expectation a source: no word is new in any of the listed columns."""
    entity = spec.name.removeprefix("latest_")
    columns = [name.split(".")[1] for name in quality.new_words.columns if name.split(".")[0] == entity]
    columns = [name for name in columns if name in both.get(spec.table, ())]
    tonight = _words_of_tonight(connection, entity, spec, columns) if columns else {}
    found: dict[str, list[str]] = {source: [] for words in tonight.values() for source, _ in words}
    for column, words in tonight.items():
        for source, told in _new_ones(connection, quality, spec, column, words):
            found[source].append(told)
    expected = tuple(_only_known(quality, entity, source, columns, told) for source, told in sorted(found.items()))
    return Suite(
        spec.table,
        f"{spec.table}: words that were there before",
        "select 1 as found_before",
        expected,
        _ABOUT,
        of_history=True,
    )


def _words_of_tonight(
    connection: duckdb.DuckDBPyConnection, entity: str, spec: TableSpec, columns: Iterable[str]
) -> dict[str, Counted]:
    """By column the words of the records whose winner changed tonight; of all records where nobody noted that."""
    changed, key = changed_table(CONTRACTS[entity]), identifier(record_key_column(CONTRACTS[entity]))
    noted = connection.execute(
        "select 1 from duckdb_tables() where database_name = 'staging' and table_name = ?", [changed.name]
    ).fetchone()
    tonight = f" and {key} in (select record_key from staging.{identifier(changed.name)})" if noted else ""
    counted: dict[str, Counted] = {}
    for column in columns:
        name = identifier(column)
        rows = connection.execute(
            f"select source, {name}, count(*) from {qualified(spec.table)}"
            f" where {name} is not null and is_deleted is not true{tonight} group by all order by all"
        ).fetchall()
        if rows:
            counted[column] = {(source, word): count for source, word, count in rows}
    return counted


def _new_ones(
    connection: duckdb.DuckDBPyConnection, quality: Quality, spec: TableSpec, column: str, words: Counted
) -> Iterator[tuple[str, str]]:
    """By source the new words of a column in one sentence; none of a source that is young, or whose words are free text."""
    table, name = f"previous.{qualified(spec.table)}", identifier(column)
    before = connection.execute(
        f"select distinct source, {name} from {table} where {name} in (select unnest(?))",
        [sorted({word for _, word in words})],
    ).fetchall()
    there = set(before)
    new = {key: count for key, count in words.items() if key not in there}
    for source in sorted({source for source, _ in new}):
        filled, distinct = connection.execute(
            f"select count({name}), count(distinct {name}) from {table} where source = {literal(source)}"
        ).fetchone() or (0, 0)
        if filled >= quality.newest_rows and distinct <= quality.new_words.most_words:
            ranked = sorted(
                ((count, word) for (of, word), count in new.items() if of == source), key=lambda one: (-one[0], one[1])
            )
            named = [f"'{word}' ({count:,} row{'s' if count != 1 else ''})" for count, word in ranked]
            yield source, f"{column} {first_few(named, _NAMED)}"


def _only_known(quality: Quality, entity: str, source: str, columns: Iterable[str], told: list[str]) -> Expected:
    return Expected(
        f"expect_known_words_{source}",
        Severity(quality.new_words.severity),
        f"{source} {entity}: no word that was never there before, in {', '.join(columns)}",
        f"{source} {entity}: words that were never there before: {{found}}. A new stage belongs into `stages`, another word"
        " into the mapping's `map:` where it means one of ours; if it is right as it is, do nothing: it is known from now on",
        f"{len(told)}",
        Fact.NUMBER,
        high=0,
        named=words_of("; ".join(told)),
    )
