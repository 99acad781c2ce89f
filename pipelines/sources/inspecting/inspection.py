"""What `touchline inspect` found: the result types only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ColumnGuess:
    """One column: its name, what its values look like, and a few of them."""

    name: str
    kind: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class RejectedCell:
    """One broken rule of one record; `field` is blank for a record that could not be split."""

    line: int
    field: str
    rule: str
    message: str
    found: str


@dataclass(frozen=True)
class BrokenRule:
    """How often one rule of one field is broken; `field` is blank for records that could not be split."""

    field: str
    rule: str
    count: int


@dataclass(frozen=True)
class Rejected:
    """How many of the `tried` records would be quarantined, the first of their reasons, and all of them by rule, the most
    frequent first."""

    tried: int = 0
    count: int = 0
    cells: tuple[RejectedCell, ...] = ()
    rules: tuple[BrokenRule, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What a file is, and how it could be read.

    `entity` None means that no entity fits; then there is no `proposal`, but for a table that a CRM's objects are joined to,
    which has a `source_kind`. `proposal` is one entry of `sources:`, to be put
    in the place of the source `replaces` when there is one,
    `rows` are the first ten records that it accepts, as typed values by field. `notes` say what was assumed.
    """

    file_format: str
    compression: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    skip_rows: int = 0
    columns: tuple[ColumnGuess, ...] = ()
    entity: str | None = None
    replaces: str | None = None
    source_kind: str | None = None
    proposal: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    rejected: Rejected = Rejected()
    notes: tuple[str, ...] = ()
