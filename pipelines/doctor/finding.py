"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.settings import Settings
from pipelines.night.workspace import Workspace

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Patient:
    """What is looked at: a workspace, its settings (None when they do not load), and the time."""

    workspace: Workspace
    settings: Settings | None
    now: datetime


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's page. `remedy` is there whenever `level` is not ok; `fail` means a night or a reader is harmed."""

    check: str
    level: Level
    what: str
    remedy: str | None = None


def fine(check: str, what: str) -> Finding:
    """In order."""
    return Finding(check, "ok", what)


def warn(check: str, what: str, remedy: str) -> Finding:
    """Works, and should be looked at."""
    return Finding(check, "warn", what, remedy)


def fail(check: str, what: str, remedy: str) -> Finding:
    """Must be mended."""
    return Finding(check, "fail", what, remedy)
