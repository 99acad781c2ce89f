"""Which entity a file is: each contract field's columns by name, and a score.

What belongs here: names only. What does not: how a column's values are read (`rules`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from models.contracts import CONTRACTS
from pipelines.sources.inspecting.sample import SampledColumn
from pipelines.sources.vocabulary import EntityWords, folded, load_vocabulary

_REQUIRED, _OPTIONAL, _NAMED = 3.0, 1.0, 8.0
_WEAK, _BLANK = 0.3, 0.3
_ENOUGH = 4.0
_NUMBER_WORDS = ("id", "no", "nr", "number", "nummer", "numarasi", "kodu", "key")


@dataclass(frozen=True)
class Match:
    """One entity against one file: the columns of each field, best first, and how well all that fits."""

    entity: str
    words: EntityWords
    columns: dict[str, tuple[SampledColumn, ...]]
    missing: tuple[str, ...]
    score: float
    fits: bool


def match_entities(name: str, columns: Sequence[SampledColumn]) -> tuple[Match, ...]:
    """Every entity, the best first; those that fit before the others."""
    what = named_thing(name)
    matches = [_match(entity, what, columns) for entity in CONTRACTS]
    return tuple(sorted(matches, key=lambda match: (match.fits, match.score), reverse=True))


def named_thing(name: str) -> str:
    """What a file's name says is in it: `sf_task_data-2026.csv` is `task`."""
    noise = load_vocabulary().noise
    stem = PurePath(name.lower().removesuffix(".gz").removesuffix(".zst")).stem
    return " ".join(word for word in re.findall("[a-z]+", folded(stem)) if word not in noise)


def _match(entity: str, what: str, columns: Sequence[SampledColumn]) -> Match:
    contract, words = CONTRACTS[entity], load_vocabulary().entities[entity]
    named = what in words.names or what == entity.replace("_", " ")
    columns = _not_shadowed(words, columns)
    found = {
        field: tuple(column for column, _ in matched)
        for field in contract.kinds()
        if (matched := _columns_of(field, _names_of(field, contract.KEY[0], words), columns))
    }
    missing = tuple(name for name in contract.required() if name not in found and name not in words.constants)
    score = sum(_weight(field, found[field][0], entity, named=named) for field in found) + _NAMED * named
    one_of = not words.needs_one_of or any(field in found for field in words.needs_one_of)
    telling = named or (score if what == "" else _evidence(entity, found)) >= _ENOUGH
    return Match(entity, words, found, missing, score, not missing and one_of and telling)


def _not_shadowed(words: EntityWords, columns: Sequence[SampledColumn]) -> Sequence[SampledColumn]:
    """Without the columns that mean nothing beside another one: next to an `org_id`, `company_id` is the customer of the CRM."""
    present = {word for column in columns for word in column.words}
    shadowed = {word for condition in words.when if condition.has in present for word in condition.shadows}
    return [column for column in columns if not shadowed.intersection(column.words)]


def _evidence(entity: str, found: dict[str, tuple[SampledColumn, ...]]) -> float:
    """What the columns say when the file's name says something else: 0 unless the key and most of the rest is clear."""
    contract = CONTRACTS[entity]
    weights = {field: _weight(field, columns[0], entity, named=False) for field, columns in found.items()}
    required = [weights[field] for field in contract.required() if field in weights]
    if weights.get(contract.KEY[0], 0) < _REQUIRED or sum(required) < 0.6 * _REQUIRED * len(required):
        return 0.0
    return sum(weight for field, weight in weights.items() if field not in ("is_deleted", "updated_at"))


def _names_of(field: str, key: str, words: EntityWords) -> tuple[str, ...]:
    """The vocabulary's names of a field; the key is also called like the thing with a number: `Fırsat No`, `Deal #`."""
    names = words.fields.get(field, ())
    if field != key or not field.endswith("_id"):
        return names
    return (*names, *(f"{thing} {number}" for thing in sorted(words.names) for number in _NUMBER_WORDS))


def _columns_of(field: str, names: Sequence[str], columns: Sequence[SampledColumn]) -> list[tuple[SampledColumn, str]]:
    """The columns that may feed a field: in the order of the names, those with values first."""
    order = (field.replace("_", " "), *names)
    found = {column.name: (column, name) for name in order for column in columns if name in column.words}
    ranked = [(column, next(name for name in order if name in column.words)) for column, _ in found.values()]
    return sorted(ranked, key=lambda pair: (not pair[0].values, order.index(pair[1])))


def _weight(field: str, column: SampledColumn, entity: str, *, named: bool) -> float:
    weight = _REQUIRED if field in CONTRACTS[entity].required() else _OPTIONAL
    return weight * (1.0 if named or is_telling(column) else _WEAK) * (1.0 if column.values else _BLANK)


def is_telling(column: SampledColumn) -> bool:
    """Whether the column's name says something by itself, as `stage name` does and `id` does not."""
    return not any(word in load_vocabulary().weak for word in column.words)
