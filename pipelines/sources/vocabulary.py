"""The words that exports use, read from `vocabulary.yaml` and compared without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.strict_yaml import read_yaml

_PLAIN = str.maketrans({"ı": "i", "İ": "i", "ß": "ss", "ø": "o", "ł": "l"})
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True)
class Condition:
    """What else a column's presence says.

    `columns`: times that another column also feeds. `maps`: value maps that then hold. `flags`: fields that are the
    column's own true and false under these words. `shadows`: columns that then feed no field. `note` is told.
    """

    has: str
    columns: Mapping[str, str]
    maps: Mapping[str, dict[str, str | None]]
    flags: Mapping[str, dict[str, str]]
    shadows: frozenset[str]
    note: str | None


@dataclass(frozen=True)
class EntityWords:
    """How exports name an entity and its fields; `constants` may stand in for a column that is missing."""

    names: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str | None]
    coalesce: tuple[str, ...]
    needs_one_of: tuple[str, ...]
    when: tuple[Condition, ...]


@dataclass(frozen=True)
class Vocabulary:
    """All of it; `words` has for each field the source's word → ours, `open_words` for fields that also take others."""

    weak: frozenset[str]
    noise: frozenset[str]
    totals: tuple[str, ...]
    entities: Mapping[str, EntityWords]
    words: Mapping[str, Mapping[str, str]]
    open_words: Mapping[str, Mapping[str, str]]
    clocks: frozenset[str]
    name_parts: tuple[frozenset[str], ...]


def folded(text: str) -> str:
    """`Çağrı-No`, `cagriNo` and `CAGRI_NO` are all `cagri no`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    letters = unicodedata.normalize("NFKD", spaced.translate(_PLAIN).casefold().translate(_PLAIN))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def foldings(text: str) -> tuple[str, ...]:
    """The text folded, also with German umlauts written out."""
    composed = unicodedata.normalize("NFC", text)
    return tuple(dict.fromkeys((folded(text), folded(composed.lower().translate(_GERMAN)))))


@cache
def load_vocabulary() -> Vocabulary:
    """The words of `vocabulary.yaml`."""
    content = read_yaml(Path(__file__).with_name("vocabulary.yaml"))
    return Vocabulary(
        weak=frozenset(content["weak"]),
        noise=frozenset(content["noise"]),
        totals=tuple(content["totals"]),
        entities={name: _entity(entry) for name, entry in content["entities"].items()},
        words=_words(content["words"]),
        open_words=_words(content["open_words"]),
        clocks=frozenset(content["clocks"]),
        name_parts=tuple(frozenset(words) for words in content["name_parts"]),
    )


def _words(fields: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, str]]:
    return {
        field: {folded(word): meaning for meaning, theirs in meanings.items() for word in (meaning, *theirs)}
        for field, meanings in fields.items()
    }


def _entity(entry: dict[str, Any]) -> EntityWords:
    return EntityWords(
        names=frozenset(entry["names"]),
        fields={field: tuple(names) for field, names in entry["fields"].items()},
        constants=entry.get("constants", {}),
        coalesce=tuple(entry.get("coalesce", ())),
        needs_one_of=tuple(entry.get("needs_one_of", ())),
        when=tuple(
            Condition(
                c["has"],
                c.get("columns", {}),
                c.get("maps", {}),
                c.get("flags", {}),
                frozenset(c.get("shadows", ())),
                c.get("note"),
            )
            for c in entry.get("when", ())
        ),
    )
