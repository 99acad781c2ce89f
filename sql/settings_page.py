"""`docs/settings.md`: every key of touchline.yaml with its type, default and meaning, from the model that reads the file.

A key without a meaning is an error here, so that none can be added without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from models.alert_settings import CLOCK, SECRET
from models.errors import CatalogueError
from models.places import HolidayCountry, TimeZone
from models.settings import Settings
from sql.rules import Rule

_INTRO = """# Settings

Every key of `touchline.yaml`, from the model that reads it. Written by `make docs`; `make check` fails when it is not
fresh. `touchline init` writes a file with all of them and their reasons; a key left out has its default, an unknown or wrong
one stops the night before anything is read, and names the nearest known key.

Each heading is a place in the file: `quality.unit_change` with the key `factor` is

```yaml
quality:
  unit_change:
    factor: 30
```

`[]` is an item of a list, `<name>` a key that you choose. Any key can be overridden for one run by a variable, two underscores
between its parts: `TOUCHLINE__QUALITY__UNIT_CHANGE__FACTOR=50 touchline run`. A secret is only ever `env:NAME`, the name of a
variable that holds it where Touchline runs.
"""
_LIMITS = """## Limits of the alert rules

Keys of `alerts.rules.<rule>`, each a threshold; what they mean and when to move them: [alerts.md](alerts.md).

| rule | limit | default | unit | what it is |
|---|---|---|---|---|
"""
_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "number",
    str: "text",
    date: "day",
}
_PATTERNS = {SECRET: "env:NAME", CLOCK: "HH:MM"}
_PLACES = {get_args(TimeZone)[1]: "IANA time zone", get_args(HolidayCountry)[1]: "ISO 3166 country code"}


def settings_page(rules: Sequence[Rule]) -> str:
    """The page; raises CatalogueError for a key that says nothing."""
    return "\n".join([_INTRO, *settings_sections(Settings), _LIMITS + "\n".join(_limit_rows(rules)) + "\n"])


def settings_sections(settings: type[BaseModel]) -> list[str]:
    """A heading and a table of keys for each model that the settings hold, in the order of the file."""
    sections = _Sections()
    sections.add_inside("", settings)
    return sections.written


class _Sections:
    """Headings in the order of the file. A model that several places hold is written down at the first of the uppermost."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._places: dict[type[BaseModel], str] = {}

    def add_inside(self, where: str, model: type[BaseModel]) -> None:
        """Every model that a key of this one holds, then what these hold."""
        held = [
            (f"{where}.{field.alias or key}{suffix}".removeprefix("."), inner)
            for key, field in model.model_fields.items()
            for inner, suffix in _models_in(field.annotation)
        ]
        new = [(place, inner) for place, inner in held if self._places.setdefault(inner, place) == place]
        for place, inner in new:
            at = len(self.written)
            self.add_inside(place, inner)  # first, since its keys name the places inside
            self.written.insert(at, self._section(place, inner))

    def _section(self, place: str, model: type[BaseModel]) -> str:
        heading = f"### `{place}`" if "." in place else f"## {place.removesuffix('[]')}"
        rows = [self._row(place, field.alias or key, field) for key, field in model.model_fields.items()]
        table = "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])
        return f"{heading}\n\n{_paragraphs(model)}\n\n{table}\n"

    def _row(self, place: str, key: str, field: FieldInfo) -> str:
        held = [self._places[inner] for inner, _ in _models_in(field.annotation)]
        if not field.description and not held:
            raise CatalogueError(f"the setting {place}.{key} has no meaning", "Give its field a description.")
        meaning = " ".join([field.description or "", *(f"See `{one}`." for one in held)])
        default = "" if held and not field.is_required() else _default(field)
        return f"| `{key}` | {_cell(_type(field))} | {_cell(default)} | {_cell(meaning)} |"


def _paragraphs(model: type[BaseModel]) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (model.__doc__ or "").split("\n\n"))


def _models_in(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """The models inside a type, each with what its place ends with: `[]` in a list, `.<name>` in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ""
        return
    kind = get_origin(annotation)
    suffix = "[]" if kind is tuple else ".<name>" if kind is dict else ""
    for part in get_args(annotation):
        yield from ((model, suffix + rest) for model, rest in _models_in(part))


def _type(field: FieldInfo) -> str:
    words = _type_of(field.annotation, field.metadata)
    bounds = _bounds(field.metadata)
    return f"{words}, {bounds}" if bounds else words


def _type_of(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    special = next((found for one in metadata if (found := _special(one))), None)
    if special:
        return special
    if annotation in _WORDS:
        return _WORDS[annotation]
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{part}`" for part in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys"
    if kind is tuple:
        return f"list of {_type_of(parts[0])}"
    if kind is dict:
        return f"{_type_of(parts[1])}, by name"
    if hasattr(annotation, "__metadata__"):
        return _type_of(parts[0], annotation.__metadata__)
    return _type_of(next(part for part in parts if part is not type(None)))


def _special(constraint: Any) -> str | None:
    """What a text must be, where that has a name."""
    known = next((words for validator, words in _PLACES.items() if validator == constraint), None)
    pattern = getattr(constraint, "pattern", None)
    return known or (_PATTERNS.get(pattern, f"text as `{pattern}`") if pattern else None)


def _bounds(metadata: Iterable[Any]) -> str:
    """`0 to 1`, `from 1`, `above 0`: what pydantic will accept."""
    found = {name: getattr(one, name) for one in metadata for name in ("ge", "gt", "le", "lt") if hasattr(one, name)}
    if {"ge", "le"} <= found.keys():
        return f"{found['ge']} to {found['le']}"
    words = {"ge": "from", "gt": "above", "le": "at most", "lt": "below"}
    return ", ".join(f"{words[name]} {value}" for name, value in found.items())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default is None else f"`{_value(field.default)}`"


def _value(value: Any) -> str:
    """As YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return '""' if value == "" else str(value)


def _limit_rows(rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        for limit in rule.spec.limits:
            default = f"`{limit.default}`" if limit.default is not None else f"`metrics`' {limit.parameter}"
            yield f"| `{rule.name}` | `{limit.name}` | {default} | {limit.unit} | {_cell(limit.description)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
