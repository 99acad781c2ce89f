"""What became of one attempt to send a message, and how a status code is read. Pure; knows no secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

_TRY_AGAIN = frozenset({408, 425, 429})
"""Of the 4xx those that may pass by themselves."""
_LONGEST_WAIT = timedelta(hours=1)
"""A server that asks for more is asked again all the same."""


@dataclass(frozen=True)
class Sent:
    """Somebody has it."""


@dataclass(frozen=True)
class Retry:
    """Not now. `after`: how long the other side asked us to wait; None: it did not say."""

    fault: str
    after: timedelta | None = None


@dataclass(frozen=True)
class Dead:
    """Never, as long as nobody mends what `fault` says."""

    fault: str


Outcome = Sent | Retry | Dead


def read_status(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """What an HTTP status means for a message. A redirect is not followed: where it leads was never looked at."""
    if 200 <= status < 300:
        return Sent()
    if 300 <= status < 400:
        return Dead(f"answered {status}, a redirect, and these are not followed")
    if 400 <= status < 500 and status not in _TRY_AGAIN:
        return Dead(f"answered {status}")
    return Retry(f"answered {status}", read_retry_after(retry_after, now))


def read_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """`Retry-After`, in seconds or as a date, at most an hour; None when it says nothing that can be read."""
    if text is None:
        return None
    try:
        asked = timedelta(seconds=int(text)) if text.strip().isdecimal() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked, timedelta(0)), _LONGEST_WAIT)
