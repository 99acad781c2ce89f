"""The few kinds of error that reach a person; each says what to do next.

A bad *row* is never an error: it is quarantined. These are for settings, tables, files and nights.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator


class TouchlineError(Exception):
    """Something a person must act on: `what` was found and what to do about it (`remedy`)."""

    exit_code = 1

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n  → {remedy}")
        self.what = what
        self.remedy = remedy


class UsageError(TouchlineError):
    """Wrong arguments or settings; nothing was read or written."""

    exit_code = 2


class SettingsError(UsageError):
    """touchline.yaml or a TOUCHLINE__ variable is wrong."""


class CatalogueError(UsageError):
    """A table's SQL, YAML or test case contradict each other."""


class BlockedError(TouchlineError):
    """The night ran and a blocking check stopped its publication; the last good night stays."""

    exit_code = 3


class BusyError(TouchlineError):
    """Another night is running on this workspace."""

    exit_code = 4


class UnreadableFileError(TouchlineError):
    """A file is refused whole: `rule` names why, in one word that `ops.load.reason` starts with."""

    def __init__(self, rule: str, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.rule = rule


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it; causes can run in a circle."""
    chain = [error]
    for link in chain:  # grows while it is walked
        yield link
        chain += [before for before in (link.__cause__, link.__context__) if before and before not in chain]


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the nearest known word, or an empty string when none is near."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{match[0]}'?" if match else ""
