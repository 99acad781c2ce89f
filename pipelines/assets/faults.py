"""Which faults may pass by themselves, and how a fault ends a Dagster run: trying again, or saying what must be mended."""

from __future__ import annotations

import errno
import sqlite3
from typing import NoReturn

import dagster as dg

from models.errors import TouchlineError
from models.settings import Schedule

EXIT_CODE = "exit_code"
_PASSING = {
    errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENETDOWN, errno.ENETUNREACH,
    errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED,
}  # fmt: skip
"""A disk or a share that does not answer now. A full or read-only disk is not among them: a person must act."""
_LOCKED = ("Could not set lock on file", "Conflicting lock is held")


def is_transient(error: BaseException) -> bool:
    """Whether trying again can help. What a person must mend (every TouchlineError) and our own faults cannot."""
    import duckdb

    if isinstance(error, OSError):
        return error.errno in _PASSING
    if isinstance(error, sqlite3.OperationalError):
        return "locked" in str(error) or "disk I/O" in str(error)
    if isinstance(error, duckdb.IOException):
        return any(words in str(error) for words in _LOCKED)
    return False


def end_run(error: Exception, schedule: Schedule | None, log: dg.DagsterLogManager) -> NoReturn:
    """Ends the step: a retry for a fault that may pass, else a failure that is final and says what to do.

    `schedule` says how often and when to try again; None: somebody is watching, and decides.
    """
    if isinstance(error, TouchlineError):
        metadata: dict[str, str | int] = {"remedy": error.remedy, EXIT_CODE: error.exit_code}
        raise dg.Failure(str(error), metadata=metadata, allow_retries=False) from error
    if schedule is not None and schedule.retries and is_transient(error):
        log.warning(
            f"{type(error).__name__}: {error}\n  → It may pass: another try in {schedule.retry_delay_seconds} s."
        )
        raise dg.RetryRequested(schedule.retries, schedule.retry_delay_seconds) from error
    raise error
