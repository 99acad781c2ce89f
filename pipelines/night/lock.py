"""One night at a time: a flock on var/lock, which the system releases when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from models.errors import BusyError, TouchlineError
from pipelines.night.storage import storage_error
from pipelines.night.workspace import Workspace


@contextmanager
def one_night_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Holds the workspace's lock; raises BusyError with the holder's process id when another night has it."""
    try:
        workspace.var.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(workspace.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        fault = storage_error(error, f"{workspace.var} cannot be written", workspace.var)
        raise fault or TouchlineError(
            f"{workspace.var} cannot be written: {error.strerror}", "Mend what it says, then run again."
        ) from None
    try:
        if not (_locks(descriptor) or _locks_after_a_moment(descriptor)):
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise BusyError(
                f"another night is running on {workspace.home} (process {holder})",
                "Wait for it to end, then run again; nothing was changed.",
            )
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def night_since(workspace: Workspace) -> tuple[str, float] | None:
    """The process that holds the lock and since when (seconds of the epoch); None when no night is running."""
    try:
        descriptor = os.open(workspace.lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        return holder, os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
    return None


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locks_after_a_moment(descriptor: int) -> bool:
    """Once more: whoever only asks whether a night is running holds the lock for an instant."""
    time.sleep(0.05)
    return _locks(descriptor)


def _sign(descriptor: int) -> None:
    """Writes who holds the lock; on a full disk it stays unsigned, which harms nobody."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
