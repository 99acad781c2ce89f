"""Ids that one system writes in two ways."""

from __future__ import annotations

from pipelines.sources.conversions.conversion import Conversion

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = "[0-9A-Za-z]{15}"
_USER = "005"


def convert_salesforce_id(cell: str) -> Conversion:
    """18 characters for an id of 15: each of the three that follow says which letters of five are capitals.

    Anything that is no id of 15 characters stays as it is.
    """
    return Conversion(_with_check_letters(cell))


def convert_rep_id(cell: str) -> Conversion:
    """The same for the ids of Salesforce's users alone, wherever a rep is named: a roster made from a report has 15
    characters, the records of Data Loader and the API may have 18, and other systems repeat either.
    """
    return Conversion(f"case when starts_with({cell}, '{_USER}') then {_with_check_letters(cell)} else {cell} end")


def _with_check_letters(cell: str) -> str:
    tail = " || ".join(_check_letter(cell, start) for start in (1, 6, 11))
    return f"case when regexp_full_match({cell}, '{_SHORT}') then {cell} || {tail} else {cell} end"


def _check_letter(cell: str, start: int) -> str:
    bits = " + ".join(
        f"case when substr({cell}, {start + place}, 1) between 'A' and 'Z' then {1 << place} else 0 end"
        for place in range(5)
    )
    return f"substr('{_LETTERS}', 1 + {bits}, 1)"
