"""A mapping to paste: one rule a field, as short as it can be, and a note wherever a person has to decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from models.contracts import CONTRACTS
from models.fields import Kind, Shape, ascii_lower
from pipelines.sources.inspecting.columns import ColumnGuess
from pipelines.sources.inspecting.words import bare, synonyms

_UNIT_WORDS = (
    ("ms", ("milli", "ms")),
    ("min", ("minute", "dakika", "mins", "minuten")),
    ("h", ("hour", "saat", "stunde")),
)
_FREE_WORDS = ("disposition",)


class Proposal:
    """Collects the rules and notes of one mapping."""

    def __init__(self, entity: str, assigned: dict[str, ColumnGuess], values: dict[str, list[str]], stem: str) -> None:
        self.entity = entity
        self.rules: dict[str, Any] = {}
        self.notes: list[str] = []
        self._values = values
        self._stem = stem
        contract = CONTRACTS[entity]
        for field, kind in contract.kinds().items():
            if field in assigned:
                self._add(field, kind, assigned[field])
            if field not in self.rules and field in contract.required():
                self._add_constant(field)
        self._add_what_follows(assigned)
        self.rules = {field: self.rules[field] for field in contract.kinds() if field in self.rules}

    def _add(self, field: str, kind: Kind, column: ColumnGuess) -> None:
        if kind.words or field in _FREE_WORDS:
            rule = self._word_rule(field, kind, column)
        elif kind.shape in (Shape.INSTANT, Shape.DAY, Shape.MONTH):
            rule = self._time_rule(field, kind, column)
        elif kind.shape is Shape.WHOLE and field.endswith("_seconds"):
            rule = self._duration_rule(field, column)
        else:
            rule = column.name
        if rule is not None:
            self.rules[field] = rule

    def _word_rule(self, field: str, kind: Kind, column: ColumnGuess) -> Any:
        values = self._values[column.name]
        known = {value: meaning for value in values if (meaning := self._meaning(field, kind, value)) is not None}
        unknown = [value for value in values if value not in known]
        if field in _FREE_WORDS:
            return {"column": column.name, "map": known, "otherwise": "other"} if known else column.name
        if not known or len(unknown) > 2 * len(known):
            return None
        if not unknown and all(ascii_lower(value) in kind.words for value in known):
            return column.name
        if unknown and "unknown" in kind.words:
            return {"column": column.name, "map": known, "otherwise": "unknown"}
        if unknown:
            self.notes.append(
                f"{field}: no word of ours is known for {_quoted(unknown)} in '{column.name}'; such rows would be "
                "rejected until `map` names them"
            )
        return {"column": column.name, "map": known}

    def _meaning(self, field: str, kind: Kind, value: str) -> str | None:
        meaning = synonyms().meanings.get(field, {}).get(bare(value))
        return ascii_lower(value) if meaning is None and ascii_lower(value) in kind.words else meaning

    def _time_rule(self, field: str, kind: Kind, column: ColumnGuess) -> Any:
        if column.is_ambiguous:
            self.notes.append(
                f"{field}: in '{column.name}' day and month could be either way round in every value "
                f"(such as {column.samples[0]}); {column.format} is a guess: check it against a date you know"
            )
        if column.format in (None, "iso"):
            is_plain = kind.shape is Shape.INSTANT or all(len(value) == 10 for value in self._values[column.name])
            return column.name if is_plain else {"column": column.name, "format": "iso"}
        return {"column": column.name, "format": column.format}

    def _duration_rule(self, field: str, column: ColumnGuess) -> Any:
        if column.kind == "duration":
            if column.format == "MM:SS" and all(value.count(":") == 1 for value in self._values[column.name]):
                self.notes.append(f"{field}: '{column.name}' is taken as MM:SS; write HH:MM if it is hours and minutes")
            return {"column": column.name, "unit": column.format}
        name = bare(column.name)
        unit = next((unit for unit, words in _UNIT_WORDS if any(word in name for word in words)), "s")
        if unit == "s" and "sec" not in name and "saniye" not in name:
            self.notes.append(
                f"{field}: '{column.name}' is taken as seconds; HubSpot's durations are ms: check one call"
            )
        return {"column": column.name, "unit": unit}

    def _add_constant(self, field: str) -> None:
        value = synonyms().constants.get(field, "unknown")
        if field == "channel":
            value = self._channel_of_the_file()
        self.rules[field] = {"const": value}
        self.notes.append(f"{field}: the file has no column for it; {{const: {value}}} holds for every row: check it")

    def _channel_of_the_file(self) -> str:
        known = synonyms().meanings["channel"]
        found = [known[bare(word)] for word in re.split(r"[\W_]+", self._stem) if bare(word) in known]
        return found[-1] if found else synonyms().constants["channel"]

    def _add_what_follows(self, assigned: dict[str, ColumnGuess]) -> None:
        """What other columns imply: a day is no instant, a stage called Won is won."""
        occurred = assigned.get("occurred_at")
        if occurred is not None and occurred.kind == "day" and "occurred_at_precision" not in self.rules:
            self.rules["occurred_at_precision"] = {"const": "date"}
            self.notes.append(f"occurred_at: '{occurred.name}' holds days without a time, so precision is `date`")
        stage = assigned.get("stage")
        if self.entity == "opportunities" and "is_won" not in self.rules and stage is not None:
            outcomes = {value: self._meaning("is_won", _NO_WORDS, value) for value in self._values[stage.name]}
            if sum(outcome is not None for outcome in outcomes.values()) >= 1 and len(outcomes) <= 40:
                self.rules["is_won"] = {"column": stage.name, "map": outcomes}


_NO_WORDS = Kind(Shape.FLAG, "BOOLEAN", "")


def source_text(source: dict[str, Any], notes: Sequence[str]) -> str:
    """The source as YAML to paste under `sources:`, each note as a comment above it."""
    lines = {
        name: _OneLine(rule) if isinstance(rule, dict) else rule for name, rule in source.get("fields", {}).items()
    }
    short = {key: _OneLine(value) if key == "read" else value for key, value in source.items() if key != "fields"}
    whole = short | ({"fields": lines} if lines else {})
    dumped = yaml.dump([whole], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    comments = [f"# {note}" for note in notes]
    return "\n".join(f"  {line}" for line in (*comments, *dumped.splitlines())) + "\n"


class _OneLine(dict[str, Any]):
    """A mapping that is written in braces."""


class _Dumper(yaml.SafeDumper):
    """Knows `_OneLine`."""


def _in_braces(dumper: yaml.SafeDumper, mapping: _OneLine) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping, flow_style=True)


_Dumper.add_representer(_OneLine, _in_braces)


def _quoted(values: Sequence[str]) -> str:
    shown = ", ".join(f"'{value[:40]}'" for value in values[:8])
    return shown + (", …" if len(values) > 8 else "")
