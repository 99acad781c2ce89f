"""Which column of a file a name means: exactly, else the only one that differs in case, spaces or underscores, else
the only one with the same letters and digits (`ActivityDate`, `ACTIVITYDATE` and `activity_date`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from models.errors import UnreadableFileError
from models.mapping import SourceMapping
from models.personal import masked
from models.records import Record
from models.yaml_line import yaml_entry
from pipelines.sources.column_advice import fields_fed, likely_column

_DELIMITERS = {";": ('";"', "semicolons"), "\t": ('"\\t"', "tabs"), "|": ('"|"', "bars"), ",": ('","', "commas")}
_SPREADSHEET_MARK = re.compile("(?i)sep=(.?)")
WHERE_MAPPINGS_ARE = "of the source in touchline.yaml; of a CRM a copy in its `mappings` folder"


def loosely(name: str) -> str:
    """The name without what people change by accident: ` Call_ID ` and `call id` are both `call id`."""
    return re.sub(r"[\s_]+", " ", name.strip().casefold()).strip()


@lru_cache(maxsize=4096)
def squashed(name: str) -> str:
    """Only its letters and digits, in lower case; remembered, since it is also asked of cells, which repeat."""
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


def find_named(mapping: SourceMapping, name: str, columns: Sequence[str]) -> str | None:
    """The file's column that a mapping's column means, under its name or else its first alias that is there."""
    names = (name, *mapping.aliases.get(name, ()))
    return next((column for one in names if (column := find_column(one, columns)) is not None), None)


def match_columns(mapping: SourceMapping, columns: Sequence[str]) -> dict[str, str | None]:
    """Each column that a mapping names → the file's column; None for one that the file may lack and does.

    A name is looked for first, then its aliases. Raises UnreadableFileError missing_column for one that is needed.
    """
    needed = mapping.columns() if mapping.needs is None else mapping.needs
    found = {name: find_named(mapping, name, columns) for name in mapping.columns()}
    for name in needed:
        if found[name] is None:
            unread = [column for column in columns if column not in found.values()]
            raise _missing(name, _renamed(mapping, name, unread), columns)
    return found


def match_fields(contract: type[Record], columns: Sequence[str]) -> dict[str, str]:
    """Each contract field that the file has → its column. Raises UnreadableFileError for a missing required one."""
    known = contract.kinds()
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
    for name in contract.required():
        if name not in found:
            unread = [column for column in columns if column not in found.values()]
            like = likely_column(contract.ENTITY, (name,), name, unread)
            remedy = (
                f"rename it in the export to {name}, or describe the file as a mapped source (touchline inspect FILE)"
            )
            raise _missing(name, None if like is None else _Renamed(like, remedy), columns)
    return found


@dataclass(frozen=True)
class _Renamed:
    """The column that a missing one most likely is now, and how that is said."""

    column: str
    remedy: str


def _renamed(mapping: SourceMapping, name: str, unread: Sequence[str]) -> _Renamed | None:
    column = likely_column(mapping.entity, fields_fed(mapping)[name], name, unread)
    if column is None:
        return None
    aliases = [*mapping.aliases.get(name, ()), column]
    return _Renamed(
        column,
        f"add to the mapping ({WHERE_MAPPINGS_ARE}): {yaml_entry({'aliases': {name: aliases}})}",
    )


def _missing(name: str, renamed: _Renamed | None, columns: Sequence[str]) -> UnreadableFileError:
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
    if renamed is not None and masked(renamed.column) == renamed.column:
        return UnreadableFileError(
            "missing_column",
            f"the file has no column '{name}'; '{renamed.column}' looks like it. {_shown(columns)}",
            f"If it is, {renamed.remedy}; else deliver the column.",
        )
    if len(columns) <= 2:
        return UnreadableFileError(
            "missing_column",
            f"the file has no column '{name}'. {_shown(columns)}",
            "If lines stand above the header, set read: {skip_rows: N} for this source (touchline inspect FILE finds it"
            " and proposes settings to paste); else deliver the column, or name the right one in the source's mapping.",
        )
    return UnreadableFileError(
        "missing_column",
        f"the file has no column '{name}'. {_shown(columns)}",
        "Deliver the column, or name the right one in the source's mapping; touchline inspect FILE proposes one.",
    )


def _shown(columns: Sequence[str]) -> str:
    """The file's columns; nothing of a first line that names a person, since it is no header."""
    if any(masked(column) != column for column in columns):
        return "Its first line holds an e-mail address or a phone number: it looks like a record, not a header."
    return "It has: " + ", ".join(columns[:30]) + (", …" if len(columns) > 30 else "")
