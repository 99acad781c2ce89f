"""The contract of every `sql/**/*.yaml`: what a table holds, how it is written, what must be true of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.errors import nearest


class WriteMode(StrEnum):
    """How a build replaces a table's rows."""

    REBUILD = "rebuild"
    """The whole table, every night."""
    WINDOW = "window"
    """The rows whose `window.by` columns are listed in `window.of`."""
    VIEW = "view"
    """Nothing is stored: the SELECT is a view."""


IN_WORDS = frozenset({"expectation", "budget"})
"""Kinds of check results whose sample is a sentence for people, with what to do."""


class Severity(StrEnum):
    """What a failing check does."""

    BLOCK = "block"
    WARN = "warn"


class Strict(BaseModel):
    """Unknown keys fail."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Window(Strict):
    """Which rows of a table a night replaces."""

    of: str = Field(description="The table that lists them, such as staging.dirty_day.")
    by: tuple[str, ...] = Field(description="The columns, of the same names in both.")


PERIOD_GRAINS = ("day", "week", "month", "quarter", "year")


class Period(Strict):
    """Which period a row speaks of. Tables that declare it are watched: ops.restatement lists what moved in a past one."""

    start: str = Field(description="The column that holds the period's first day.")
    grain: str = Field(description="day, week, month, quarter or year; or the column of the grain that says which.")


class Column(Strict):
    """One column."""

    name: str
    type: str = Field(description="DuckDB's name of the type, as DESCRIBE prints it.")
    description: str
    unit: str | None = None
    required: bool = Field(False, description="Never NULL.")


class CheckKind(StrEnum):
    """The kinds of check that need no SQL of their own."""

    NOT_NEGATIVE = "not_negative"
    SHARE = "share"
    IN_SET = "in_set"
    REFERS = "refers"
    NO_ROWS = "no_rows"


class Check(Strict):
    """One property of the table. Unique grain and required columns are checked without being asked for."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    kind: CheckKind
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = Field((), description="in_set: the allowed words.")
    to: str | None = Field(None, description="refers: schema.table.column that must hold the value.")
    sql: str | None = Field(None, description="no_rows: a SELECT that returns the offending rows.")
    severity: Severity = Severity.BLOCK
    reason: str = Field(description="Why it must hold, and why this severity.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind is CheckKind.NO_ROWS) != (self.sql is not None):
            raise ValueError("`sql` belongs to kind no_rows, and only to it")
        if self.kind is not CheckKind.NO_ROWS and not self.columns:
            raise ValueError(f"kind {self.kind} needs `columns`")
        if (self.kind is CheckKind.REFERS) != (self.to is not None):
            raise ValueError("`to` belongs to kind refers, and only to it")
        if (self.kind is CheckKind.IN_SET) != bool(self.values):
            raise ValueError("`values` belongs to kind in_set, and only to it")
        return self


class Metric(Strict):
    """A number people ask for, declared once, where it is made."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    formula: str = Field(description="In words.")
    unit: str
    numerator: str | None = None
    denominator: str | None = None
    null_means: str = Field("never NULL")


class Evidence(Strict):
    """The records behind figures of a mart, found again in the published file, and how they add up to them."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    description: str = Field(description="What one listed row is.")
    rows: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Only for rows whose grain columns have one of these values; default all."
    )
    sql: str = Field(description="A SELECT from core and marts: every grain column of the mart, then the record's own.")
    adds_up_to: dict[str, str] = Field(
        min_length=1, description="By column of the mart, the aggregate over the listed rows that is equal to it."
    )
    metrics: tuple[str, ...] = Field((), description="Columns it stands behind beside those that it adds up to.")

    @property
    def explains(self) -> tuple[str, ...]:
        """The columns it stands behind."""
        return tuple(dict.fromkeys((*self.adds_up_to, *self.metrics)))


class TableSpec(Strict):
    """One table: the YAML beside its SELECT."""

    table: str = Field(pattern="^(staging|core|marts|ops|quarantine)[.][a-z][a-z0-9_]*$")
    description: str
    grain: tuple[str, ...] = Field(min_length=1, description="The columns that are unique together.")
    write: WriteMode = WriteMode.REBUILD
    window: Window | None = None
    checked_in: str | None = Field(
        None, description="Views only: the staging table in which tonight's rows, or those it is made of, are checked."
    )
    period: Period | None = None
    owner: str = "revops@touchline"
    columns: tuple[Column, ...] = Field(min_length=1)
    checks: tuple[Check, ...] = ()
    metrics: tuple[Metric, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @field_validator("description")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("say what one row is")
        return " ".join(value.split())

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        names = [column.name for column in self.columns]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"columns declared twice: {', '.join(sorted(twice))}")
        for where, columns in (("grain", self.grain), ("window.by", self.window.by if self.window else ())):
            unknown = [name for name in columns if name not in names]
            if unknown:
                raise ValueError(f"{where} names no column of the table: {', '.join(unknown)}")
        if (self.write is WriteMode.WINDOW) != (self.window is not None):
            raise ValueError("`window` belongs to write: window, and only to it")
        if self.checked_in is not None and self.write is not WriteMode.VIEW:
            raise ValueError("`checked_in` belongs to write: view: what a table stores is checked where it stands")
        if self.period is not None:
            self._check_period(self.period)
        if self.evidence and self.schema_name != "marts":
            raise ValueError("`evidence` belongs to tables of marts: those of core are the records themselves")
        for evidence in self.evidence:
            self._check_evidence(evidence)
        return self

    def _check_period(self, period: Period) -> None:
        if period.start not in self.grain:
            raise ValueError(f"period.start names no column of the grain: {period.start}")
        if period.grain not in (*PERIOD_GRAINS, *self.grain):
            known = ", ".join(PERIOD_GRAINS)
            raise ValueError(f"period.grain is neither {known} nor a column of the grain: {period.grain}")

    def _check_evidence(self, evidence: Evidence) -> None:
        if [one.name for one in self.evidence].count(evidence.name) > 1:
            raise ValueError(f"evidence declared twice: {evidence.name}")
        names = [column.name for column in self.columns]
        unknown = [name for name in evidence.explains if name not in names]
        if unknown:
            hint = nearest(unknown[0], names)
            raise ValueError(
                f"evidence.{evidence.name} stands behind no column of the table: {', '.join(unknown)}.{hint}"
            )
        keys = [name for name in evidence.rows if name not in self.grain]
        if keys:
            hint = nearest(keys[0], self.grain)
            raise ValueError(f"evidence.{evidence.name}.rows names no column of the grain: {', '.join(keys)}.{hint}")

    @property
    def schema_name(self) -> str:
        """`core` of `core.dim_rep`."""
        return self.table.split(".")[0]

    @property
    def name(self) -> str:
        """`dim_rep` of `core.dim_rep`."""
        return self.table.split(".")[1]
