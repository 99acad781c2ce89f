"""The base of every contract: what all entities share, and rules between two fields of one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from models.fields import Flag, Instant, Kind


@dataclass(frozen=True)
class NotBefore:
    """`field` (a day) may not lie before `other` (a day); either may be blank."""

    field: str
    other: str
    rule: str = "before_its_start"

    @property
    def message(self) -> str:
        """What a person reads."""
        return f"{self.field} lies before {self.other}"

    def is_broken(self, value: date, other: date) -> bool:
        """Whether two parsed values break the rule."""
        return value < other


@dataclass(frozen=True)
class NotItself:
    """`field` may not name the row's own id `other`."""

    field: str
    other: str
    rule: str = "merged_into_itself"

    @property
    def message(self) -> str:
        """What a person reads."""
        return f"{self.field} names the record itself"

    def is_broken(self, value: object, other: object) -> bool:
        """Whether two parsed values break the rule."""
        return value == other


RowRule = NotBefore | NotItself


class Record(BaseModel):
    """One row as the contract wants it: texts in, typed values out. Blank fields are left out before validation.

    `ENTITY` is the file family's name, `KEY` the columns that identify a row within its source (after
    `KEY_DEFAULTS` filled a blank key column from another one), `PRIVATE` the fields that identify a person and
    never reach crm.duckdb. `PRECISION` names, for an instant, the field that says whether it is only a day.
    pydantic's own validator is built when a first row has to be explained: most nights explain none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    ENTITY: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    KEY_DEFAULTS: ClassVar[dict[str, str]] = {}
    PRIVATE: ClassVar[tuple[str, ...]] = ()
    ROW_RULES: ClassVar[tuple[RowRule, ...]] = ()
    PRECISION: ClassVar[dict[str, str]] = {}

    is_deleted: Annotated[Flag | None, Field(description="True when the source deleted the record.")] = None
    updated_at: Annotated[
        Instant | None, Field(description="When the source last changed the record; orders its versions.")
    ] = None

    @model_validator(mode="after")
    def _rows_hold_together(self) -> Self:
        for rule in self.ROW_RULES:
            value, other = getattr(self, rule.field), getattr(self, rule.other)
            if value is not None and other is not None and rule.is_broken(value, other):
                raise PydanticCustomError(rule.rule, "{message}", {"message": rule.message, "field": rule.field})
        return self

    @classmethod
    def kinds(cls) -> Mapping[str, Kind]:
        """Each field's kind, in the order of the contract (`is_deleted` and `updated_at` last)."""
        return _kinds_of(cls)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The fields that may not be blank."""
        return tuple(name for name in cls.kinds() if cls.model_fields[name].is_required())


@cache
def _kinds_of(contract: type[Record]) -> Mapping[str, Kind]:
    own = [name for name in contract.model_fields if name not in ("is_deleted", "updated_at")]
    return MappingProxyType({name: _kind_of(contract, name) for name in (*own, "is_deleted", "updated_at")})


def _kind_of(contract: type[Record], name: str) -> Kind:
    found = [item for item in _metadata(contract.model_fields[name]) if isinstance(item, Kind)]
    if len(found) != 1:
        raise TypeError(f"{contract.__name__}.{name} needs exactly one Kind in its annotation, found {len(found)}")
    return found[0]


def _metadata(field: Any) -> list[Any]:
    """The annotation's metadata, also that inside `X | None`."""
    inner = [item for part in getattr(field.annotation, "__args__", ()) for item in getattr(part, "__metadata__", ())]
    return [*field.metadata, *inner]
