"""The cells of a file's rows as SQL: each as the file has it, and cleaned where a mapping looks for it.

A cell is cleaned once, below the expressions that read it: some name theirs forty times, and to plan those took longer than
to read a small file. The row as it stands there is put together only for rows that somebody is to see.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from data_quality.validate import blank_to_null, clean
from sql.quoting import identifier, literal

ROWS = "raw"
"""The name under which the rows stand."""


@dataclass(frozen=True)
class Cells:
    """Of a file with these `columns`; `wanted` are those that a mapping looks for. Of a file that is plain throughout
    (`TextRows.is_plain`) no cell is cleaned: that is an eighth of reading it."""

    columns: tuple[str, ...]
    wanted: Collection[str]
    is_plain: bool = False

    def cleaned(self, column: str) -> str:
        """The cleaned cell of a wanted column."""
        return f"{ROWS}.cell_{self.columns.index(column)}"

    def record(self, columns: Collection[str] | None = None) -> str:
        """The row, or these columns of it, as the file has it: JSON text, `{}` of no columns."""
        shown = self.columns if columns is None else columns
        cells = ", ".join(f"{literal(column)}: raw_{self.columns.index(column)}" for column in shown)
        return f"to_json({{{cells}}})::varchar" if cells else "'{}'"

    def rows(self, relation: str, *also: str) -> str:
        """A FROM clause of the relation's rows, with what else is to be taken along of them."""
        there = [f"{ROWS}.{identifier(column)} as raw_{place}" for place, column in enumerate(self.columns)]
        found = f"select {', '.join([*also, *there]) or 'null'} from {relation} as {ROWS}"
        clean_cell = blank_to_null if self.is_plain else clean
        cleaned = [
            f"{clean_cell(f'raw_{place}')} as cell_{place}"
            for place, column in enumerate(self.columns)
            if column in self.wanted
        ]
        return f"(select {', '.join(['*', *cleaned])} from ({found})) as {ROWS}"
