"""The fields of a proposed mapping: for every field of the entity that a column or a constant can fill, one rule."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from models.contracts import CONTRACTS
from models.fields import SECONDS, Kind, Shape
from models.settings import Company
from pipelines.sources.inspecting.matching import Match, named_thing
from pipelines.sources.inspecting.rules import (
    Rule,
    RuleGuess,
    currencies_in,
    guess_currency,
    guess_duration,
    guess_id,
    guess_open_words,
    guess_words,
    is_clock_of_day,
    known_words,
)
from pipelines.sources.inspecting.sample import SampledColumn
from pipelines.sources.inspecting.times import TimeGuess, guess_times, is_day_first, swapped
from pipelines.sources.vocabulary import load_vocabulary

_TIMES = (Shape.INSTANT, Shape.DAY, Shape.MONTH)
_MONTH_FIRST_ZONES = ("America/", "US/")


class FieldProposals:
    """Goes through the fields of one match; `fields`, `notes` and `unfilled` (required, without any rule) result."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, match: Match, columns: Sequence[SampledColumn], company: Company
    ) -> None:
        self.fields: dict[str, Rule] = {}
        self.notes: list[str] = []
        self._connection = connection
        self._match = match
        self._columns = columns
        self._contract = CONTRACTS[match.entity]
        self._times: dict[str, TimeGuess | None] = {}
        self._day_first = self._evident_order()
        self._company = company

    def propose(self, file_name: str) -> None:
        """Fills `fields` in the order of the contract."""
        for field, kind in self._contract.kinds().items():
            guess = self._guess(field, kind)
            if guess is None and field in self._match.words.constants:
                guess = self._constant(field, kind, file_name)
            if guess is not None and guess.rule is not None:
                self.fields[field] = guess.rule
                self.notes += guess.notes
        if "is_won" in self._contract.kinds() and "is_won" not in self.fields:
            self.notes.append("nothing says which deals are won: deliver stages.csv with the outcome of each stage")
        self._propose_currency()
        self._propose_clock()
        self._apply_conditions()

    @property
    def unfilled(self) -> tuple[str, ...]:
        """Required fields for which nothing was found."""
        return tuple(name for name in self._contract.required() if name not in self.fields)

    def _guess(self, field: str, kind: Kind) -> RuleGuess | None:
        required = field in self._contract.required()
        columns = self._match.columns.get(field, ())
        if kind.words:
            return self._best_words(field, kind, columns, required=required) or self._by_its_words(field, kind)
        if kind.shape in _TIMES:
            return self._times_of(field, kind, columns, required=required)
        if field == "full_name" and (parts := self._name_parts(columns)):
            return RuleGuess({"concat": [part.name for part in parts]})
        if not columns:
            return None
        if kind is SECONDS:
            return guess_duration(columns[0])
        if field in load_vocabulary().open_words:
            return guess_open_words(field, columns[0])
        return guess_currency(columns[0]) if field == "currency" else guess_id(field, columns[0])

    def _name_parts(self, columns: Sequence[SampledColumn]) -> tuple[SampledColumn, ...]:
        """The first and the last name's columns; none when one is missing, or another column has the whole name."""
        parts = load_vocabulary().name_parts
        partial = {"email", *(word for words in parts for word in words)}
        if any(column.values and partial.isdisjoint(column.words) for column in columns):
            return ()
        found = [next((one for one in self._columns if words.intersection(one.words)), None) for words in parts]
        named = tuple(column for column in found if column is not None)
        return named if len(named) == len(parts) else ()

    def _by_its_words(self, field: str, kind: Kind) -> RuleGuess | None:
        """A column under another name whose every word is one of the field's; only before a constant is taken."""
        if field not in self._match.words.constants:
            return None
        for column in self._columns:
            seen = column.all_words()
            if seen and len(known_words(field, kind, seen)) == len(seen) and column.kind in ("word", "text"):
                guess = guess_words(field, kind, column, required=True)
                return RuleGuess(guess.rule, (f"{field} is read from '{column.name}', whose words say it: check this",))
        return None

    def _propose_currency(self) -> None:
        """The currency that the amount's name or its values hold; without one the company's is taken, and told."""
        amounts = [name for name in ("amount", "monthly_amount") if name in self.fields]
        if not amounts or "currency" not in self._contract.kinds() or "currency" in self.fields:
            return
        column = self._match.columns[amounts[0]][0]
        found = currencies_in([column.name, *column.values])
        if len(found) == 1:
            self.fields["currency"] = {"const": found[0]}
            return
        own = self._company.currency
        mixed = f"'{column.name}' holds {', '.join(found)}, but " if found else ""
        self.notes.append(f"{mixed}no column says the currency: all amounts are taken as {own} (check this)")

    def _propose_clock(self) -> None:
        """A column of clock times beside one of days: together they say when it happened."""
        rule = self.fields.get("occurred_at")
        name = rule if isinstance(rule, str) else rule.get("column") if isinstance(rule, dict) else None
        day = next((column for column in self._columns if column.name == name), None)
        clock = next((column for column in self._columns if is_clock_of_day(column)), None)
        if day is None or clock is None or _has_clock([day]):
            return
        named = rule.get("format", "%Y-%m-%d") if isinstance(rule, dict) else "%Y-%m-%d"
        days = [named] if isinstance(named, str) else list(named) if isinstance(named, list) else []
        if any(not str(name).startswith("%") for name in days):
            return
        clocks = ("%H:%M:%S", "%H:%M") if any(value.count(":") > 1 for value in clock.values) else ("%H:%M",)
        formats = [*(f"{name} {ending}" for name in days for ending in clocks), *days]
        self.fields["occurred_at"] = {"column": day.name, "clock": clock.name, "format": formats}

    def _best_words(
        self, field: str, kind: Kind, columns: Sequence[SampledColumn], *, required: bool
    ) -> RuleGuess | None:
        """The column with the largest share of words that we know."""
        filled = [column for column in columns if column.values]
        if not filled:
            return RuleGuess(columns[0].name) if columns and kind.shape is Shape.FLAG else None

        def share(column: SampledColumn) -> float:
            seen = column.all_words()
            return len(known_words(field, kind, seen)) / len(seen)

        return guess_words(field, kind, max(filled, key=share), required=required)

    def _times_of(
        self, field: str, kind: Kind, columns: Sequence[SampledColumn], *, required: bool
    ) -> RuleGuess | None:
        readable = [column for column in columns if self._time(column) is not None]
        if not readable:
            return (
                RuleGuess(columns[0].name, (f"{field}: the format of '{columns[0].name}' is unknown",))
                if required and columns
                else None
            )
        used = _together(readable) if field in self._match.words.coalesce else readable[:1]
        notes: list[str] = []
        formats = [name for column in used for name in self._formats(column, notes)]
        formats = list(dict.fromkeys(formats))
        rule: dict[str, object] = {"coalesce": [c.name for c in used]} if len(used) > 1 else {"column": used[0].name}
        if formats not in ([], ["iso"]) or (kind.shape is Shape.DAY and _has_clock(used)):
            rule["format"] = formats[0] if len(formats) == 1 else formats
        return RuleGuess(used[0].name if list(rule) == ["column"] else rule, tuple(notes))

    def _time(self, column: SampledColumn) -> TimeGuess | None:
        if column.name not in self._times:
            self._times[column.name] = guess_times(self._connection, column.values)
        return self._times[column.name]

    def _formats(self, column: SampledColumn, notes: list[str]) -> tuple[str, ...]:
        guess = self._time(column)
        if guess is None or guess.twin is None:
            return guess.formats if guess else ()
        day_first = self._day_first
        reason = "as another column shows"
        if day_first is None:
            day_first = not self._company.timezone.startswith(_MONTH_FIRST_ZONES)
            reason = "no value has a part above 12: check this"
        order = "day before month" if day_first else "month before day"
        notes.append(f"'{column.name}' could be D/M or M/D; {order} is taken ({reason})")
        return tuple(
            twin if (twin := swapped(name)) and is_day_first(name) is not day_first else name for name in guess.formats
        )

    def _evident_order(self) -> bool | None:
        """Whether days come before months, when some column of the match cannot be read the other way."""
        for field, columns in self._match.columns.items():
            if self._contract.kinds()[field].shape in _TIMES:
                for guess in map(self._time, columns):
                    if guess is not None and guess.twin is None and guess.formats and swapped(guess.formats[0]):
                        return is_day_first(guess.formats[0])
        return None

    def _constant(self, field: str, kind: Kind, file_name: str) -> RuleGuess | None:
        """The entity's constant, or the word that the file's name or its columns hold."""
        value = self._match.words.constants[field] or _word_in(field, file_name, self._columns)
        if value is None:
            return None
        choices = f"; one of {', '.join(kind.words)}" if kind.words else ""
        return RuleGuess({"const": value}, (f"{field} has no column and is always {value}: check this{choices}",))

    def _apply_conditions(self) -> None:
        for condition in self._match.words.when:
            by_word = {word: column for column in self._columns for word in column.words}
            if condition.has not in by_word:
                continue
            for field, name in condition.columns.items():
                guess = self._times_of(
                    field, self._contract.kinds()[field], [by_word[name]] if name in by_word else [], required=False
                )
                if guess is not None and guess.rule is not None:
                    self.fields.setdefault(field, guess.rule)
            for field, words in condition.maps.items():
                if isinstance(rule := self.fields.get(field), str):
                    self.fields[field] = {"column": rule, "map": words}
            for field, flags in condition.flags.items():
                self.fields.setdefault(field, {"column": by_word[condition.has].name, "map": flags})
            self.notes += [condition.note] if condition.note else []


def _together(readable: list[SampledColumn]) -> list[SampledColumn]:
    """The column that says when a thing was done before any other, also when nothing in the sample was done yet.

    Beside the best column goes the next, if a record without the first is to be expected.
    """
    done = [column for column in readable if _says_done(column)]
    if done and done[0] is not readable[0]:
        return [done[0], readable[0]]
    return readable[:2] if done or readable[0].share_filled < 1 else readable[:1]


def _says_done(column: SampledColumn) -> bool:
    return any(word in " ".join(column.words) for word in ("complet", "done"))


def _has_clock(columns: Sequence[SampledColumn]) -> bool:
    return any(len(value) > 10 for column in columns for value in column.values)


def _word_in(field: str, file_name: str, columns: Sequence[SampledColumn]) -> str | None:
    """Our word for the first of the file name's, then the columns' words that the vocabulary knows."""
    known = load_vocabulary().words.get(field, {})
    texts = [named_thing(file_name), *(text for column in columns for text in column.words)]
    for word in (word for text in texts for word in text.split()):
        meaning = known.get(word) or known.get(word.removesuffix("s"))
        if meaning not in (None, "task"):
            return meaning
    return None
