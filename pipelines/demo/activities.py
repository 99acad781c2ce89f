"""The activity files: a month each, late rows, corrections, a month sent again, meetings still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from pipelines.demo import behaviour as b
from pipelines.demo.activity_file import ActivityFile
from pipelines.demo.batch import Batch, World, draw
from pipelines.demo.company import Window
from pipelines.demo.days import Ints, RepDays
from pipelines.demo.files import FileSummary
from pipelines.demo.text import TimeStyle, Wording
from pipelines.demo.versions import as_corrected, as_late, as_stale, as_upcoming

CHUNK = 50_000
"""Activities in memory at a time; it decides the bytes, so it is no parameter."""
_LATE, _STALE, _CORRECTED, _RESENT = 0.02, 0.023, 0.033, 0.012
Progress = Callable[[int, int], None]


@dataclass
class ActivityWriter:
    """Writes all activity files in one pass over the window; used once."""

    folder: Path
    window: Window
    world: World
    days: RepDays
    wording: Wording
    progress: Progress | None
    files: dict[str, ActivityFile] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def write(self, events: int) -> list[FileSummary]:
        """`events` distinct activities; corrections and repeated rows come on top (about 3 %)."""
        upcoming = min(2 * self.world.sellers, events // 50)
        with self.stack:
            for number, cells in enumerate(_chunks(self.days, events - upcoming)):
                dice = self._dice(2, number)
                batch = draw(self.world, self.days, cells, number * CHUNK + 1, dice)
                for month, first, last in self._months():
                    part = batch.take((batch.day >= first) & (batch.day <= last))
                    if len(part):
                        self._write_part(part, month, events, dice)
                self._report(number * CHUNK + len(cells), events)
            if upcoming:
                self._write_upcoming(upcoming, events - upcoming + 1)
        self._report(events, events)
        return [self.files[name].summary() for name in sorted(self.files)]

    def _write_part(self, batch: Batch, month: date, events: int, dice: np.random.Generator) -> None:
        """Activities of one month, to its file or, by lot, to others as well or instead."""
        name = f"activities_{month:%Y-%m}.csv"
        is_new = name not in self.files
        style = (TimeStyle.OFFSET, TimeStyle.LOCAL)[month.month % 2]
        lot = dice.random(len(batch))
        written = self._file(name, style).write(batch.take(lot >= _LATE))
        if is_new and month == self._resent_month():
            again = self._file(f"activities_{month:%Y-%m}_resent.csv", style)
            again.add(written.first(int(events * _RESENT) + 1))
        late = self._file("activities_late.csv", TimeStyle.OFFSET)
        late.write(as_late(batch.take(lot < _LATE), self.window, dice))
        if not late.ignored:
            late.repeat_header()
        late.write(as_stale(batch.take((lot >= _LATE) & (lot < _STALE))))
        corrected = batch.take((lot >= _STALE) & (lot < _CORRECTED))
        corrections = self._file("activities_corrections.csv", TimeStyle.UTC)
        corrections.write(as_corrected(corrected, self.window, self.world, dice))

    def _write_upcoming(self, count: int, first_number: int) -> None:
        dice = self._dice(3, 0)
        recent = np.arange(len(self.days.day))[-200:]
        cells = recent[(dice.random(count) * len(recent)).astype(np.int64)]
        batch = draw(self.world, self.days, cells, first_number, dice, only=b.MEETING)
        file = self._file("activities_upcoming.csv", TimeStyle.OFFSET)
        file.write(as_upcoming(batch, self.window, self.world, dice))

    def _file(self, name: str, style: TimeStyle) -> ActivityFile:
        if name not in self.files:
            path = self.folder / name
            stream = path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n")
            self.stack.enter_context(stream)
            self.files[name] = ActivityFile(path, stream, self.wording, style, first_mistake=3 * len(self.files))
        return self.files[name]

    def _months(self) -> Iterator[tuple[date, int, int]]:
        """Each month with the first and last number of its days."""
        for month in self.window.months():
            following = (month + timedelta(days=31)).replace(day=1)
            yield month, (month - self.window.first).days, (following - self.window.first).days - 1

    def _resent_month(self) -> date:
        months = self.window.months()
        return months[len(months) // 2]

    def _dice(self, subject: int, number: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([abs(self.window.seed), subject, number]))

    def _report(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)


def _chunks(days: RepDays, events: int) -> Iterator[Ints]:
    """Indices into `days`, as many for each as its load asks for: `events` marks evenly spaced over the sum."""
    loads = np.cumsum(days.load)
    for start in range(0, events, CHUNK):
        marks = (np.arange(start, min(events, start + CHUNK)) + 0.5) * (loads[-1] / events)
        yield np.minimum(np.searchsorted(loads, marks, side="right"), len(loads) - 1)
