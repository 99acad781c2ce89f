"""Faults of the disk, told as what they are: full, read-only, not ours, failing; and too little memory.

DuckDB, SQLite and Python each word them in their own way; a person reads one sentence and what to do.
"""

from __future__ import annotations

from pathlib import Path

from models.errors import TouchlineError, causes_of

_STAYS = "What is published stays as it was."
_FULL = (
    "the disk is full",
    f"{_STAYS} Free some space (touchline doctor says what takes it; engine.keep_generations how many nights are kept),"
    " then run again.",
)
_READ_ONLY = (
    "the disk is mounted read-only",
    f"{_STAYS} Mount it for writing (a disk with faults is often made read-only: see the system's log), then run again.",
)
_NOT_OURS = (
    "it may not be written by this user",
    f"{_STAYS} Run as the owner of the workspace, or give this user write permission on it, then run again.",
)
_FAILING = ("the disk gives errors", f"{_STAYS} See the system's log, mend or replace the disk, then run again.")
_MEMORY = (
    "it needs more memory than it may use",
    f"{_STAYS} Raise engine.memory_limit in touchline.yaml, or lower engine.threads; rows that do not fit in memory"
    " are put on the workspace's disk, which needs room for them.",
)
_SIGNS: tuple[tuple[tuple[str, ...], tuple[str, str]], ...] = (
    (("no space left on device", "disk quota exceeded", "file too large", "database or disk is full"), _FULL),
    (("read-only file system", "attempt to write a readonly database"), _READ_ONLY),
    (("permission denied", "operation not permitted"), _NOT_OURS),
    (("input/output error", "disk i/o error"), _FAILING),
    (("out of memory error", "failed to allocate", "max_temp_directory_size"), _MEMORY),
)
_SPEAKERS = ("duckdb", "_duckdb", "sqlite3")


def storage_error(error: BaseException, doing: str, where: Path) -> TouchlineError | None:
    """The fault of disk or memory behind `error` (or behind its causes) as a TouchlineError; None when it is another.

    `doing` is what could not be done, such as `The night cannot be written`; `where` the folder concerned.
    """
    for link in causes_of(error):
        if isinstance(link, OSError | MemoryError) or type(link).__module__.split(".")[0] in _SPEAKERS:
            text = f"{type(link).__name__}: {link}".lower()
            for signs, (what, remedy) in _SIGNS:
                if any(sign in text for sign in signs):
                    return TouchlineError(f"{doing}: {what} ({_place(link, where)})", remedy)
    return None


def _place(error: BaseException, where: Path) -> str:
    return str(getattr(error, "filename", None) or where)
