"""A sixth part of `make bench`: what 50,000 rows cost on a workspace that holds many, set beside its first load.

Three nights with every subject and the alert rules, without Great Expectations: the first load of N activities, then, a
day later, 50,000 new activities of the last three days, then, on the first load again, 50,000 of which 6 % are other
versions of old activities, moved to other days of the 500 and other reps. Whole processes; the copy of the generation is
timed apart. The first load comes in the order of time, as CRMs export it; with `--order random` in none, so that no part of
a table may be left unread for its days.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from large import write_in_order_of_time
from run import ALL_SUBJECTS, CHANNELS, DAYS, HERE, floor, fresh_workspace, timed, write_activities, write_reps

ROWS_OF_A_NIGHT = 50_000
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
            ("source_record_id", "channel", "occurred_at", "rep_id", "direction", "status", "contact_id", "updated_at")
        )
        for number in range(ROWS_OF_A_NIGHT):
            is_old = chance.random() < old_share
            days = chance.randrange(DAYS) if is_old else DAYS - 2 + chance.randrange(3)
            at = datetime(2025, 1, 1, 13, tzinfo=UTC) + timedelta(days=days, seconds=chance.randrange(9 * 3600))
            writer.writerow(
                (
                    f"A{chance.randrange(rows):09d}" if is_old else f"N{number:09d}", chance.choice(CHANNELS),
                    at.isoformat().replace("+00:00", "Z"), f"R{chance.randrange(500):04d}", "outbound", "completed",
                    f"C{chance.randrange(rows // 10 + 1):07d}", "2026-06-01T00:00:00Z",
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


def night(home: Path, as_of: datetime) -> tuple[float, float, float]:
    """Wall, CPU and peak of a night."""
    return timed([sys.executable, str(HERE / "night.py"), str(home), as_of.isoformat()], {**os.environ, **ASKED})


def later_night(home: Path, rows: int, old_share: float) -> tuple[float, float, float, float]:
    """Wall, CPU and peak of a night on a copy of the workspace, and the seconds that copying the generation takes.

    The first load's file is not in the copy's inbox: under a new inode it would be hashed again, which an unchanged one
    is not."""
    later = home.with_name("later")
    shutil.copytree(home, later, symlinks=True, ignore=shutil.ignore_patterns("activities.csv"))
    write_delta(later / "inbox" / "crm" / "activities_delta.csv", rows, old_share)
    copy = copied(later)
    figures = night(later, FIRST_NIGHT + timedelta(days=1))
    shutil.rmtree(later)
    return (*figures, copy)


def main() -> None:
    """Prints wall, CPU and peak of each night, its share of the first load, and its ratio to the floor."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--order", choices=("time", "random"), default="time")
    chosen = options.parse_args()
    rows = chosen.rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        {"time": write_in_order_of_time, "random": write_activities}[chosen.order](folder / "activities.csv", rows)
        write_reps(folder / "reps.csv")
        files = (folder / "activities.csv", folder / "reps.csv", folder)
        base = floor(files[0], folder)
        home = fresh_workspace(*files)
        first = night(home, FIRST_NIGHT)
        measured = {
            "floor": (*base, 0.0),
            "first load": (*first, 0.0),
            "50,000 new": later_night(home, rows, 0.0),
            "50,000, 6 % old": later_night(home, rows, 0.06),
        }
    print(
        f"{rows:,} activities in {'order of time' if chosen.order == 'time' else 'no order'}, one run each, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    )
    print(
        f"{'what':18}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'copy s':>9}{'of load':>9}{'cpu of it':>11}{'/ floor':>9}"
    )
    for name, (wall, cpu, peak, copy) in measured.items():
        shares = f"{wall / first[0]:9.1%}{cpu / first[1]:11.1%}{wall / base[0]:9.2f}"
        print(f"{name:18}{wall:9.2f}{cpu:9.2f}{peak:9.0f}{copy:9.2f}{shares}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
