"""What is expected of a build, as plain values: which rows are looked at, what must hold, what to say when it does not.

`contract_suites` and `judgement` write these; `facts` finds the numbers they ask for; `suites` has Great Expectations
judge the numbers. Nothing here imports it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from models.tables import Severity


class Fact(StrEnum):
    """What the number of an expectation says."""

    BROKEN_ROWS = "broken_rows"
    """Rows that break a rule."""
    NUMBER = "number"
    """A count of rows, a median, hours."""


@dataclass(frozen=True)
class Expected:
    """One expectation: `number`, an aggregate over the rows of its suite, lies from `low` to `high`.

    `holds` says what must hold, for the pages; `told` is what a person reads when it does not. `{found}` in it is the
    number, or what `named` finds: a SELECT of one text out of `rows`, asked only then.
    """

    name: str
    severity: Severity
    holds: str
    told: str
    number: str
    fact: Fact = Fact.BROKEN_ROWS
    low: float | None = None
    high: float | None = None
    named: str = ""


@dataclass(frozen=True)
class Suite:
    """Expectations of some rows of one table. `rows` is the SELECT that finds them in the
    closed build, which is called `crm` wherever it is asked. One pass over them finds every number.

    `about` says on the pages what a row of the table is, or what is compared; `of_history` that it is with the last
    good night.
    """

    table: str
    title: str
    rows: str
    expected: tuple[Expected, ...] = field(default=())
    about: str = ""
    of_history: bool = False


@dataclass(frozen=True)
class Assignment:
    """What the process is asked: the closed build, its suites, and the folder of the pages; `about` says which build."""

    crm: Path
    pages: Path
    suites: tuple[Suite, ...]
    memory_limit: str
    threads: int | None
    about: str = ""
