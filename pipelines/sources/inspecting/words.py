"""Other people's words for ours: the table in synonyms.yaml, and how words are compared."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True)
class EntityWords:
    """Words of file names that hint at the entity, and each field's usual headers, the likeliest first."""

    hints: frozenset[str]
    headers: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Synonyms:
    """synonyms.yaml, every word in the form of `bare`."""

    entities: dict[str, EntityWords]
    meanings: dict[str, dict[str, str]]
    stand_ins: dict[str, dict[str, str]]
    constants: dict[str, str]


def bare(text: str) -> str:
    """Letters and digits alone, accents and case aside: `Başlangıç – Zamanı` → `baslangiczamani`."""
    plain = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ß", "ss")).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


@cache
def synonyms() -> Synonyms:
    """The table, read once."""
    table = yaml.safe_load((files("pipelines.sources.inspecting") / "synonyms.yaml").read_text(encoding="utf-8"))
    return Synonyms(
        entities={entity: _entity(words) for entity, words in table["entities"].items()},
        meanings={
            field: {bare(word): meaning for meaning, words in meanings.items() for word in (meaning, *words)}
            for field, meanings in table["words"].items()
        },
        stand_ins=table["required"]["stand_ins"],
        constants=table["required"]["constants"],
    )


def _entity(words: dict[str, dict[str, list[str]]]) -> EntityWords:
    headers = {field: tuple(dict.fromkeys(bare(word) for word in known)) for field, known in words["fields"].items()}
    return EntityWords(frozenset(bare(word) for word in words["hints"]), headers)
