"""How the values of one column become one field: value maps, units, formats; each assumption with a note.

What belongs here: one column, one field. What does not: which column feeds which field (`matching`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.fields import Kind, Shape, ascii_lower
from pipelines.sources.conversions.numbers import CURRENCY_CODES
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
    if kind.shape is Shape.FLAG:
        known |= _words_not_seen(field, known)
    note = f"{field}: {listed} in '{column.name}' and words that come later are left blank: check this"
    return RuleGuess({"cases": _cases(column, known)}, (note,))


def _words_not_seen(field: str, known: Mapping[str, str | None]) -> dict[str, str]:
    """The vocabulary's words for true or false, when the sample shows none: a file of won deals gets lost ones later."""
    vocabulary = load_vocabulary().words.get(field, {})
    return {word: ours for word, ours in vocabulary.items() if ours not in known.values()}


def guess_open_words(field: str, column: SampledColumn) -> RuleGuess:
    """For a field that takes any word: those that we know become ours, others stay as they are."""
    seen = column.all_words(_MANY_WORDS + 1)
    vocabulary = load_vocabulary().open_words.get(field, {})
    known = {word: meaning for word, meaning in _meanings(seen, vocabulary).items() if ascii_lower(word) != meaning}
    if not known or len(seen) > _MANY_WORDS:
        return RuleGuess(column.name)
    return RuleGuess({"cases": [*_cases(column, known), {"column": column.name}]})


def _cases(column: SampledColumn, known: Mapping[str, str | None]) -> list[dict[str, object]]:
    """One case for each of our words, so that a word which comes later rejects no row."""
    theirs: dict[str, list[str]] = {}
    for word, ours in known.items():
        if ours is not None:
            theirs.setdefault(ours, []).append(word)
    return [
        {"if": {column.name: words[0] if len(words) == 1 else words}, "const": ours} for ours, words in theirs.items()
    ]


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
    return _meanings(seen, ours | dict(vocabulary.get(field, {})))


def _meanings(seen: tuple[str, ...], ours: Mapping[str, str]) -> dict[str, str | None]:
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


SALESFORCE_ID = re.compile("(?=.*[A-Za-z])[0-9a-z][0-9A-Za-z]{14}([A-Z0-5]{3})?")


def guess_id(field: str, column: SampledColumn) -> RuleGuess:
    """Salesforce's ids, of 15 characters or 18, are written with 18 of them: one record has one id then."""
    if field.endswith("_id") and column.values and all(SALESFORCE_ID.fullmatch(value) for value in column.values):
        return RuleGuess({"column": column.name, "normalise": "salesforce_id"})
    return RuleGuess(column.name)


_SYMBOLS = {"€": "EUR", "£": "GBP", "₺": "TRY", "TL": "TRY", "¥": "JPY", "₹": "INR", "zł": "PLN"}
_CODE = re.compile("(?<![A-Za-z])([A-Z]{3}|TL)(?![A-Za-z])|[€£₺¥₹]|zł")


def currencies_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The currencies that amounts or the name of their column hold, as ISO codes; a bare $ is several, and says none."""
    found = {match[0] for text in texts for match in _CODE.finditer(text)}
    codes = {_SYMBOLS.get(word, word) for word in found}
    return tuple(sorted(code for code in codes if code in _SYMBOLS.values() or code in CURRENCY_CODES))


def guess_currency(column: SampledColumn) -> RuleGuess:
    """Codes as they are; TL and the signs of currencies become codes."""
    known = {word: _SYMBOLS[word] for word in column.all_words(_MANY_WORDS) if word in _SYMBOLS}
    if not known:
        return RuleGuess(column.name)
    return RuleGuess({"cases": [*_cases(column, known), {"column": column.name}]})


_CLOCK_OF_DAY = re.compile("([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


def is_clock_of_day(column: SampledColumn) -> bool:
    """Whether the column is called like a time of day and holds nothing else."""
    named = not load_vocabulary().clocks.isdisjoint(column.words)
    return named and bool(column.values) and all(_CLOCK_OF_DAY.fullmatch(value) for value in column.values)
