"""Named steps of a night: progress for the user, seconds and peak memory for ops.run_step."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Progress(Protocol):
    """Where a night tells how far it is."""

    def step(self, name: str) -> None:
        """A new step begins."""

    def advance(self, done: int, total: int) -> None:
        """How much of the step is done."""


class Quiet:
    """A Progress that says nothing."""

    def step(self, name: str) -> None:
        """Ignored."""

    def advance(self, done: int, total: int) -> None:
        """Ignored."""


@dataclass(frozen=True)
class Step:
    """A finished step; `peak_mb` is the process's peak until then."""

    name: str
    rows: int | None
    seconds: float
    peak_mb: float


@dataclass
class Steps:
    """The steps so far."""

    progress: Progress
    done: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[int]]:
        """Times a step; append the number of rows it handled to the yielded list, if there is one."""
        self.progress.step(name)
        rows: list[int] = []
        begun = time.perf_counter()
        yield rows
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.done.append(Step(name, sum(rows) if rows else None, time.perf_counter() - begun, peak))

    def seconds(self) -> dict[str, float]:
        """Seconds by step."""
        return {step.name: round(step.seconds, 3) for step in self.done}
