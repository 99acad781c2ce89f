"""What all marts cost beside the rows they are made of: the second part of `make bench`, or with other sizes by hand.

A demo company of many reps and two years, one first night in a process of its own, then one reading of the published
activities in another: the seconds of the night's step `tables` as a ratio to it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
READ = """
select sum(is_touch::integer), count(distinct rep_id), max(occurred_at), max(contact_id), max(account_id),
    sum(duration_seconds)
from core.fct_activity
"""


def peak_mb(command: list[str], environment: dict[str, str]) -> float:
    """Peak MB of a process that must succeed."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed with {status}")
    return usage.ru_maxrss / 1024


def reading_seconds(crm: Path) -> float:
    """One reading of every activity with what it means, on a fresh connection."""
    with duckdb.connect(str(crm), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2")
        begun = time.perf_counter()
        connection.execute(READ).fetchall()
        return time.perf_counter() - begun


def main() -> None:
    """Prints rows, seconds, ratio and peak memory."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=5_000_000)
    options.add_argument("--reps", type=int, default=1000)
    options.add_argument("--days", type=int, default=730)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "workspace"
        size = [f"--{name}={value}" for name, value in vars(chosen).items()]
        touchline = str(Path(sys.executable).with_name("touchline"))
        subprocess.run([touchline, "demo", "--home", str(home), *size], check=True, stdout=subprocess.DEVNULL)
        asked = {"TOUCHLINE__QUALITY__EXPECTATIONS": "false", "TOUCHLINE__ENGINE__THREADS": "2"}
        peak = peak_mb([sys.executable, str(HERE / "night.py"), str(home)], {**os.environ, **asked})
        crm = home / "var" / "published" / "crm.duckdb"
        with duckdb.connect(str(crm), read_only=True) as connection:
            steps = dict(connection.execute("select step, seconds from ops.run_step").fetchall())
            (rows,) = connection.execute("select count(*) from core.latest_activities").fetchone() or (0,)
        reading = sorted(reading_seconds(crm) for _ in range(3))[1]
    print(f"{rows:,} activities, {chosen.reps} reps, {chosen.days} days, {os.cpu_count()} cores")
    print(f"reading them once {reading:.2f} s; all tables {steps['tables']:.2f} s = {steps['tables'] / reading:.1f}")
    print(f"loading {steps['load']:.2f} s; peak of the night {peak:,.0f} MB")


if __name__ == "__main__":
    main()
