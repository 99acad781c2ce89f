"""The contract of every `sql/alerts/<rule>.yaml`: whom a rule judges, against which limits, and what stays quiet."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from models.tables import Strict

PUBLICATION_BLOCKED, NIGHT_FAILED, COPY_BEHIND = HEALTH_RULE_NAMES = (
    "publication_blocked",
    "night_failed",
    "copy_behind",
)
"""Rules without SQL: of nights that publish nothing, or not everywhere. Settings may name them; they have no limits."""


class AlertSeverity(StrEnum):
    """How bad it is; channels choose by it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class SubjectType(StrEnum):
    """What an alert is about. Of a rep, a team, a company and a source it is known who exists; not of the others."""

    REP = "rep"
    TEAM = "team"
    COMPANY = "company"
    SOURCE = "source"
    STAGE = "stage"
    NIGHT = "night"


class Beyond(StrEnum):
    """On which side of its threshold a value is too much."""

    OVER = "over"
    AT_LEAST = "at_least"
    UNDER = "under"
    AT_MOST = "at_most"

    @property
    def is_upward(self) -> bool:
        """True when larger values are worse."""
        return self in (Beyond.OVER, Beyond.AT_LEAST)


class Suppressor(StrEnum):
    """Why a value beyond its threshold raises nothing; the first that holds is told, in this order."""

    STALE_SOURCE = "stale_source"
    LEAVE = "leave"
    HOLIDAY = "holiday"
    RAMP = "ramp"
    SAMPLE = "sample"
    SILENCE = "silence"


class WhenMissing(StrEnum):
    """What a night means on which a rule says nothing of a subject with an open episode."""

    HOLD = "hold"
    """Nothing: no data is not zero."""
    RESOLVE = "resolve"
    """It is over: the rule lists only what is wrong."""


class Limit(Strict):
    """One figure of a rule with its threshold, which settings may override by team, role, rep type and rep."""

    name: str = Field("threshold", pattern="^[a-z][a-z0-9_]*$", description="The key under alerts.rules.<rule>.")
    description: str
    beyond: Beyond
    default: Decimal | None = Field(None, description="The threshold when nobody says.")
    parameter: str | None = Field(None, description="Or the column of core.parameter that says.")
    clear_ratio: Decimal = Field(
        Decimal("0.9"),
        gt=0,
        le=1,
        description="The clear threshold: this times the threshold, or, when less is worse, the threshold divided by it."
        " 1: clear is what is not beyond it.",
    )
    unit: str
    lowest: Decimal | None = Field(Decimal(0), description="Values cannot be lower; None: they can.")
    highest: Decimal | None = Field(None, description="Values cannot be higher; None: they can.")

    @model_validator(mode="after")
    def _one_default(self) -> Self:
        if (self.default is None) == (self.parameter is None):
            raise ValueError("give `default` or `parameter`, one of the two")
        return self


class RuleSpec(Strict):
    """One rule: the YAML beside its SELECT (the columns of which are in sql/rules.py)."""

    rule: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: str = Field(description="A few words that follow the subject's name: `is overloaded`.")
    description: str
    subject_type: SubjectType
    severity: AlertSeverity = AlertSeverity.WARNING
    limits: tuple[Limit, ...] = Field(min_length=1, description="Beyond any of them is too much.")
    for_nights: int = Field(1, ge=1, description="So many company days in a row before it fires.")
    recover_nights: int = Field(1, ge=1, description="So many in a row on the clear side before it is over.")
    min_sample: int | None = Field(None, ge=1, description="Fewer than this behind a value say nothing.")
    stands_on: tuple[str, ...] = Field((), description="Entities; a stale source of one of them inhibits the rule.")
    suppressed_by: tuple[Suppressor, ...] = ()
    when_missing: WhenMissing = WhenMissing.HOLD
    what_to_do: str = Field(description="One or two sentences, the last line of a message.")

    @property
    def runbook(self) -> str:
        """Where the rule is explained."""
        return f"docs/alerts.md#{self.rule}"

    @property
    def all_suppressors(self) -> tuple[Suppressor, ...]:
        """Declared ones and those that follow: a sample asked for, entities stood on, and a silence always."""
        implied = {Suppressor.SILENCE}
        implied |= {Suppressor.SAMPLE} if self.min_sample else set()
        implied |= {Suppressor.STALE_SOURCE} if self.stands_on else set()
        return tuple(one for one in Suppressor if one in implied or one in self.suppressed_by)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        names = [limit.name for limit in self.limits]
        if len(set(names)) < len(names):
            raise ValueError("two limits share a name")
        return self
