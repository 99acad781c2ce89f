"""What all marts cost beside the rows they are made of: the second part of `make bench`, or with other sizes by hand.

A demo company of many reps and two years, one first night in a process of its own, then one reading of the published
activities in another: the seconds of the night's step `tables` as a ratio to it, by the wall clock and of CPU, which
other processes disturb less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
DEAREST = 5
READ = """
select sum(is_touch::integer), count(distinct rep_id), max(occurred_at), max(contact_id), max(account_id),
    sum(duration_seconds)
from core.fct_activity
"""


def night(home: Path) -> tuple[dict[str, dict[str, float]], float]:
    """What night.py prints of a first night with all marts, not judged, which must succeed; and its peak MB."""
    asked = {"TOUCHLINE__QUALITY__EXPECTATIONS": "false", "TOUCHLINE__ENGINE__THREADS": "2"}
    command = [sys.executable, str(HERE / "night.py"), str(home)]
    process = subprocess.Popen(command, env={**os.environ, **asked}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed with {status}")
    return json.loads(printed), usage.ru_maxrss / 1024


def reading_seconds(crm: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one reading of every activity with what it means, on a fresh connection."""
    with duckdb.connect(str(crm), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2")
        begun = time.perf_counter(), time.process_time()
        connection.execute(READ).fetchall()
        return time.perf_counter() - begun[0], time.process_time() - begun[1]


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
        printed, peak = night(home)
        crm = home / "var" / "published" / "crm.duckdb"
        with duckdb.connect(str(crm), read_only=True) as connection:
            steps = dict(connection.execute("select step, seconds from ops.run_step").fetchall())
            (rows,) = connection.execute("select count(*) from core.latest_activities").fetchone() or (0,)
            (whole,) = connection.execute("select sum(seconds) from ops.run_step").fetchone() or (0.0,)
        wall_read, cpu_read = sorted(reading_seconds(crm) for _ in range(3))[1]
    print(f"{rows:,} activities, {chosen.reps} reps, {chosen.days} days, {os.cpu_count()} cores")
    print(f"{'':14}{'wall s':>9}{'cpu s':>9}{'wall ratio':>12}{'cpu ratio':>11}")
    cpu = printed["steps"]
    for name, wall, used in (
        ("one reading", wall_read, cpu_read),
        ("all tables", steps["tables"], cpu["tables"]),
        ("loading", steps["load"], cpu["load"]),
    ):
        print(f"{name:14}{wall:9.2f}{used:9.2f}{wall / wall_read:12.1f}{used / cpu_read:11.1f}")
    print(f"peak of the night {peak:,.0f} MB; the dearest tables, in seconds of wall and of the night's {whole:.1f}:")
    for table, seconds in sorted(printed["tables"].items(), key=lambda taken: -taken[1])[:DEAREST]:
        print(f"{table:32}{seconds:7.2f}{seconds / whole:7.1%}")


if __name__ == "__main__":
    main()
