"""One JSON object as a flat row of text, by RFC 8259 to the letter; numbers stay as they are written.

What belongs here: parsing a value and flattening it. What does not: lines, documents and paths.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipelines.sources.reading.records import MAX_CELL, Fault

MAX_DEPTH = 8
MAX_NUMBER = 1_000


class _Flaw(str):
    """Stands in the parsed value where the text breaks RFC 8259 although Python would take it."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) != len(pairs):
        return _Flaw("an object has the same key twice")
    return found


def _constant(word: str) -> Any:
    return _Flaw(f"{word} is no JSON number")


def _number(digits: str) -> Any:
    return digits if len(digits) <= MAX_NUMBER else _Flaw(f"a number has {len(digits):,} digits")


DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_number, parse_float=_number, strict=True
)


def flat_row(value: Any) -> dict[str, str] | Fault:
    """The cells of a parsed object by dotted name; a list is JSON text whose scalars are strings, null is blank."""
    if isinstance(value, _Flaw):
        return Fault("bad_json", f"{value}; export it as plain JSON")
    if not isinstance(value, dict):
        return Fault("not_an_object", 'expected an object such as {"id": 1}; found a value without names')
    row: dict[str, str] = {}
    try:
        for name, cell in _cells(value, "", 1):
            if name in row:
                return Fault("bad_json", f"the object gives two values for {name!r}; name one of them differently")
            row[name] = cell
    except _UnfitError as unfit:
        return unfit.fault
    return row


class _UnfitError(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(rule, message)


def _cells(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        raise _UnfitError("too_deep", f"objects are nested deeper than {MAX_DEPTH}; export the record flatter")
    for key, inner in value.items():
        if not key or "\x00" in key:
            raise _UnfitError("bad_json", "a key is blank; name it")
        if isinstance(inner, dict):
            yield from _cells(inner, f"{prefix}{key}.", depth + 1)
        else:
            yield prefix + key, _text_of(inner, depth)


def _text_of(value: Any, depth: int) -> str:
    if isinstance(value, _Flaw):
        raise _UnfitError("bad_json", f"{value}; export it as plain JSON")
    if isinstance(value, list):
        value = json.dumps(_strings_in(value, depth + 1), ensure_ascii=False)
    text = _scalar(value) or ""
    if len(text) > MAX_CELL:
        raise _UnfitError("too_large", f"a value is longer than {MAX_CELL:,} characters; shorten it or leave it out")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _UnfitError("encoding", "a value holds half of a surrogate pair (\\ud800 to \\udfff); mend it")
    return text


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)


def _strings_in(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _UnfitError("too_deep", f"a list is nested deeper than {MAX_DEPTH}; export the record flatter")
    if isinstance(value, list):
        return [_strings_in(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _strings_in(item, depth + 1) for key, item in value.items()}
    if isinstance(value, _Flaw):
        raise _UnfitError("bad_json", f"{value}; export it as plain JSON")
    return _scalar(value)
