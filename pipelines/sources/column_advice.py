"""What a column most likely is, by its name: the field of one that nothing reads, the new name of one that is missing.

Only advice: nothing is read by it. What does not belong here: how its values would be read (`inspecting.rules`).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence

from models.contracts import CONTRACTS
from models.mapping import SourceMapping
from pipelines.sources.vocabulary import foldings, load_vocabulary

_CLOSE = 0.84
"""As near as `duration sec` and `durations sec`; `created at` and `updated at` are further apart."""
_RENAMED = 0.6
"""A column that is gone was called something alike more often than not, so less is asked of its new name."""

_TELLING = 5
"""Letters that a name needs for its beginning to say something."""


def likely_field(entity: str, column: str, taken: Collection[str] = ()) -> str | None:
    """The field of the entity that a column most likely holds, of those that are not `taken`; None when none is near.

    A field's own name is tried first, then the headers that exports use for it, then what is spelt alike. Names that
    say nothing by themselves (`name`, `date`) count only as a field's own.
    """
    names = {field: _headers(entity, field) for field in CONTRACTS[entity].kinds() if field not in taken}
    words = foldings(column)
    for field in names:
        if field.replace("_", " ") in words:
            return field
    ranked = [(headers.index(word), field) for field, headers in names.items() for word in words if word in headers]
    if ranked:
        return min(ranked)[1]
    return _alike(words, {header: field for field, headers in names.items() for header in headers}, _CLOSE)


def likely_column(entity: str, fields: Iterable[str], name: str, columns: Sequence[str]) -> str | None:
    """Which of the columns is most likely the one called `name` so far, which feeds these fields; None when none is near."""
    words = foldings(name)
    folded = {word: column for column in reversed(columns) for word in foldings(column)}
    alike = _alike(words, folded, _CLOSE) or _beginning(words, folded)
    if alike is not None:
        return alike
    headers = [header for field in fields for header in _headers(entity, field)]
    known = next((folded[header] for header in headers if header in folded), None)
    return known or _alike(words, folded, _RENAMED)


def fields_fed(mapping: SourceMapping) -> dict[str, tuple[str, ...]]:
    """Each column that a mapping names → the fields that read it; none for one that only chooses rows or joins."""
    fed: dict[str, tuple[str, ...]] = {}
    for name in mapping.columns():
        fields = [
            field
            for field, rule in mapping.fields.items()
            if any(name in case.columns() for case in rule.alternatives())
        ]
        fed[name] = tuple(fields)
    return fed


def _headers(entity: str, field: str) -> list[str]:
    """The field's own name, then what exports call it and say by that, in the order of the vocabulary."""
    vocabulary = load_vocabulary()
    known = vocabulary.entities[entity].fields.get(field, ())
    return [field.replace("_", " "), *(header for header in known if header not in vocabulary.weak)]


def _alike(words: Sequence[str], known: dict[str, str], cutoff: float) -> str | None:
    found = (near for word in words for near in difflib.get_close_matches(word, known, n=1, cutoff=cutoff))
    return next((known[near] for near in found), None)


def _beginning(words: Sequence[str], known: dict[str, str]) -> str | None:
    """The only one that goes on where the name ends, else that ends earlier: `start time utc` for `start time`."""
    longer = {known[text] for text in known for word in words if _goes_on(text, word)}
    shorter = {known[text] for text in known for word in words if _goes_on(word, text)}
    return next((found.pop() for found in (longer, shorter) if len(found) == 1), None)


def _goes_on(text: str, beginning: str) -> bool:
    return len(beginning) >= _TELLING and text.startswith(f"{beginning} ")
