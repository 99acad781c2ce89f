"""The first rows of the file in memory, column by column; the rest stays in DuckDB.

What belongs here: values and what they look like. What does not: what a column means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import duckdb

from models.fields import BLANKS, FALSE_WORDS, TRUE_WORDS
from pipelines.sources.reading import TextRows
from pipelines.sources.vocabulary import foldings
from sql.quoting import identifier

TABLE = "inspected"
_ROWS = 5_000
_DISTINCT = 500
_PREFIXES = re.compile(r"^(properties|property|fields|attributes|meta ?data)? ?(hs |hubspot )?")
_NUMBER = re.compile(r"\(?[-+−]?\W{0,4}([0-9]+|[0-9]{1,3}([., '’\u00a0\u202f][0-9]{3})+)([.,][0-9]+)?.{0,5}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}(,?[T ].*)?")
_FRAME, _TAIL = r"[^0-9.,]{0,5}", r"[^0-9]{0,5}"


def _proof(mark: str, group: str) -> re.Pattern[str]:
    """Numbers that can only be read with this decimal mark."""
    grouped = rf"[0-9]{{1,3}}([{group} '’\u00a0\u202f][0-9]{{3}})+"
    shapes = (rf"{grouped}[{mark}][0-9]+", rf"[0-9]{{1,3}}([{group}][0-9]{{3}}){{2,}}", rf"0[{mark}][0-9]+",
              rf"[0-9]+[{mark}]([0-9]{{1,2}}|[0-9]{{4,}})", rf"[0-9]{{4,}}[{mark}][0-9]+")  # fmt: skip
    return re.compile(f"{_FRAME}({'|'.join(shapes)}){_TAIL}")


_PROOFS = {",": _proof(",", "."), ".": _proof(".", ",")}
_DOUBTFUL = re.compile(rf"{_FRAME}[1-9][0-9]{{0,2}}[.,][0-9]{{3}}{_TAIL}")
_CLOCK = re.compile(r"[0-9]{1,4}:[0-9]{2}(:[0-9]{2})?([.,][0-9]+)?")


@dataclass(frozen=True)
class SampledColumn:
    """`values` are its distinct values among the first rows, trimmed, by first appearance; `share_filled` of those."""

    name: str
    values: tuple[str, ...]
    share_filled: float
    connection: duckdb.DuckDBPyConnection = field(repr=False, compare=False)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The name as the vocabulary writes it, also without a unit in parentheses and a connector's prefix."""
        bare_name = re.sub(r"[(\[][^)\]]*[)\]]", " ", self.name)
        full = tuple(dict.fromkeys((*foldings(self.name), *foldings(bare_name))))
        bare = [text[match.end() :] for text in full if (match := _PREFIXES.match(text)) is not None]
        return tuple(dict.fromkeys((*full, *(text for text in bare if text))))

    @property
    def kind(self) -> str:
        """What the values look like, for people."""
        if not self.values:
            return "blank"
        looks = (("date or time", _TIME), ("clock or duration", _CLOCK), ("number", _NUMBER))
        if all(value.lower() in TRUE_WORDS + FALSE_WORDS for value in self.values):
            return "true or false"
        for kind, pattern in looks:
            if all(pattern.fullmatch(value) for value in self.values):
                return kind
        return "word" if len(self.values) <= 12 and self.share_filled else "text"

    def all_words(self, most: int = 200) -> tuple[str, ...]:
        """The distinct values of every row, at most `most`, sorted."""
        column = identifier(self.name)
        found = self.connection.execute(
            f"select distinct trim({column}, ?) as word from {TABLE} where word <> '' order by word limit ?",
            [BLANKS, most],
        ).fetchall()
        return tuple(str(word) for (word,) in found)


def sample_columns(connection: duckdb.DuckDBPyConnection, rows: TextRows) -> tuple[SampledColumn, ...]:
    """The columns of the table that `load_rows` made."""
    table = connection.execute(f"select * from {TABLE} order by rowid limit {_ROWS}").fetchall()
    cells = list(zip(*table, strict=True)) if table else [()] * len(rows.columns)
    return tuple(_column(connection, name, found) for name, found in zip(rows.columns, cells, strict=True))


def sample_column(connection: duckdb.DuckDBPyConnection, name: str) -> SampledColumn:
    """One column of the table."""
    found = connection.execute(f"select {identifier(name)} from {TABLE} limit {_ROWS}").fetchall()
    return _column(connection, name, [cell for (cell,) in found])


def _column(connection: duckdb.DuckDBPyConnection, name: str, cells: Iterable[str | None]) -> SampledColumn:
    texts = [(cell or "").strip(BLANKS) for cell in cells]
    filled = [text for text in texts if text]
    distinct = tuple(dict.fromkeys(filled))[:_DISTINCT]
    return SampledColumn(name, distinct, len(filled) / len(texts) if texts else 0.0, connection)


@dataclass(frozen=True)
class DecimalMark:
    """The mark of the file's numbers, and what a person has to check when they do not prove it."""

    mark: str
    notes: tuple[str, ...] = ()


def find_decimal_mark(columns: Iterable[SampledColumn], usual: str) -> DecimalMark:
    """What the numbers prove: `1.234,56`, `12,5` and `0,125` say a comma, `1,234.56` and `12.5` a point.

    `12.000` and `12,000` prove nothing: they are read by the `usual` mark of such a file, and are told.
    """
    votes, doubtful = {",": 0, ".": 0}, []
    for column in columns:
        if column.kind in ("date or time", "clock or duration") or not _is_mostly_numbers(column):
            continue
        proven = {mark: any(pattern.fullmatch(value) for value in column.values) for mark, pattern in _PROOFS.items()}
        for mark in proven:
            votes[mark] += proven[mark]
        if not any(proven.values()):
            doubtful += [(column.name, value) for value in column.values if _DOUBTFUL.fullmatch(value)][:1]
    if any(votes.values()):
        return DecimalMark(max(votes, key=lambda mark: (votes[mark], mark == usual)))
    return DecimalMark(usual, tuple(_doubt(name, value, usual) for name, value in doubtful[:1]))


def _is_mostly_numbers(column: SampledColumn) -> bool:
    fitting = sum(_NUMBER.fullmatch(value) is not None for value in column.values)
    return fitting >= 0.8 * len(column.values) > 0


def _doubt(name: str, value: str, mark: str) -> str:
    read = "a fraction" if mark in value else "thousands"
    return f"'{name}': {value} is taken for {read}, since {mark!r} is taken for the decimal mark: check `decimal`"
