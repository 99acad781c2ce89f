"""What every conversion is: canonical text for a cell, and when a cell could not be converted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conversion:
    """SQL over one cleaned cell. `text` is NULL for a blank cell and for one that `failed` is true for.

    `failed` None means that any text passes as it is; the contract judges it. `rule` and `expects` explain a failure.
    """

    text: str
    failed: str | None = None
    rule: str = "format"
    expects: str = ""


def unless_null(cell: str, text: str, rule: str, expects: str) -> Conversion:
    """A conversion that failed exactly when a cell that is not blank gave NULL."""
    return Conversion(text, f"({cell} is not null and {text} is null)", rule, expects)
