"""The activity files: a month each, late rows, corrections, a month sent again, meetings still to come, the dialer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from pipelines.demo import behaviour as b
from pipelines.demo.activity_file import ActivityFile
from pipelines.demo.batch import Batch, World, draw
from pipelines.demo.company import Window, month_after
from pipelines.demo.days import BLANK, Ints
from pipelines.demo.dialer import DialerFiles
from pipelines.demo.files import FileSummary
from pipelines.demo.text import TimeStyle, Wording
from pipelines.demo.versions import as_corrected, as_late, as_stale, as_upcoming

CHUNK = 100_000
"""Activities in memory at a time; it decides the bytes, so it is no parameter."""
PART_ROWS = 500_000
"""A month with more rows than this is spread over several files."""
_NO_RANK = np.iinfo(np.int64).max
_LATE, _STALE, _CORRECTED, _RESENT = 0.02, 0.023, 0.033, 0.012
Progress = Callable[[int, int], None]


@dataclass
class ActivityWriter:
    """Writes all activity files in one pass over the window; used once."""

    folder: Path
    window: Window
    world: World
    open_deals: Ints
    wording: Wording
    dialer: DialerFiles | None
    progress: Progress | None
    files: dict[str, ActivityFile] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def write(self, events: int) -> list[FileSummary]:
        """`events` distinct activities; corrections and repeated rows come on top (about 3 %)."""
        upcoming = min(2 * self.world.sellers, events // 50)
        with self.stack:
            for number, (cells, ranks) in enumerate(_chunks(self.world, events - upcoming)):
                dice = self._dice(2, number)
                batch = self._without_dialed(draw(self.world, cells, ranks, number * CHUNK + 1, dice))
                for month, first, last in self._months():
                    part = batch.take((batch.day >= first) & (batch.day <= last))
                    if len(part):
                        self._write_part(part, month, events, dice)
                self._report(number * CHUNK + len(cells), events)
            if upcoming:
                self._write_upcoming(upcoming, events - upcoming + 1)
        self._report(events, events)
        written = [self.files[name].summary() for name in sorted(self.files)]
        return written + ([] if self.dialer is None else self.dialer.close())

    def _without_dialed(self, batch: Batch) -> Batch:
        """The batch without the calls that the dialer exports."""
        if self.dialer is None:
            return batch
        is_dialed = self.dialer.takes(batch)
        self.dialer.write(batch.take(is_dialed))
        return batch.take(~is_dialed)

    def _write_part(self, batch: Batch, month: date, events: int, dice: np.random.Generator) -> None:
        """Activities of one month, to its file or, by lot, to others as well or instead."""
        name = f"activities_{month:%Y-%m}"
        is_new = name not in self.parts
        style = (TimeStyle.OFFSET, TimeStyle.LOCAL)[month.month % 2]
        lot = dice.random(len(batch))
        written = self._file(name, style).write(batch.take(lot >= _LATE))
        if is_new and month == self._resent_month():
            again = self._file(f"{name}_resent", style)
            again.add(written.first(int(events * _RESENT) + 1))
        late = self._file("activities_late", TimeStyle.OFFSET)
        late.write(as_late(batch.take(lot < _LATE), self.window, dice))
        if not late.ignored:
            late.repeat_header()
        late.write(as_stale(batch.take((lot >= _LATE) & (lot < _STALE))))
        corrected = batch.take((lot >= _STALE) & (lot < _CORRECTED))
        corrections = self._file("activities_corrections", TimeStyle.UTC)
        corrections.write(as_corrected(corrected, self.window, self.world, dice))

    def _write_upcoming(self, count: int, first_number: int) -> None:
        """Meetings of the people who work now, half of them about deals that are open."""
        dice = self._dice(3, 0)
        recent = np.arange(len(self.world.days.day))[-200:]
        cells = recent[(dice.random(count) * len(recent)).astype(np.int64)]
        batch = draw(self.world, cells, np.full(count, _NO_RANK), first_number, dice, only=b.MEETING)
        file = self._file("activities_upcoming", TimeStyle.OFFSET)
        file.write(as_upcoming(self._about_deals(batch, dice), self.window, self.world, dice))

    def _about_deals(self, batch: Batch, dice: np.random.Generator) -> Batch:
        """Every second one is with the owner and the contact of an open deal."""
        if not len(self.open_deals):
            return batch
        deal, owner, contact = self.open_deals[(dice.random(len(batch)) * len(self.open_deals)).astype(np.int64)].T
        is_one = dice.random(len(batch)) < 0.5
        return replace(
            batch,
            deal=np.where(is_one, deal, BLANK),
            person=np.where(is_one, owner, batch.person),
            contact=np.where(is_one, contact, batch.contact),
            account=np.where(is_one, contact // 3, batch.account),
        )

    def _file(self, name: str, style: TimeStyle) -> ActivityFile:
        """The file that is being written under the name; a full one is followed by the next part."""
        part = self.parts.setdefault(name, 1)
        file_name = f"{name}.csv" if part == 1 else f"{name}_{part}.csv"
        if file_name not in self.files:
            path = self.folder / file_name
            stream = path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n")
            self.stack.enter_context(stream)
            mistake = 3 * len(self.files)
            self.files[file_name] = ActivityFile(path, stream, self.wording, style, first_mistake=mistake)
        elif self.files[file_name].rows >= PART_ROWS:
            self.files[file_name].stream.close()
            self.parts[name] += 1
            return self._file(name, style)
        return self.files[file_name]

    def _months(self) -> Iterator[tuple[date, int, int]]:
        """Each month with the first and last number of its days."""
        for month in self.window.months():
            first = (month - self.window.first).days
            yield month, first, (month_after(month) - self.window.first).days - 1

    def _resent_month(self) -> date:
        months = self.window.months()
        return months[len(months) // 2]

    def _dice(self, subject: int, number: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([abs(self.window.seed), subject, number]))

    def _report(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)


def _chunks(world: World, events: int) -> Iterator[tuple[Ints, Ints]]:
    """For each activity its cell (an index into the rep days) and its rank in it.

    `events` marks lie evenly spaced over the sum of the loads, so that each cell gets as many as its load asks for.
    """
    loads = np.cumsum(world.days.load)
    last, seen = BLANK, 0
    for start in range(0, events, CHUNK):
        marks = (np.arange(start, min(events, start + CHUNK)) + 0.5) * (loads[-1] / events)
        cells = np.minimum(np.searchsorted(loads, marks, side="right"), len(loads) - 1)
        ranks = np.arange(len(cells)) - np.searchsorted(cells, cells, side="left")
        ranks += np.where(cells == last, seen, 0)
        last, seen = int(cells[-1]), int(ranks[-1]) + 1
        yield cells, ranks
