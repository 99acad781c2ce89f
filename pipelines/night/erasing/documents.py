"""Redacting JSON: texts and numbers change where they stand, so that everything else keeps its bytes.

A record is a line of JSON lines, an item of the outermost list of a document or a page. What does not belong here:
which file is which (landed.py).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.night.erasing.layout import Layout
from pipelines.night.erasing.redactor import Cell, Redactor

_TORN = '"erased'
_LINE_END = re.compile(r"[\r\n]*\Z")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|-?[0-9][0-9.eE+-]*')


@dataclass(frozen=True)
class _Value:
    """A text or a number in a JSON text, and the dotted path of keys that leads to it (a list adds nothing to it)."""

    start: int
    end: int
    text: str
    path: str


def redact_lines(text: str, layout: Layout, redactor: Redactor) -> str:
    """JSON lines, a record each."""
    return "".join(_redact_line(line, layout, redactor) for line in text.splitlines(keepends=True))


def _redact_line(line: str, layout: Layout, redactor: Redactor) -> str:
    """A record. Of one that was cut short values may stand outside of quotes; one about people is left out then."""
    found = _redact_span(line, list(_values(line)), layout, redactor)
    if _is_whole(line):
        return found
    found = redactor.names(redactor.text(found))
    return f"{{{_TORN}{_LINE_END.search(line)[0]}" if layout.own and found != line else found  # type: ignore[index]


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.strip()
    return True


def redact_pages(text: str, layout: Layout, redactor: Redactor) -> str:
    """JSON lines, a page of records each."""
    return "\n".join(redact_document(line, layout, redactor) for line in text.split("\n"))


def redact_document(text: str, layout: Layout, redactor: Redactor) -> str:
    """A JSON document or one page: each record by itself, and what stands around them value by value."""
    spans = list(_record_spans(text)) or [(0, len(text))]
    groups: dict[int, list[_Value]] = {}
    alone = len(spans)
    for value in _values(text):
        place = bisect_right(spans, value.start, key=lambda span: span[0]) - 1
        inside = place >= 0 and value.end <= spans[place][1]
        groups.setdefault(place if inside else alone, []).append(value)
        alone += not inside
    changes = [change for values in groups.values() for change in _changes(text, values, layout, redactor)]
    return _with_changes(text, sorted(changes))


def _redact_span(text: str, values: list[_Value], layout: Layout, redactor: Redactor) -> str:
    return _with_changes(text, _changes(text, values, layout, redactor)) if values else redactor.text(text)


def _changes(text: str, values: list[_Value], layout: Layout, redactor: Redactor) -> list[tuple[int, int, str]]:
    """What is to be written where, of the values of one record."""
    cells = [Cell(value.text, layout.role_of(value.path)) for value in values]
    found = redactor.record(cells, layout.key_among([value.path for value in values]))
    return [
        (value.start, value.end, _as_written(new, text[value.start], is_ascii=text.isascii()))
        for value, new in zip(values, found, strict=True)
        if new != value.text
    ]


def _as_written(new: str, old: str, *, is_ascii: bool) -> str:
    """A number where a number stood; letters beyond ASCII as the file writes them."""
    is_number = old != '"' and new.isdigit() and new.isascii()
    return new if is_number else json.dumps(new, ensure_ascii=is_ascii)


def _with_changes(text: str, changes: list[tuple[int, int, str]]) -> str:
    parts, end = [], 0
    for start, stop, new in changes:
        parts += [text[end:start], new]
        end = stop
    return "".join((*parts, text[end:]))


def _values(text: str) -> Iterator[_Value]:
    """Every text and number; items of a list stand under the list's own path."""
    paths: list[str] = [""]
    key = ""
    tokens = list(_TOKEN.finditer(text))
    for place, token in enumerate(tokens):
        mark = token[0]
        if mark in "{[":
            paths.append(key)
        elif mark in "}]":
            key = paths.pop() if len(paths) > 1 else ""
        elif mark in ",:":
            continue
        elif mark[0] == '"' and place + 1 < len(tokens) and tokens[place + 1][0] == ":":
            key = ".".join(filter(None, (paths[-1], _text_of(mark))))
        else:
            yield _Value(token.start(), token.end(), _text_of(mark) if mark[0] == '"' else mark, key)


def _text_of(mark: str) -> str:
    try:
        return str(json.loads(mark))
    except ValueError:
        return mark[1:-1]


def _record_spans(text: str) -> Iterator[tuple[int, int]]:
    """The objects that are items of a list and lie in no other such object."""
    around: list[str] = []
    begun, depth = -1, 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            if mark == "{" and begun < 0 and around and around[-1] == "[":
                begun, depth = token.start(), len(around)
            around.append(mark)
        elif mark in "}]" and around:
            around.pop()
            if begun >= 0 and len(around) == depth:
                yield begun, token.end()
                begun = -1
