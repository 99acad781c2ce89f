"""`alerts:` of touchline.yaml: thresholds and their exceptions, who is told where, and what is silenced."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.alerts import AlertSeverity
from models.errors import nearest

CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
SECRET = "^env:[A-Za-z_][A-Za-z0-9_]*$"
"""A secret is only ever the name of an environment variable."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Limits(BaseModel):
    """Beside the declared keys every limit of the rule is a key: its threshold."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Decimal]

    @property
    def limits(self) -> dict[str, Decimal]:
        """Thresholds by limit."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="before")
    @classmethod
    def _thresholds_are_numbers(cls, content: Any) -> Any:
        for key, value in content.items() if isinstance(content, dict) else ():
            if key not in cls.model_fields and not _is_number(value):
                hint = nearest(str(key), cls.model_fields)
                raise ValueError(f"'{key}' is no key, and as a limit it needs a number, found {value!r}.{hint}")
        return content


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and isfinite(value)


class Override(_Limits):
    """Other limits for some subjects. Beside the keys below, every limit of the rule is a key, its threshold for them.

    The most specific one that names a limit wins: rep, then role, rep type and team; within one kind the later.
    """

    rep: str | None = Field(None, description="The rep's id, such as crm:R7.")
    role: str | None = Field(None, description="Everybody of this role.")
    rep_type: str | None = Field(None, description="Everybody of this rep type.")
    team: str | None = Field(None, description="The team, and everybody in it.")
    source: str | None = Field(None, description="The source.")
    clear: dict[str, Decimal] = Field({}, description="Clear thresholds by limit, for them.")

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        named = [one for one in (self.rep, self.role, self.rep_type, self.team, self.source) if one]
        if len(named) != 1:
            raise ValueError("an override names exactly one of rep, role, rep_type, team or source")
        return self


class RuleSettings(_Limits):
    """What settings say of one rule. Every limit of the rule is a key: `team_turnover: {threshold: 0.25}`."""

    enabled: bool = Field(True, description="Whether the rule is judged at all.")
    severity: AlertSeverity | None = Field(None, description="How bad it is; default the rule's own.")
    for_nights: int | None = Field(None, ge=1, description="It fires after so many company days in a row.")
    recover_nights: int | None = Field(None, ge=1, description="It is over after so many within limits.")
    min_sample: int | None = Field(None, ge=1, description="Fewer than this behind a figure say nothing.")
    clear: dict[str, Decimal] = Field({}, description="Where it is over again, by limit.")
    overrides: tuple[Override, ...] = Field((), description="For whom other limits hold.")


class QuietHours(_Section):
    """When a channel holds back what is not critical; may run over midnight."""

    start: str = Field("20:00", pattern=CLOCK, description="When they begin.")
    end: str = Field("07:00", pattern=CLOCK, description="When what was held back is sent.")


class Channel(_Section):
    """Where messages go. `apprise` takes any of its addresses (Slack, Teams, mail, PagerDuty, …), `webhook` is our own
    signed JSON."""

    name: str = Field(pattern="^[a-z][a-z0-9_-]{0,62}$", description="Its name, in `status` and in the outbox.")
    kind: Literal["apprise", "webhook"] = Field(
        "apprise", description="Who delivers: a chat or mail service, or a program."
    )
    url: str = Field(pattern=SECRET, description="env:NAME of the variable that holds the address.")
    secret: str | None = Field(None, pattern=SECRET, description="Webhooks: env:NAME of the key that signs.")
    severities: tuple[AlertSeverity, ...] = Field(
        (AlertSeverity.CRITICAL, AlertSeverity.WARNING), description="How bad an alert must be to be told here."
    )
    rules: tuple[str, ...] = Field((), description="Only these; default all.")
    teams: tuple[str, ...] = Field((), description="Only of these teams; default all.")
    about_reps: bool = Field(False, description="Whether single reps are named here; else only groups are.")
    resolved: bool = Field(True, description="Whether it is told when an alert is over.")
    quiet_hours: QuietHours | None = None
    max_per_minute: int = Field(20, ge=1, description="More messages than this wait.")


class SilenceRule(_Section):
    """Subjects that raise nothing for a while; blank keys match everything. Both ends are included, in company days."""

    rule: str | None = Field(None, description="The rule.")
    subject: str | None = Field(None, description="Whom or what it is about, such as crm:R1.")
    team: str | None = Field(None, description="The team, and everybody in it.")
    from_date: date | None = Field(None, description="The first day; blank: from ever.")
    to_date: date | None = Field(None, description="The last day; blank: for ever.")
    reason: str = Field(min_length=1, description="Why; it is told wherever the silence is.")


class Alerts(_Section):
    """Which limits hold, who is told, and what is silenced."""

    enabled: bool = Field(True, description="Whether alerts are judged at all.")
    rules: dict[str, RuleSettings] = {}
    channels: tuple[Channel, ...] = ()
    silences: tuple[SilenceRule, ...] = ()
    heartbeat_url: str | None = Field(
        None, pattern=SECRET, description="env:NAME of an address that is asked after each good night."
    )
    allow_hosts: tuple[str, ...] = Field((), description="Private hosts that messages may go to, by name.")
    give_up_after_hours: int = Field(72, ge=1, le=1_000_000, description="Then a message is a dead letter.")

    @model_validator(mode="after")
    def _channels_once(self) -> Self:
        names = [channel.name for channel in self.channels]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two channels are called '{min(twice)}': give each its own name")
        return self
