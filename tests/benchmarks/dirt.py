"""`make bench`, fifth part: what 4 % of broken rows cost a night, beside a clean night of as many rows in the same run.

Every twenty-fifth row is broken in one of six ways in turn, and every two hundredth has a time without an offset, which
is read in the source's zone. Both files take turns, so that what else runs on the machine touches both alike; the ratio
of CPU seconds is the one to believe. `--steps` prints where each night's CPU seconds went.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
from measuring import Figures, machine, median, print_ratios
from run import ALL_SUBJECTS, HERE, fresh_workspace, night, write_activities, write_reps

Cells = list[bytes]
ID, CHANNEL, OCCURRED_AT = 0, 1, 2
EVERY, NAIVE_EVERY = 25, 200
LIMIT = 1.3
CLEAN, DIRTY, WHOLE = "clean", "4 % broken", "all marts"
NIGHTS: dict[str, dict[str, Any]] = {"activity": {}, WHOLE: {"subjects": ALL_SUBJECTS, "judged": True, "alerts": True}}
"""The bench's smallest night, and the night that the settings of a fresh workspace ask for; the limit is the latter's."""


def _with(place: int, value: bytes) -> Callable[[Cells], Cells]:
    return lambda cells: [*cells[:place], value, *cells[place + 1 :]]


BROKEN: dict[str, Callable[[Cells], Cells]] = {
    "no such day": _with(OCCURRED_AT, b"2026-02-30T10:00:00Z"),
    "unknown channel": _with(CHANNEL, b"pigeon"),
    "no id": _with(ID, b""),
    "too few cells": lambda cells: cells[:6],
    "too many cells": lambda cells: [*cells[:6], b"left a note", *cells[6:]],
    "a stray byte": _with(6, b"caf\xe9"),
}


def write_dirty(clean: Path, dirty: Path) -> int:
    """The same rows, some of them broken; how many."""
    ways, broken = itertools.cycle(BROKEN.values()), 0
    with clean.open("rb") as source, dirty.open("wb") as target:
        target.write(next(source))
        for number, line in enumerate(source):
            cells = line.rstrip(b"\n").split(b",")
            if number % EVERY == 7:
                cells, broken = next(ways)(cells), broken + 1
            elif number % NAIVE_EVERY == 9:
                cells[OCCURRED_AT] = cells[OCCURRED_AT].rstrip(b"Z")
            target.write(b",".join(cells) + b"\n")
    return broken


def assert_counted(home: Path, rows: int, broken: int) -> None:
    """A night that refused the file, or found nothing broken, measures something else."""
    with duckdb.connect(str(home / "var/published/crm.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select sum(rows_read), sum(rows_quarantined) from ops.load_accounting where entity = 'activities'"
        ).fetchone()
    if found != (rows, broken):
        raise SystemExit(f"expected {rows:,} rows with {broken:,} broken ones, the night counted {found}")


def print_steps(name: str, file: Path, reps: Path, folder: Path) -> None:
    """The CPU seconds of each step of one night."""
    home = fresh_workspace(file, reps, folder)
    asked = {
        "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
        "TOUCHLINE__METRICS__SUBJECTS": "[activity]",
        "TOUCHLINE__ALERTS__ENABLED": "false",
    }
    command = [sys.executable, str(HERE / "night.py"), str(home)]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    print(name, json.loads(done.stdout)["steps"])


def measured(files: dict[str, Path], reps: Path, folder: Path, rows: int, broken: int) -> Iterator[tuple[str, Figures]]:
    """One night of each kind on each file."""
    for kind, options in NIGHTS.items():
        for name, file in files.items():
            yield f"{kind}, {name}", night(file, reps, folder, **options)
            assert_counted(folder / "workspace", rows, broken if name == DIRTY else 0)


def main() -> None:
    """Prints a table: median wall, CPU and peak of the nights, and their ratios; 1 when the dirt costs too much."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--steps", action="store_true")
    chosen = options.parse_args()
    figures: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        reps, files = (
            folder / "reps.csv",
            {CLEAN: folder / "activities_clean.csv", DIRTY: folder / "activities_dirty.csv"},
        )
        write_activities(files[CLEAN], chosen.rows)
        broken = write_dirty(*files.values())
        write_reps(reps)
        if chosen.steps:
            for name, file in files.items():
                print_steps(name, file, reps, folder)
        for _ in range(chosen.repeat):
            for name, figure in measured(files, reps, folder, chosen.rows, broken):
                figures.setdefault(name, []).append(figure)
    print(f"{chosen.rows:,} activities, {broken:,} of them broken, median of {chosen.repeat}, {machine()}")
    found = {name: median(runs) for name, runs in figures.items()}
    print_ratios(found, lambda name: name.replace(DIRTY, CLEAN))
    whole = found[f"{WHOLE}, {DIRTY}"][1] / found[f"{WHOLE}, {CLEAN}"][1]
    sys.exit(f"{DIRTY} rows cost more than {LIMIT} times the clean night" if whole > LIMIT else None)


if __name__ == "__main__":
    main()
