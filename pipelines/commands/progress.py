"""How far a long command is: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class TerminalProgress:
    """A bar for the step that is going on; what is done and left stands beside it once the step tells how much it is."""

    def __init__(self, console: Console | None = None) -> None:
        self._bar = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, name: str) -> None:
        """A step began; the one before it is done."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=None, done="")

    def advance(self, done: int, total: int) -> None:
        """So much of the step is done."""
        if self._task is not None:
            self._bar.update(self._task, completed=done, total=max(total, 1), done=f"{done:,} of {total:,}")


class PlainProgress:
    """A line a step, for logs."""

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, name: str) -> None:
        """A step began."""
        print(f"… {name}", file=sys.stderr, flush=True)

    def advance(self, done: int, total: int) -> None:
        """Nothing: a log is not a bar."""


def progress_here() -> TerminalProgress | PlainProgress:
    """A bar when standard error is a terminal, else plain lines."""
    return TerminalProgress() if sys.stderr.isatty() else PlainProgress()
