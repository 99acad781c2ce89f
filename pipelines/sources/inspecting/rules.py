"""How the values of one column become one field: value maps, units, formats; each assumption with a note.

What belongs here: one column, one field. What does not: which column feeds which field (`matching`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.fields import Kind, Shape, ascii_lower
from pipelines.sources.inspecting.sample import SampledColumn
from pipelines.sources.vocabulary import folded, foldings, load_vocabulary

Rule = str | dict[str, object]
_MANY_WORDS = 40
_CLOCK_PARTS = re.compile(r"([0-9]+):([0-9]{2})(:[0-9]{2})?([.,][0-9]+)?")


@dataclass(frozen=True)
class RuleGuess:
    """A mapping rule, and what a person should check about it. `rule` None: the column does not say the field."""

    rule: Rule | None
    notes: tuple[str, ...] = ()


def guess_words(field: str, kind: Kind, column: SampledColumn, *, required: bool) -> RuleGuess:
    """A value map for a closed set; unknown words become `otherwise`, blank, or (required) stay out and are listed."""
    seen = column.all_words(_MANY_WORDS + 1)
    if all(ascii_lower(word) in kind.words for word in seen):
        return RuleGuess(column.name)
    known = known_words(field, kind, _with_opposites(seen))
    if not known or len(seen) > _MANY_WORDS:
        return RuleGuess(None)
    unknown = [word for word in seen if word not in known]
    rule: dict[str, object] = {"column": column.name, "map": known}
    if "unknown" in kind.words:
        return RuleGuess(rule | {"otherwise": "unknown"})
    if not unknown:
        return RuleGuess(rule)
    listed = ", ".join(unknown[:10]) + (", …" if len(unknown) > 10 else "")
    if required:
        return RuleGuess(
            rule, (f"{field}: rows with {listed} in '{column.name}' would be rejected; add them to `map`",)
        )
    rule["map"] = known | dict.fromkeys(unknown)
    return RuleGuess(rule, (f"{field}: {listed} in '{column.name}' are left blank: check this",))


def _with_opposites(seen: tuple[str, ...]) -> tuple[str, ...]:
    """A column of true or false has both words, whichever the sample shows."""
    flags = {"true": "false", "false": "true"}
    if not seen or any(folded(word) not in flags for word in seen):
        return seen
    there = {folded(word) for word in seen}
    return (*seen, *(word for word in flags if word not in there))


def known_words(field: str, kind: Kind, seen: tuple[str, ...]) -> dict[str, str | None]:
    """The source's words that we know → ours, as the source writes them."""
    vocabulary = load_vocabulary().words
    ours: dict[str, str] = {folded(word): word for word in kind.words}
    if kind.shape is Shape.FLAG:
        ours = {word: ascii_lower(word) for word in kind.words} | dict(vocabulary["flag"])
    ours |= vocabulary.get(field, {})
    return {word: ours[text] for word in seen for text in reversed(foldings(word)) if text in ours}


def guess_duration(column: SampledColumn) -> RuleGuess:
    """The unit by the column's name and the shape of its values."""
    clocks = [match for value in column.values if (match := _CLOCK_PARTS.fullmatch(value))]
    if column.values and len(clocks) == len(column.values):
        return _clock_unit(column, clocks)
    words = set(" ".join(column.words).split())
    for unit, hints in _UNIT_HINTS.items():
        if words & hints:
            return RuleGuess({"column": column.name, "unit": unit})
    return RuleGuess({"column": column.name, "unit": "s"}, (f"'{column.name}' is taken as seconds: check this",))


_UNIT_HINTS: Mapping[str, set[str]] = {
    "ms": {"ms", "milliseconds", "millis", "millisecond"},
    "min": {"min", "mins", "minutes", "minute", "dk", "dakika", "minuten"},
    "h": {"hours", "hour", "h", "saat", "stunden"},
    "s": {"seconds", "second", "sec", "secs", "s", "sn", "saniye", "sekunden"},
}


def _clock_unit(column: SampledColumn, clocks: list[re.Match[str]]) -> RuleGuess:
    if any(match[3] for match in clocks):
        whole = all(match[3] for match in clocks)
        unit = "HH:MM:SS" if whole else "MM:SS"
        return RuleGuess({"column": column.name, "unit": unit})
    note = f"'{column.name}' is taken as minutes and seconds (MM:SS), not hours and minutes: check this"
    return RuleGuess({"column": column.name, "unit": "MM:SS"}, (note,))
