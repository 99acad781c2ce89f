"""How commands speak: pages for people, and JSON for programs. Rich is imported when a page is written, not before."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, TypeGuard

from models.shown import shown

if TYPE_CHECKING:
    from rich.text import Text

_WIDE = 4_000


@dataclass(frozen=True)
class Styled:
    """A cell with a style of rich's, such as `bold red`; the style never says what the text does not."""

    text: str
    style: str


class Page:
    """Lines and tables on standard output (or a file); elsewhere than on a terminal no line is broken.

    Texts are shown as they are, but for what would act on a terminal: nothing that a source wrote is read as markup.
    """

    def __init__(self, file: IO[str] | None = None) -> None:
        from rich.console import Console

        out = file or sys.stdout
        self._console = Console(
            file=out, width=None if out.isatty() else _WIDE, highlight=False, markup=False, emoji=False
        )

    def line(self, text: str) -> None:
        """A line as it is."""
        self._console.print(shown(text), soft_wrap=True)

    def words(self, text: str) -> None:
        """A sentence, which a terminal breaks between words."""
        self._console.print(shown(text))

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks on."""
        return self._console.is_terminal

    def head(self, text: str) -> None:
        """A line that stands out."""
        self._console.print(shown(text), style="bold", soft_wrap=True)

    def marked(self, mark: str, style: str, text: str) -> None:
        """A line that begins with a coloured word."""
        from rich.text import Text

        self._console.print(Text.assemble((f"{mark:<5} ", style), shown(text)), soft_wrap=True)

    def rows(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        number: Callable[[int], str] | None = None,
    ) -> None:
        """A table, numbers to the right; `number` writes the integers, default with thousands separators."""
        from rich.table import Table
        from rich.text import Text

        lines = [tuple(row) for row in rows]
        table = Table(show_edge=False, pad_edge=False)
        for place, column in enumerate(columns):
            numeric = any(isinstance(row[place], int | float | Decimal) for row in lines)
            table.add_column(Text(shown(column)), justify="right" if numeric else "left", overflow="fold")
        for row in lines:
            table.add_row(*(_cell(cell, number or count) for cell in row))
        if title:
            self.head(f"\n{title}")
        self._console.print(table)


def _cell(cell: object, number: Callable[[int], str]) -> Text:
    from rich.text import Text

    if isinstance(cell, Styled):
        return Text(shown(cell.text), style=cell.style)
    return Text(number(cell) if _is_count(cell) else shown(str(cell)))


def size(amount: float) -> str:
    """Bytes for people: `1.2 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def ago(past: timedelta) -> str:
    """`3 hours ago`; `just now` below a minute, and for what lies ahead."""
    seconds = past.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number:,} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def _is_count(cell: object) -> TypeGuard[int]:
    return isinstance(cell, int) and not isinstance(cell, bool)


def print_json(content: Any) -> None:
    """One JSON document on standard output; times as ISO texts."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
