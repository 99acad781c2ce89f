"""What people of each kind do in a day: how much, through which channel, at what hour, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

CHANNELS = ("call", "email", "meeting", "social", "sms", "task", "note")
CALL, EMAIL, MEETING, SOCIAL, SMS, TASK, NOTE = range(7)
MODES = ("", "in_person", "video", "phone", "unknown")
DIRECTIONS = ("", "outbound", "inbound", "internal", "unknown")
STATUSES = ("", "completed", "scheduled", "cancelled", "no_show")
DISPOSITIONS = (
    "",
    "connected",
    "no_answer",
    "voicemail",
    "left_message",
    "busy",
    "wrong_number",
    "failed",
    "gatekeeper",
    "sent",
    "opened",
    "clicked",
    "replied",
    "bounced",
)
COMPLETED, SCHEDULED, CANCELLED, NO_SHOW = 1, 2, 3, 4
OUTBOUND, INBOUND, INTERNAL = 1, 2, 3
CONNECTED = 1


@dataclass(frozen=True)
class Profile:
    """A kind of seller. `per_day`: activities a workday by channel; `modes`: shares of meeting modes, as MODES."""

    per_day: tuple[float, ...]
    modes: tuple[float, ...]
    internal_meetings: float = 0.08


PROFILES: dict[str, Profile] = {
    "inside": Profile((15.6, 13.1, 1.6, 2.8, 0.6, 0.8, 0.9), (0.02, 0.02, 0.72, 0.23, 0.01)),
    "sdr": Profile((19.2, 14.9, 0.3, 3.4, 0.6, 0.5, 0.6), (0.02, 0.01, 0.60, 0.36, 0.01)),
    "outside": Profile((11.0, 12.0, 2.4, 1.9, 0.9, 0.6, 1.0), (0.03, 0.74, 0.15, 0.07, 0.01)),
    "hybrid": Profile((12.4, 12.5, 1.9, 2.2, 0.7, 0.7, 0.9), (0.02, 0.36, 0.45, 0.16, 0.01)),
    "drifting": Profile((14.8, 12.4, 2.1, 2.6, 0.6, 0.8, 0.9), (0.02, 0.80, 0.12, 0.05, 0.01), 0.02),
    "csm": Profile((9.0, 14.5, 2.2, 0.9, 0.4, 1.1, 1.2), (0.02, 0.30, 0.52, 0.15, 0.01)),
    "sales_manager": Profile((2.0, 5.0, 1.7, 0.4, 0.2, 0.6, 0.4), (0.02, 0.45, 0.45, 0.07, 0.01), 0.65),
    "sales_support": Profile((3.0, 8.0, 0.2, 0.1, 0.1, 1.5, 1.0), (0.02, 0.10, 0.60, 0.27, 0.01), 0.50),
}
PROFILE_NAMES = tuple(PROFILES)

DIRECTION_SHARES = (
    (0.05, 0.85, 0.08, 0.01, 0.01),
    (0.03, 0.77, 0.15, 0.04, 0.01),
    (0.10, 0.84, 0.03, 0.01, 0.02),
    (0.10, 0.85, 0.05, 0.00, 0.00),
    (0.05, 0.75, 0.20, 0.00, 0.00),
    (1.00, 0.00, 0.00, 0.00, 0.00),
    (1.00, 0.00, 0.00, 0.00, 0.00),
)
"""By channel, as DIRECTIONS."""

STATUS_SHARES = (
    (0.10, 0.89, 0.00, 0.01, 0.00),
    (0.07, 0.93, 0.00, 0.00, 0.00),
    (0.03, 0.80, 0.01, 0.09, 0.07),
    (0.20, 0.80, 0.00, 0.00, 0.00),
    (0.20, 0.80, 0.00, 0.00, 0.00),
    (0.00, 0.60, 0.30, 0.10, 0.00),
    (0.50, 0.50, 0.00, 0.00, 0.00),
)
"""By channel, as STATUSES."""

CALL_ENDS = (0.06, 0.29, 0.31, 0.17, 0.08, 0.04, 0.02, 0.01, 0.02)
"""Outbound calls, as the first DISPOSITIONS."""
EMAIL_ENDS = (0.08, 0.43, 0.32, 0.05, 0.09, 0.03)
"""Outbound e-mails: blank, then DISPOSITIONS from `sent` on."""

WEEKDAY_FACTORS = (0.95, 1.08, 1.06, 1.0, 0.84, 0.015, 0.01)
OFF_FACTOR = 0.02
"""Holidays and leave: somebody always answers one mail."""
MONTH_FACTORS = (0.96, 1.0, 1.04, 1.02, 0.98, 1.0, 0.9, 0.86, 1.04, 1.06, 1.0, 0.9)
_BETWEEN_THE_YEARS = 0.35
RAMP_DAYS, RAMP_START = 90, 0.4
"""A newcomer begins with this share of a colleague's day and has a whole one after these days."""
NOTICE_DAYS, NOTICE_FACTOR = 10, 0.6
"""Somebody who leaves does less in the last days."""
OVERLOAD = 2.1
"""How much more the overloaded rep does than before."""


def season(day: date) -> float:
    """How busy the time of year is; 1 is an ordinary day."""
    is_quiet = (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 2)
    return MONTH_FACTORS[day.month - 1] * (_BETWEEN_THE_YEARS if is_quiet else 1)


def ramp(days_employed: int) -> float:
    """The share of an ordinary day that somebody does so long after the hire."""
    return min(1.0, RAMP_START + (1 - RAMP_START) * max(0, days_employed) / RAMP_DAYS)
