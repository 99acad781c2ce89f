"""What is expected of a build, as plain values: which rows are looked at, what must hold, what to say when it does not.

`contract_suites` and `judgement` write these; `suites` asks them with Great Expectations. Nothing here imports it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from models.tables import Severity


class Question(StrEnum):
    """What can be asked of the rows of a suite."""

    COLUMNS = "columns"
    """The columns are `words`, in this order."""
    NO_ROWS = "no_rows"
    """`sql`, with `{batch}` for the rows, returns none."""
    WORDS = "words"
    """Values of `column` are among `words`."""
    MEDIAN = "median"
    """The median of `column` lies from `low` to `high`."""
    FILLED = "filled"
    """The share of rows with a value in `column` is at least `low`."""
    ROWS = "rows"
    """There are at least `low` rows."""
    MINIMUM = "minimum"
    """The smallest `column` is at most `high`."""


@dataclass(frozen=True)
class Expected:
    """One expectation. `told` is what a person reads when it fails; `{found}` in it is what was found."""

    name: str
    question: Question
    severity: Severity
    told: str
    column: str = ""
    words: tuple[str, ...] = ()
    sql: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Suite:
    """Expectations of some rows of one table. `rows` is the SELECT that finds them in the
    closed build, which is called `crm` wherever it is asked.

    `keep` copies them once, for rows that are few and dear to find; else they are read where they are.
    """

    table: str
    title: str
    rows: str
    expected: tuple[Expected, ...] = field(default=())
    keep: bool = False


@dataclass(frozen=True)
class Assignment:
    """What the process is asked: the closed build, its suites, and the folder of the pages."""

    crm: Path
    pages: Path
    suites: tuple[Suite, ...]
    memory_limit: str
    threads: int | None
