"""What the prompt of `touchline query` completes: tables, their columns, aliases, and the few words of a SELECT."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from sql.warehouse import PUBLISHED_SCHEMAS

if TYPE_CHECKING:
    import duckdb

COMMANDS = (".tables", ".columns", ".help", ".quit")
KEYWORDS = (
    "select", "distinct", "from", "join", "left join", "on", "using", "where", "and", "or", "not", "in", "between", "like",
    "is null", "is not null", "group by", "group by all", "having", "order by", "limit", "with", "as", "case", "when", "then",
    "else", "end", "count(*)", "sum(", "avg(", "min(", "max(", "median(", "round(", "nullif(", "date_trunc(", "filter (",
    "over (partition by", "qualify", "union all", "date", "interval",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z0-9_.]+$")
_READ = re.compile(r"\b(?:from|join)\s+([a-z_]+\.[a-z0-9_]+)(?:\s+(?:as\s+)?([a-z_][a-z0-9_]*))?", re.IGNORECASE)
_WANTS_TABLE = re.compile(r"\b(?:from|join)\s+[A-Za-z0-9_.]*$", re.IGNORECASE)


@dataclass(frozen=True)
class PublishedColumn:
    """A column of a published table, as the file's own comments describe it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class PublishedTable:
    """A published table or view, with what one row of it is."""

    name: str
    description: str
    columns: tuple[PublishedColumn, ...]


def read_words(connection: duckdb.DuckDBPyConnection) -> dict[str, PublishedTable]:
    """Every published table by name, the marts first."""
    columns: dict[str, list[PublishedColumn]] = {}
    for table, name, kind, comment in connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns()"
        " where schema_name in (select unnest(?)) order by schema_name <> 'marts', schema_name, table_name, column_index",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall():
        columns.setdefault(table, []).append(PublishedColumn(name, kind, comment))
    described = dict(
        connection.execute(
            "select schema_name || '.' || table_name, coalesce(comment, '') from duckdb_tables()"
            " union all select schema_name || '.' || view_name, coalesce(comment, '') from duckdb_views()"
        ).fetchall()
    )
    return {name: PublishedTable(name, described.get(name, ""), tuple(found)) for name, found in columns.items()}


class Words(Completer):
    """Completes the word before the cursor by what stands around it."""

    def __init__(self, tables: dict[str, PublishedTable]) -> None:
        self.tables = tables

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """What may stand here, in any case of letters."""
        match = _WORD.search(document.text_before_cursor)
        word = match.group().lower() if match else ""
        for text, meta in self._candidates(document, word):
            if _begins(text.lower(), word) and text.lower() != word:
                yield Completion(text, start_position=-len(word), display_meta=meta)

    def _candidates(self, document: Document, word: str) -> Iterable[tuple[str, str]]:
        before = document.text_before_cursor.lstrip()
        if before.startswith("."):
            return self._of_command(before)
        if _WANTS_TABLE.search(before):
            return self._all_tables()
        read = self._read_in(document.text)
        owner, dot, _ = word.rpartition(".")
        if dot and owner in read:
            return [(f"{owner}.{column.name}", column.type) for column in read[owner].columns]
        if dot:
            return self._all_tables()
        if not word:
            return ()
        columns = {column.name: column.type for table in read.values() for column in table.columns}
        return [*columns.items(), *((keyword, "") for keyword in KEYWORDS), *self._all_tables()]

    def _of_command(self, before: str) -> Iterable[tuple[str, str]]:
        command, space, _ = before.partition(" ")
        if not space:
            return [(one, "") for one in COMMANDS]
        if command == ".tables":
            return [(schema, "") for schema in (*PUBLISHED_SCHEMAS, "all")]
        return self._all_tables() if command == ".columns" else ()

    def _all_tables(self) -> list[tuple[str, str]]:
        return [(name, table.description[:60]) for name, table in self.tables.items()]

    def _read_in(self, text: str) -> dict[str, PublishedTable]:
        """The tables that the text reads, by alias and by name."""
        found: dict[str, PublishedTable] = {}
        for name, alias in _READ.findall(text):
            table = self.tables.get(name.lower())
            if table is not None:
                found[name.lower()] = table
                found[name.lower().split(".")[1]] = table
                if alias:
                    found[alias.lower()] = table
        return found


def _begins(text: str, word: str) -> bool:
    """A table may be meant by its name without the schema."""
    return text.startswith(word) or text.partition(".")[2].startswith(word)
