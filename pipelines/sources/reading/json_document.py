"""A JSON document that lists records: an array, or an object with the list inside.

The items of an array are parsed one after the other, so that one bad item costs itself; where the list itself
cannot be followed the whole file is refused, since nothing behind that place can be told apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.errors import UnreadableFileError
from models.mapping import ReadOptions
from pipelines.sources.reading.encodings import mark_length
from pipelines.sources.reading.json_rows import JsonRows
from pipelines.sources.reading.json_values import DECODER
from pipelines.sources.reading.records import too_deep
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, TextRows

MAX_ARRAY = 2 * 1024**3
MAX_OBJECT = 256 * 1024**2
_BLANKS = " \t\r\n"
_BLANK = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_TOO_DEEP = too_deep()


def read_json(path: Path, options: ReadOptions, encoding: str, scratch: Path) -> TextRows:
    """The rows of the listed objects; `line_of` gives an item's place (from 1), null items are ignored.

    Raises UnreadableFileError bad_json, no_records, encoding or too_large.
    """
    text = _text_of(path, encoding)
    rows = JsonRows(scratch, options)
    start = _list_start(text, options.records)
    for place, (value, begin, end) in enumerate(_items(text, start), 1):
        if value is None:
            rows.ignore()
        elif value is _TOO_DEEP:
            rows.reject(place, _TOO_DEEP, text[begin : begin + MAX_REJECT_TEXT])
        else:
            rows.add(place, value, text[begin:end])
    return rows.finish(encoding)


def _text_of(path: Path, encoding: str) -> str:
    _check_size(path.stat().st_size, MAX_ARRAY)
    try:
        return path.read_bytes()[mark_length(path) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            "encoding",
            f"byte {error.start + 1:,} of the file is not {encoding}",
            "save it as UTF-8, or name its encoding: read: {encoding: …}",
        ) from error


def _check_size(size: int, most: int) -> None:
    if size > most:
        what = f"a document like this must fit into memory: at most {most:,} bytes, found {size:,}"
        raise UnreadableFileError("too_large", what, "deliver it as .jsonl, one object a line")


def _list_start(text: str, records: str | None) -> int:
    """Where the list of records begins: the array itself, the path the settings name, or the only list of objects."""
    start = _skip_blanks(text, 0)
    mark = text[start : start + 1]
    if mark == "[" and records is None:
        return start
    if mark != "{":
        raise _bad_json(text, start, "expected a list of records, or an object that holds one")
    _check_size(len(text), MAX_OBJECT)
    members = list(_members(text, start))
    if records is not None:
        return _follow(text, members, records)
    lists = [(key, begin) for key, value, begin in members if _is_list_of_objects(value)]
    if len(lists) != 1:
        found = f"{len(lists)} lists of objects" + (f" ({', '.join(key for key, _ in lists)})" if lists else "")
        raise _no_records(f"the document is an object with {found}")
    return lists[0][1]


def _follow(text: str, members: list[tuple[str, Any, int]], records: str) -> int:
    value: Any = None
    begin = 0
    for name in records.split("."):
        found = [(value, begin) for key, value, begin in members if key == name]
        if len(found) != 1:
            raise _no_records(f"`records: {records}` leads nowhere: {len(found)} members are called {name!r}")
        value, begin = found[0]
        members = list(_members(text, begin)) if isinstance(value, dict) else []
    if not isinstance(value, list):
        raise _no_records(f"`records: {records}` leads to something that is no list")
    return begin


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(item is None or isinstance(item, dict) for item in value)


def _no_records(what: str) -> UnreadableFileError:
    return UnreadableFileError(
        "no_records", what, "name the list's path in the settings, such as read: {records: data.items}"
    )


def _bad_json(text: str, at: int, what: str) -> UnreadableFileError:
    lines = [line for line in text[:1_000_000].split("\n") if line.strip()]
    if len(lines) > 1 and all(_is_object(line) for line in lines[:20]):
        return UnreadableFileError("bad_json", "the file holds one object a line", "rename it to .jsonl")
    line = text.count("\n", 0, at) + 1
    return UnreadableFileError(
        "bad_json", f"line {line}, character {at + 1:,} of the file: {what}", "export it again; it may be cut short"
    )


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _skip_blanks(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _value_at(text: str, at: int) -> tuple[Any, int]:
    """The value that starts at `at` and the place after it; `_TOO_DEEP` for one that Python cannot nest."""
    try:
        return DECODER.raw_decode(text, at)
    except RecursionError:
        return _TOO_DEEP, _end_of_brackets(text, at)
    except json.JSONDecodeError as error:
        raise _bad_json(text, error.pos, error.msg) from error


def _end_of_brackets(text: str, at: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, at):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    raise _bad_json(text, at, "a bracket is never closed")


def _check_end(text: str, at: int, is_whole: bool) -> None:
    end = _skip_blanks(text, at)
    if is_whole and end < len(text):
        raise _bad_json(text, end, "there is more after the end of the document")


def _items(text: str, start: int) -> Iterator[tuple[Any, int, int]]:
    """The items of the list that starts at `start`, each with where it begins and ends."""
    is_whole = not text[:start].strip(_BLANKS)
    at = _skip_blanks(text, start + 1)
    if text[at : at + 1] == "]":
        _check_end(text, at + 1, is_whole)
        return
    while True:
        value, end = _value_at(text, at)
        yield value, at, end
        at = _skip_blanks(text, end)
        mark = text[at : at + 1]
        if mark == "]":
            _check_end(text, at + 1, is_whole)
            return
        if mark != ",":
            raise _bad_json(text, at, "expected ',' or ']' after an item of the list")
        at = _skip_blanks(text, at + 1)


def _members(text: str, start: int) -> Iterator[tuple[str, Any, int]]:
    """The keys of the object that starts at `start`, their values and where these begin."""
    is_whole = not text[:start].strip(_BLANKS)
    at = _skip_blanks(text, start + 1)
    if text[at : at + 1] == "}":
        _check_end(text, at + 1, is_whole)
        return
    while True:
        key, at = _value_at(text, at) if text[at : at + 1] == '"' else (None, at)
        at = _skip_blanks(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise _bad_json(text, at, "expected a key and ':'")
        begin = _skip_blanks(text, at + 1)
        value, at = _value_at(text, begin)
        yield key, value, begin
        at = _skip_blanks(text, at)
        mark = text[at : at + 1]
        if mark == "}":
            _check_end(text, at + 1, is_whole)
            return
        if mark != ",":
            raise _bad_json(text, at, "expected ',' or '}' after a value of the object")
        at = _skip_blanks(text, at + 1)
