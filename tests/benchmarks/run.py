"""`make bench`: whole processes, timed against the floor script in the same run, so that ratios survive a change of machine.

A night of N activities (CSV, ten columns, one file) is a fresh workspace and one whole process that builds what reps did
by day and by rep type, as the floor does; the one with all marts builds every subject. A judged night also asks Great
Expectations, in a child process whose memory is not in the peak; `touchline run` is a judged night with all marts and a
recorded Dagster run.
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
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measuring import Figures, machine, medians, print_ratios, timed

HERE = Path(__file__).resolve().parent
SETTINGS = """\
company: {name: Bench, timezone: America/New_York, holidays: {default_country: US}}
sources:
  - {name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}
"""
ALL_SUBJECTS = "[activity, performance, funnel, kpi, people]"
DAYS = 500
CHANNELS = ("call", "call", "call", "email", "email", "meeting", "social", "sms")


def write_activities(path: Path, rows: int, reps: int = 500, seed: int = 11) -> None:
    """A clean ten-column activity CSV with one row in fifty repeated, deterministic by seed."""
    chance = random.Random(seed)
    begin = datetime(2025, 1, 1, 13, tzinfo=UTC)
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(
            [
                "source_record_id",
                "channel",
                "occurred_at",
                "rep_id",
                "direction",
                "status",
                "disposition",
                "duration_seconds",
                "contact_id",
                "updated_at",
            ]
        )
        line: tuple[object, ...] = ()
        for number in range(rows):
            if number % 50 != 49:
                at = begin + timedelta(days=chance.randrange(DAYS), seconds=chance.randrange(9 * 3600))
                channel = chance.choice(CHANNELS)
                line = (
                    f"A{number:09d}", channel, at.isoformat().replace("+00:00", "Z"), f"R{chance.randrange(reps):04d}",
                    "inbound" if chance.random() < 0.2 else "outbound", "completed",
                    "connected" if channel == "call" and chance.random() < 0.4 else "",
                    chance.randrange(900) if channel in ("call", "meeting") else "", f"C{chance.randrange(rows // 10 + 1):07d}",
                    at.isoformat().replace("+00:00", "Z"),
                )  # fmt: skip
            writer.writerow(line)


def write_reps(path: Path, reps: int = 500) -> None:
    """The roster of the benchmark."""
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(("rep_id", "full_name", "rep_type", "hire_date", "role", "team"))
        for number in range(reps):
            kind = ("inside", "outside", "hybrid")[number % 3]
            writer.writerow((f"R{number:04d}", f"Rep {number}", kind, "2024-06-01", "ae", f"Team {number % 20}"))


def floor(source: Path, folder: Path) -> Figures:
    """One run of the floor script."""
    target = folder / "floor.duckdb"
    target.unlink(missing_ok=True)
    return timed([sys.executable, str(HERE / "floor.py"), str(source), str(target)], dict(os.environ))


def fresh_workspace(source: Path, reps: Path, folder: Path) -> Path:
    """A workspace with the benchmark's files in its inbox and no night yet; a night waits for none of them to settle."""
    home = folder / "workspace"
    shutil.rmtree(home, ignore_errors=True)
    (home / "inbox" / "crm").mkdir(parents=True)
    (home / "touchline.yaml").write_text(SETTINGS, encoding="utf-8")
    os.link(source, home / "inbox" / "crm" / source.name)
    shutil.copy2(reps, home / "inbox" / "crm" / "reps.csv")
    for path in (home / "inbox" / "crm").iterdir():
        settle(path)
    return home


def settle(path: Path) -> None:
    """Dates a file an hour back, as one that nobody is writing any more."""
    written = path.stat().st_mtime - 3600
    os.utime(path, (written, written))


def night(
    source: Path, reps: Path, folder: Path, judged: bool = False, subjects: str = "[activity]", alerts: bool = False
) -> Figures:
    """One first night, no orchestrator; `judged` by Great Expectations too, with `alerts` by the rules as well."""
    home = fresh_workspace(source, reps, folder)
    asked = {
        "TOUCHLINE__QUALITY__EXPECTATIONS": str(judged).lower(),
        "TOUCHLINE__METRICS__SUBJECTS": subjects,
        "TOUCHLINE__ALERTS__ENABLED": str(alerts).lower(),
    }
    return timed([sys.executable, str(HERE / "night.py"), str(home)], {**os.environ, **asked})


def command(source: Path, reps: Path, folder: Path) -> Figures:
    """The same first night as `touchline run`: a recorded Dagster run."""
    home = fresh_workspace(source, reps, folder)
    return timed(
        [str(Path(sys.executable).with_name("touchline")), "run", "--home", str(home), "--as-of", "2026-06-30"],
        dict(os.environ),
    )


def main() -> None:
    """Prints a table: median wall, CPU and peak of floor and night, and the ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeat", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_activities(folder / "activities.csv", chosen.rows)
        write_reps(folder / "reps.csv")
        files = (folder / "activities.csv", folder / "reps.csv", folder)
        measured = {
            "floor": lambda: floor(files[0], folder),
            "night": lambda: night(*files),
            "night, alerts": lambda: night(*files, alerts=True),
            "night, judged": lambda: night(*files, judged=True),
            "night, all marts": lambda: night(*files, subjects=ALL_SUBJECTS),
            "touchline run": lambda: command(*files),
        }
        figures = medians(measured, chosen.repeat)
    print(f"{chosen.rows:,} activities, median of {chosen.repeat}, {machine()}")
    print_ratios(figures, lambda _: "floor")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
