"""The header: which columns a file has, and which cells of a record belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.errors import UnreadableFileError
from models.fields import BLANKS, ascii_lower
from pipelines.sources.reading.records import Fault

MAX_COLUMNS = 5_000


@dataclass(frozen=True)
class Header:
    """`cells` as written, `columns` trimmed; `places` are the positions of the columns that have a name.

    A column without a name is dropped while its cells are blank, so that a delimiter at the end of every line is no
    fault. `width` is how many cells a record must have.
    """

    cells: tuple[str, ...]
    columns: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def width(self) -> int:
        """Cells up to the last column that has a name."""
        return self.places[-1] + 1

    @property
    def is_plain(self) -> bool:
        """Whether every cell of the header names a column."""
        return len(self.places) == len(self.cells)

    def misfit(self, cells: Sequence[str]) -> Fault | None:
        """Why a record does not fit: it has too few cells, or one that is not blank under no name."""
        counted = f"expected {self.width} cells as in the header, found {len(cells)}"
        if len(cells) < self.width:
            return Fault("too_few_fields", f"{counted}; a cell or a line end is missing, or a line break is not quoted")
        if len(cells) == self.width == len(self.places):
            return None
        named = set(self.places)
        stray = next((place for place, cell in enumerate(cells) if place not in named and cell.strip(BLANKS)), None)
        if stray is None:
            return None
        advice = "quote cells that hold the delimiter, or name the column"
        return Fault("too_many_fields", f"{counted}: cell {stray + 1} stands under no column; {advice}")

    def pick(self, cells: Sequence[str]) -> list[str]:
        """The cells of the named columns."""
        return [cells[place] for place in self.places]


def header_of(cells: Sequence[str]) -> Header:
    """The header a first record makes; raises UnreadableFileError no_header, duplicate_header or encoding."""
    names = [cell.strip(BLANKS + "\xa0") for cell in cells]
    if any("\x00" in name for name in names):
        raise UnreadableFileError(
            "encoding",
            "the header holds NUL bytes: the file looks like UTF-16 without a mark",
            "save it as UTF-8, or set read: {encoding: utf-16-le}",
        )
    places = tuple(place for place, name in enumerate(names) if name)
    if not places:
        raise no_header("the first record names no column")
    columns = tuple(names[place] for place in places)
    check_columns(columns)
    return Header(tuple(cells), columns, places)


def no_header(what: str) -> UnreadableFileError:
    """The refusal of a file in which no header was found."""
    remedy = "the first line must name the columns; if lines stand above it, set read: {skip_rows: N}"
    return UnreadableFileError("no_header", what, remedy)


def check_columns(columns: Iterable[str]) -> None:
    """Raises UnreadableFileError duplicate_header (also for names that differ only in case) or too_many_columns."""
    seen: dict[str, str] = {}
    for column in columns:
        twin = seen.get(ascii_lower(column))
        if len(seen) >= MAX_COLUMNS:
            raise UnreadableFileError(
                "too_many_columns",
                f"the file has more than {MAX_COLUMNS:,} columns",
                "export only the columns that are mapped",
            )
        if twin is not None:
            differ = "" if twin == column else f", and {twin!r} differs from it only in case"
            raise UnreadableFileError(
                "duplicate_header",
                f"two columns are called {column!r}{differ}",
                "rename one of them in the export, so that it is clear which one is meant",
            )
        seen[ascii_lower(column)] = column
