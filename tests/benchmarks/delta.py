"""A sixth part of `make bench`: what 50,000 rows cost on a workspace that holds many, set beside its first load.

Four nights with every subject, the alert rules and the report: the first load of N activities, then, a day later, 50,000
new activities of the last three days, then, on the first load again, 50,000 of which 6 % are other versions of old
activities, moved to other days of the 500 and other reps; and the first of the two once more, judged by Great Expectations.
Whole processes; the copy of the generation is timed apart, and so is what Great Expectations' process costs before it is
asked anything. The first load comes in the order of time, as CRMs export it; with `--order random` in none, so that no part
of a table may be left unread for its days.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from large import write_in_order_of_time
from measuring import Figures, machine, medians, print_ratios, timed
from run import ALL_SUBJECTS, CHANNELS, DAYS, HERE, floor, fresh_workspace, settle, write_activities, write_reps

ROWS_OF_A_NIGHT = 50_000
FIRST, NEW, OLD, JUDGED = "first load", "50,000 new", "50,000, 6 % old", "50,000 new, judged"
FIRST_NIGHT = datetime(2026, 5, 16, 3, 59, 59, 999999, tzinfo=UTC)  # the end of the last of them in New York
ASKED = {
    "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
    "TOUCHLINE__METRICS__SUBJECTS": ALL_SUBJECTS,
    "TOUCHLINE__ALERTS__ENABLED": "true",
}


def write_delta(path: Path, rows: int, old_share: float, seed: int = 5) -> None:
    """The activities of a later night; `rows` are those of the first load, whose ids the old ones have."""
    chance = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(
            (
                "source_record_id",
                "channel",
                "occurred_at",
                "rep_id",
                "direction",
                "status",
                "duration_seconds",
                "contact_id",
                "updated_at",
            )
        )
        for number in range(ROWS_OF_A_NIGHT):
            is_old = chance.random() < old_share
            days = chance.randrange(DAYS) if is_old else DAYS - 2 + chance.randrange(3)
            at = datetime(2025, 1, 1, 13, tzinfo=UTC) + timedelta(days=days, seconds=chance.randrange(9 * 3600))
            writer.writerow(
                (
                    f"A{chance.randrange(rows):09d}" if is_old else f"N{number:09d}", chance.choice(CHANNELS),
                    at.isoformat().replace("+00:00", "Z"), f"R{chance.randrange(500):04d}", "outbound", "completed",
                    chance.randrange(900), f"C{chance.randrange(rows // 10 + 1):07d}", "2026-06-01T00:00:00Z",
                )
            )  # fmt: skip


def copied(home: Path) -> float:
    """Seconds of copying what is published, as a night does first."""
    source, target = home / "var" / "published" / "crm.duckdb", home / "copy.duckdb"
    begun = time.perf_counter()
    shutil.copyfile(source, target)
    seconds = time.perf_counter() - begun
    target.unlink()
    return seconds


def night(home: Path, as_of: datetime, judged: bool = False) -> Figures:
    """Wall, CPU and peak of a night; `judged` by Great Expectations too, whose process is in the CPU seconds."""
    asked = ASKED | {"TOUCHLINE__QUALITY__EXPECTATIONS": str(judged).lower()}
    return timed([sys.executable, str(HERE / "night.py"), str(home), as_of.isoformat()], {**os.environ, **asked})


def later_night(home: Path, rows: int, old_share: float, copies: list[float], judged: bool = False) -> Figures:
    """A night on a copy of the workspace; `copies` gets the seconds that copying the generation takes.

    The first load's file is not in the copy's inbox: under a new inode it would be hashed again, which an unchanged one
    is not."""
    later = home.with_name("later")
    shutil.copytree(home, later, symlinks=True, ignore=shutil.ignore_patterns("activities.csv"))
    delta = later / "inbox" / "crm" / "activities_delta.csv"
    write_delta(delta, rows, old_share)
    settle(delta)
    copies.append(copied(later))
    figures = night(later, FIRST_NIGHT + timedelta(days=1), judged)
    shutil.rmtree(later)
    return figures


def first_load(files: tuple[Path, Path, Path]) -> Figures:
    """The first night of a fresh workspace."""
    return night(fresh_workspace(*files), FIRST_NIGHT)


def main() -> None:
    """Prints wall, CPU and peak of each night, as ratios to the floor, and its share of the first load."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--order", choices=("time", "random"), default="time")
    chosen = options.parse_args()
    rows = chosen.rows
    copies: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        {"time": write_in_order_of_time, "random": write_activities}[chosen.order](folder / "activities.csv", rows)
        write_reps(folder / "reps.csv")
        files, home = (folder / "activities.csv", folder / "reps.csv", folder), folder / "workspace"
        measured = {
            "floor": lambda: floor(files[0], folder),
            FIRST: lambda: first_load(files),
            NEW: lambda: later_night(home, rows, 0.0, copies),
            OLD: lambda: later_night(home, rows, 0.06, copies),
            JUDGED: lambda: later_night(home, rows, 0.0, copies, judged=True),
            "Great Expectations, imported": lambda: timed([sys.executable, "-m", "data_quality.suites"], os.environ),
        }
        figures = medians(measured, chosen.repeat)
    order = "order of time" if chosen.order == "time" else "no order"
    print(f"{rows:,} activities in {order}, median of {chosen.repeat}, {machine()}")
    print_ratios(figures, lambda _: "floor")
    for name in (NEW, OLD, JUDGED):
        shares = [part / whole for part, whole in zip(figures[name], figures[FIRST], strict=True)]
        print(f"{name}: {shares[0]:.1%} of the first load's wall, {shares[1]:.1%} of its CPU")
    print(f"copying the generation, in it: {statistics.median(copies):.2f} s")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
