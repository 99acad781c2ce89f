"""Redacting JSON: texts and numbers change where they stand, so that everything else keeps its bytes.

A record is a line of JSON lines, an item of the outermost list of a document or a page. What does not belong here:
which file is which (landed.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.night.erasing.layout import Layout
from pipelines.night.erasing.redactor import Cell, Redactor
from pipelines.sources.header_match import squashed

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|-?[0-9][0-9.eE+-]*')


@dataclass(frozen=True)
class _Value:
    """A text or a number in a JSON text, the key that it stands under, and how deep."""

    start: int
    end: int
    text: str
    key: str
    depth: int


def redact_lines(text: str, layout: Layout, redactor: Redactor) -> str:
    """JSON lines, a record each."""
    return "".join(_redact_record(line, layout, redactor) for line in text.splitlines(keepends=True))


def redact_pages(text: str, layout: Layout, redactor: Redactor) -> str:
    """JSON lines, a page of records each."""
    return "\n".join(redact_document(line, layout, redactor) for line in text.split("\n"))


def redact_document(text: str, layout: Layout, redactor: Redactor) -> str:
    """A JSON document or one page: each record by itself, what stands around them as one more."""
    parts, end = [], 0
    for start, stop in _record_spans(text):
        parts += [redactor.text(text[end:start]), _redact_record(text[start:stop], layout, redactor)]
        end = stop
    around = text[end:]
    parts.append(_redact_record(around, Layout({}, "", frozenset()), redactor) if end == 0 else redactor.text(around))
    return "".join(parts)


def _redact_record(text: str, layout: Layout, redactor: Redactor) -> str:
    values = list(_values(text))
    if not values:
        return redactor.text(text)
    cells = [Cell(value.text, layout.role_of(value.key)) for value in values]
    own = [place for place, value in enumerate(values) if squashed(value.key) in layout.keys]
    key = min(own, key=lambda place: values[place].depth, default=None)
    parts, end = [], 0
    for value, new in zip(values, redactor.record(cells, key), strict=True):
        if new != value.text:
            is_number = text[value.start] != '"' and new.isdigit() and new.isascii()
            parts += [text[end : value.start], new if is_number else json.dumps(new, ensure_ascii=text.isascii())]
            end = value.end
    return "".join((*parts, text[end:]))


def _values(text: str) -> Iterator[_Value]:
    """Every text and number with the nearest key above it; items of a list stand under the list's key."""
    keys: list[str] = [""]
    tokens = list(_TOKEN.finditer(text))
    for place, token in enumerate(tokens):
        mark = token[0]
        if mark in "{[":
            keys.append(keys[-1])
        elif mark in "}]":
            keys = keys[:-1] or [""]
        elif mark in ",:":
            continue
        elif mark[0] == '"' and place + 1 < len(tokens) and tokens[place + 1][0] == ":":
            keys[-1] = _text_of(mark)
        else:
            yield _Value(token.start(), token.end(), _text_of(mark) if mark[0] == '"' else mark, keys[-1], len(keys))


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
