"""The closed sets of words (metrics.md, section 1). A value outside its set is a broken row, not a new word."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How an activity reached the other side; `task` and `note` are kept and are never touches."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    SOCIAL = "social"
    SMS = "sms"
    TASK = "task"
    NOTE = "note"


class Direction(StrEnum):
    """Who reached out to whom."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What became of an activity."""

    COMPLETED = "completed"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class MeetingMode(StrEnum):
    """Where a meeting took place."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"
    UNKNOWN = "unknown"


class Precision(StrEnum):
    """Whether `occurred_at` is an instant or only a calendar day."""

    INSTANT = "instant"
    DATE = "date"


class Basis(StrEnum):
    """What the source's time of an activity means."""

    ACTUAL = "actual"
    COMPLETED = "completed"
    SCHEDULED = "scheduled"
    DUE = "due"
    LOGGED = "logged"


class UserKind(StrEnum):
    """What an account of a CRM is: somebody, a queue of work, or another program."""

    PERSON = "person"
    QUEUE = "queue"
    INTEGRATION = "integration"


class RepType(StrEnum):
    """How a rep sells: remotely, in a territory, or both by agreement."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    HYBRID = "hybrid"


class Role(StrEnum):
    """The roles we know; others are kept as written and count as reps only when settings list them."""

    SDR = "sdr"
    AE = "ae"
    CSM = "csm"
    FIELD_REP = "field_rep"
    SALES_MANAGER = "sales_manager"
    SALES_SUPPORT = "sales_support"


class TerminationKind(StrEnum):
    """Who ended the employment."""

    VOLUNTARY = "voluntary"
    INVOLUNTARY = "involuntary"


class SourceType(StrEnum):
    """Who found a lead or a deal."""

    MARKETING = "marketing"
    SALES = "sales"


class DealType(StrEnum):
    """What a deal sells."""

    NEW = "new"
    EXPANSION = "expansion"
    RENEWAL = "renewal"


class StageOutcome(StrEnum):
    """What standing in a stage means for the deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class SpendCategory(StrEnum):
    """What money was spent on."""

    SALES = "sales"
    MARKETING = "marketing"


class PeriodGrain(StrEnum):
    """The length of a period of a target, quota or forecast."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
