"""The dialer's exports: a part of the SDRs' calls, in its own columns, until the day on which it falls silent."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.demo import behaviour as b
from pipelines.demo.batch import Batch
from pipelines.demo.days import BLANK, Ints
from pipelines.demo.files import FileSummary
from pipelines.demo.text import TimeStyle, Wording, activity_ids, look_up

_HEADER = "Call ID;Agent;Started;Type;Result;Length"
_RESULTS = {
    "connected": "ANSWERED",
    "no_answer": "NO ANSWER",
    "voicemail": "VOICEMAIL",
    "left_message": "MESSAGE",
    "busy": "BUSY",
    "wrong_number": "WRONG NUMBER",
    "failed": "FAILED",
}
_MISTAKES = (("Started", "31.02.2026 10:00:00"), ("Length", "long"), ("Result", "???"), ("Call ID", ""))
_EACH = 100
"""One row of so many is broken."""


@dataclass
class DialerFile:
    """One file while it is written."""

    name: str
    stream: TextIO
    rows: int = 0
    broken: int = 0

    def write(self, cells: pl.DataFrame) -> None:
        """Adds the rows, one in a hundred broken."""
        lines: list[str] = cells.select(pl.concat_str(pl.all(), separator=";")).to_series().to_list()
        broken = [row for row in range(len(lines)) if (self.rows + row) % _EACH == 41]
        for row, texts in zip(broken, cells[broken].iter_rows(named=True), strict=True):
            column, value = _MISTAKES[(self.rows + row) // _EACH % len(_MISTAKES)]
            lines[row] = ";".join({**texts, column: value}.values())
        self.stream.write("\n".join([*lines, ""]))
        self.rows += len(lines)
        self.broken += len(broken)


@dataclass
class DialerFiles:
    """Takes the calls of the people `agents` (by number) before the day `silent_day`; a file a month, used once."""

    folder: Path
    wording: Wording
    agents: pl.Series
    dialing: Ints
    silent_day: int
    month_of_day: list[str]
    newest_day: int = BLANK
    files: dict[str, DialerFile] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def takes(self, batch: Batch) -> npt.NDArray[np.bool_]:
        """Which of the activities are the dialer's: three in five finished calls that belong to no lead or deal."""
        is_call = (batch.channel == b.CALL) & (batch.status <= b.COMPLETED) & (batch.duration != BLANK)
        is_free = (batch.lead == BLANK) & (batch.deal == BLANK) & (batch.number % 5 < 3)
        is_plain = batch.disposition != b.DISPOSITIONS.index("gatekeeper")
        is_before = batch.day < self.silent_day
        is_dialing = np.isin(batch.person, self.dialing)
        return np.asarray(is_call & is_free & is_plain & is_before & is_dialing)

    def write(self, batch: Batch) -> None:
        """Adds calls to their months' files; they come in the order of days."""
        self.newest_day = max([self.newest_day, *batch.day.tolist()[-1:]])
        months = np.array(self.month_of_day)[batch.day]
        for month in dict.fromkeys(months.tolist()):
            self._file(month).write(self._cells(batch.take(months == month)))

    def close(self) -> list[FileSummary]:
        """Ends all files; what they hold."""
        self.stack.close()
        return [FileSummary(file.name, "activities", file.rows, file.broken) for file in self.files.values()]

    def _cells(self, batch: Batch) -> pl.DataFrame:
        started = self.wording.instants(batch.day, batch.second, TimeStyle.UTC).str
        parts = [started.slice(8, 2), ".", started.slice(5, 2), ".", started.slice(0, 4), " ", started.slice(11, 8)]
        results = pl.Series([_RESULTS.get(word, "") for word in b.DISPOSITIONS])
        types = pl.Series(["IN" if word == "inbound" else "OUT" if word else "" for word in b.DIRECTIONS])
        return pl.DataFrame(
            {
                "Call ID": activity_ids(batch.number).str.replace("ACT-", "D", literal=True),
                "Agent": look_up(self.agents, batch.person),
                "Started": pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series(),
                "Type": look_up(types, batch.direction),
                "Result": look_up(results, batch.disposition),
                "Length": look_up(self.wording.clocks, batch.duration),
            }
        )

    def _file(self, month: str) -> DialerFile:
        if month not in self.files:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"calls_{month}.csv"
            stream = (self.folder / name).open("w", encoding="utf-8", newline="\n")
            self.stack.enter_context(stream)
            stream.write(_HEADER + "\n")
            self.files[month] = DialerFile(name, stream)
        return self.files[month]
