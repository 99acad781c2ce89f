"""Which entity a file is, and which of its columns is which field: by headers, and whether the values can be that."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from models.contracts import CONTRACTS
from models.fields import Kind, Shape
from pipelines.sources.inspecting.columns import ColumnGuess
from pipelines.sources.inspecting.words import EntityWords, bare, synonyms

_FITTING = {
    Shape.INSTANT: {"time", "day"},
    Shape.DAY: {"time", "day"},
    Shape.MONTH: {"time", "day", "text"},
    Shape.WHOLE: {"number", "duration", "flag"},
    Shape.NUMBER: {"number", "flag"},
    Shape.FLAG: {"flag", "text", "number"},
    Shape.WORD: {"text", "flag", "number"},
}


def guess_entity(stem: str, columns: Sequence[ColumnGuess]) -> str | None:
    """The entity whose fields the headers name best; None when too little fits. A header that many entities know says
    little, the file's name as much as two fields."""
    scores = {entity: _score(entity, words, stem, columns) for entity, words in synonyms().entities.items()}
    best = max(scores, key=lambda entity: scores[entity])
    return best if scores[best] >= 1.5 else None


def assign_fields(entity: str, columns: Sequence[ColumnGuess]) -> dict[str, ColumnGuess]:
    """Field → column, each column once, in the contract's order; a required field may share a stand-in's column."""
    kinds, words = CONTRACTS[entity].kinds(), synonyms().entities[entity]
    required = CONTRACTS[entity].required()
    found: dict[str, ColumnGuess] = {}
    ranked = sorted(
        (place, order, field, column)
        for order, (field, headers) in enumerate(words.headers.items())
        for place, header in enumerate(headers)
        for column in range(len(columns))
        if bare(columns[column].name) == header and _fits(field, kinds[field], columns[column])
        if columns[column].kind != "blank" or field not in required
    )
    taken: set[int] = set()
    for _, _, field, column in ranked:
        if field not in found and column not in taken:
            found[field] = columns[column]
            taken.add(column)
    for field, other in synonyms().stand_ins.get(entity, {}).items():
        if field in CONTRACTS[entity].required() and field not in found and other in found:
            found[field] = found[other]
    return {field: found[field] for field in kinds if field in found}


def _fits(field: str, kind: Kind, column: ColumnGuess) -> bool:
    """A close date that is blank for some deals is when they closed; one that all have is when they should."""
    if field == "closed_at" and not column.has_blanks:
        return False
    if field == "expected_close_date" and column.has_blanks and bare(column.name) in ("closedate", "closetime"):
        return False
    return column.kind in _FITTING.get(kind.shape, {"text", "number", "flag", "time", "day", "duration", "blank"})


def _score(entity: str, words: EntityWords, stem: str, columns: Sequence[ColumnGuess]) -> float:
    assigned = {field: column for field, column in assign_fields(entity, columns).items() if column.kind != "blank"}
    known = _entities_by_header()
    fields = sum(1 / known[bare(column.name)] for column in assigned.values())
    missing = sum(field not in assigned for field in CONTRACTS[entity].required())
    return fields + 2 * bool(words.hints & _stem_words(stem)) - 0.5 * missing


def _stem_words(stem: str) -> set[str]:
    parts = "".join(letter if letter.isalnum() else " " for letter in stem).split()
    pairs = (first + second for first, second in itertools.pairwise(parts))
    return {bare(word) for word in (*parts, *pairs)}


def _entities_by_header() -> Counter[str]:
    """How many entities know a header."""
    return Counter(
        header
        for words in synonyms().entities.values()
        for header in {header for headers in words.headers.values() for header in headers}
    )
