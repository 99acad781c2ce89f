"""Which column of a file a name means: exactly, else the only one that differs in case, spaces or underscores, else
the only one with the same letters and digits (`ActivityDate`, `ACTIVITYDATE` and `activity_date`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from models.errors import UnreadableFileError, nearest
from models.mapping import SourceMapping
from models.personal import masked


def loosely(name: str) -> str:
    """The name without what people change by accident: ` Call_ID ` and `call id` are both `call id`."""
    return re.sub(r"[\s_]+", " ", name.strip().casefold()).strip()


def squashed(name: str) -> str:
    """Only its letters and digits, in lower case."""
    return re.sub(r"[\W_]+", "", name.casefold())


def as_field_name(name: str) -> str:
    """The name as the contract would write it: `Source Record-ID` → `source_record_id`."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def find_column(name: str, columns: Sequence[str]) -> str | None:
    """The file's column that `name` means, or None when there is none, or more than one."""
    if name in columns:
        return name
    for alike in (loosely, squashed):
        found = [column for column in columns if alike(column) == alike(name)]
        if len(found) == 1:
            return found[0]
    return None


def match_columns(mapping: SourceMapping, columns: Sequence[str]) -> dict[str, str | None]:
    """Each column that a mapping names → the file's column; None for one that the file may lack and does.

    A name is looked for first, then its aliases. Raises UnreadableFileError missing_column for one that is needed.
    """
    needed = mapping.columns() if mapping.needs is None else mapping.needs
    found: dict[str, str | None] = {}
    for name in mapping.columns():
        names = (name, *mapping.aliases.get(name, ()))
        column = next((column for one in names if (column := find_column(one, columns)) is not None), None)
        found[name] = _match(name, columns) if column is None and name in needed else column
    return found


def match_fields(fields: Iterable[str], required: Iterable[str], columns: Sequence[str]) -> dict[str, str]:
    """Each contract field that the file has → its column. Raises UnreadableFileError for a missing required one."""
    known = set(fields)
    found: dict[str, str] = {}
    for column in columns:
        field = as_field_name(column)
        if field in found:
            raise UnreadableFileError(
                "duplicate_header",
                f"the columns '{found[field]}' and '{column}' are both the field {field}",
                "Rename or remove one of them in the export.",
            )
        if field in known:
            found[field] = column
    for name in required:
        if name not in found:
            raise _missing(name, _nearest_column(name, {as_field_name(column): column for column in columns}), columns)
    return found


def _match(name: str, columns: Sequence[str]) -> str:
    column = find_column(name, columns)
    if column is None:
        raise _missing(name, _nearest_column(name, {loosely(column): column for column in columns}), columns)
    return column


def _nearest_column(name: str, columns: Mapping[str, str]) -> str:
    hint = nearest(name, columns.values()) or nearest(loosely(name), columns)
    near = re.search("'(.*)'", hint, re.DOTALL)
    return f" Did you mean '{columns.get(near[1], near[1])}'?" if near else ""


_DELIMITERS = {";": ('";"', "semicolons"), "\t": ('"\\t"', "tabs"), "|": ('"|"', "bars"), ",": ('","', "commas")}


_SPREADSHEET_MARK = re.compile("(?i)sep=(.?)")


def _missing(name: str, hint: str, columns: Sequence[str]) -> UnreadableFileError:
    """What a missing column most likely is: another delimiter, lines above the header, or indeed a missing column."""
    found = next((mark for mark in _DELIMITERS if len(columns) == 1 and columns[0].count(mark) > 1), None)
    if found is not None:
        written, called = _DELIMITERS[found]
        return UnreadableFileError(
            "dialect",
            f"the header is one cell: its cells are parted by {called}. {_shown(columns)}",
            f"touchline inspect FILE proposes a source to paste that reads the file as it is; or, if all files of this"
            f" source are so, set its read: {{delimiter: {written}}}; or export it anew.",
        )
    if len(columns) == 1 and (named := _SPREADSHEET_MARK.fullmatch(columns[0])):
        return UnreadableFileError(
            "dialect",
            f"its first line is {columns[0]}, with which a spreadsheet names the delimiter",
            f'touchline inspect FILE proposes a source to paste; or set read: {{delimiter: "{named[1]}", skip_rows: 1}}'
            " for this source, or take the line away.",
        )
    if len(columns) <= 2 and not hint:
        return UnreadableFileError(
            "missing_column",
            f"the file has no column '{name}'. {_shown(columns)}",
            "If lines stand above the header, set read: {skip_rows: N} for this source (touchline inspect FILE finds it"
            " and proposes settings to paste); else deliver the column, or name the right one in the source's mapping.",
        )
    return UnreadableFileError(
        "missing_column",
        f"the file has no column '{name}'.{hint} {_shown(columns)}",
        "Deliver the column, or name the right one in the source's mapping; touchline inspect FILE proposes one.",
    )


def _shown(columns: Sequence[str]) -> str:
    """The file's columns; nothing of a first line that names a person, since it is no header."""
    if any(masked(column) != column for column in columns):
        return "Its first line holds an e-mail address or a phone number: it looks like a record, not a header."
    return "It has: " + ", ".join(columns[:30]) + (", …" if len(columns) > 30 else "")
