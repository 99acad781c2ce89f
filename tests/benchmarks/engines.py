"""What a night costs with core and marts made on an engine behind Spark Connect, beside the same night on DuckDB.

Run it in .venv-spark (`make .venv-spark/.ready`): `PYTHONPATH=. .venv-spark/bin/python tests/benchmarks/engines.py --rows
1000000 --engine sail`. For `--engine spark`, SPARK_HOME names an Apache Spark (`make test-cluster` installs one), or `--url` a server
that runs already. A first load of N activities, then twice 50,000 new ones of the same three days, every subject, no alerts and no Great
Expectations, each night a process of its own. A night that takes twenty minutes is ended, and the script with it.

`here` is the night's process, `server` what it started for the engine: with workers elsewhere their cost is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delta import ROWS_OF_A_NIGHT, write_delta
from night import CpuClock
from run import ALL_SUBJECTS, fresh_workspace, write_activities, write_reps

LONGEST_SECONDS = 20 * 60
ASKED = {
    "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
    "TOUCHLINE__METRICS__SUBJECTS": ALL_SUBJECTS,
    "TOUCHLINE__ALERTS__ENABLED": "false",
    "TOUCHLINE__REPORT__ENABLED": "false",
}
HEAD = (
    "wall s",
    "cpu here",
    "peak here",
    "cpu server",
    "peak server",
    "tables s",
    "tables cpu",
    "sent MB",
    "made MB",
)
"""`tables` is the step that makes them, its CPU that of the night's process."""
WIDTH = 12


@dataclass(frozen=True)
class Server:
    """Where an engine answers; `processes` are those of it that run on this machine."""

    url: str
    processes: tuple[int, ...] = ()

    def cpu_seconds(self) -> float:
        """Processor time of all of them and of what they started, so far."""
        return sum(sum(map(int, stat[11:15])) for stat in self._stats().values()) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory that each has held at once, added up."""
        return sum(_peak_kb(Path(f"/proc/{process}/status")) for process in self._stats()) / 1024

    def _stats(self) -> dict[int, list[str]]:
        """What /proc says of each: an executor is a child of its worker."""
        everybody = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        found = dict.fromkeys(self.processes)
        while more := {one for one, stat in everybody.items() if stat and int(stat[1]) in found} - found.keys():
            found |= dict.fromkeys(more)
        return {process: everybody[process] for process in found if everybody.get(process)}


def _stat(process: Path) -> list[str]:
    """The fields after the name; none of a process that has just ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _peak_kb(status: Path) -> int:
    lines = status.read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


@contextmanager
def server_of(engine: str, url: str | None, folder: Path) -> Iterator[Server]:
    """The server at `url`, or one that is started here and ended afterwards."""
    if url is not None:
        yield Server(url)
    elif engine == "sail":
        from tests.engines.servers import sail_server

        with sail_server() as sail:
            yield Server(sail.address, (sail.process,))
    else:
        from tests.engines.cluster import spark_cluster

        with spark_cluster(Path(os.environ["SPARK_HOME"]), folder) as cluster:
            yield Server(cluster.address, cluster.processes)


def one_night(home: Path) -> None:
    """A night in this process; prints its figures, the last line as JSON."""
    from pipelines.night.run import NightRequest, run_night
    from pipelines.night.workspace import Workspace

    figures: dict[str, float] = {}
    clock = CpuClock()
    count_traffic(figures)
    workspace, instant = Workspace(home), datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    run_night(NightRequest(workspace, instant, datetime.now(UTC), "bench"), workspace.settings(), clock)
    figures["tables_cpu"] = clock.seconds()["tables"]
    print(json.dumps(figures))


def count_traffic(figures: dict[str, float]) -> None:
    """Notes what an engine is sent and makes, as the build's folder is removed."""
    try:
        from sql.engines import spark
    except ImportError:
        return
    opened = spark.open_engine

    @contextmanager
    def counted(settings: Any, storage: Any, *more: Any, **options: Any) -> Iterator[Any]:
        with opened(settings, storage, *more, **options) as engine:
            yield engine
            made = sum(storage.files(spark.BUILD).values())
            figures.update(sent_mb=engine.kept.sent_bytes / 1e6, made_mb=made / 1e6)

    spark.open_engine = counted


def measured(home: Path, server: Server | None) -> tuple[float, ...]:
    """The figures of HEAD of a night on the workspace; ends the script when it takes too long."""
    environment = {**os.environ, **ASKED}
    if server is not None:
        environment |= {
            "TOUCHLINE__ENGINE__KIND": "spark_connect",
            "TOUCHLINE__ENGINE__SPARK_CONNECT__URL": server.url,
            "TOUCHLINE__ENGINE__SPARK_CONNECT__STORAGE": "var/engine",
        }
    before, begun = server.cpu_seconds() if server else 0.0, time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, "--night", str(home)], env=environment, stdout=subprocess.PIPE
    )
    status, usage = _wait(process)
    wall = time.perf_counter() - begun
    assert process.stdout is not None
    if status != 0:
        raise SystemExit(f"the night failed with {status}")
    told = json.loads(process.stdout.read().splitlines()[-1])
    there = (server.cpu_seconds() - before, server.peak_mb()) if server else (0.0, 0.0)
    here = (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    traffic = (told.get(name, 0) for name in ("tables_cpu", "sent_mb", "made_mb"))
    return (wall, *here, *there, _tables_seconds(home), *traffic)


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, Any]:
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        if found:
            return status, usage
        time.sleep(0.05)
    process.kill()
    raise SystemExit(f"a night took more than {LONGEST_SECONDS // 60} minutes and was ended: try fewer --rows")


def _tables_seconds(home: Path) -> float:
    import duckdb

    with duckdb.connect(str(home / "var" / "published" / "crm.duckdb"), read_only=True) as connection:
        found = connection.execute("select seconds from ops.run_step where step = 'tables' order by all").fetchall()
    return float(found[-1][0])


def both_nights(
    files: tuple[Path, Path, Path], rows: int, server: Server | None
) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The first load and two later nights on top of it: in the first of them an engine is sent the tables of windows, once."""
    home = fresh_workspace(*files)
    yield "first load", measured(home, server)
    delta = home / "inbox" / "crm" / "activities_delta.csv"
    write_delta(delta, rows, 0.0)
    yield f"{ROWS_OF_A_NIGHT:,} new", measured(home, server)
    delta.with_name("activities_more.csv").write_bytes(delta.read_bytes().replace(b"\nN", b"\nM"))
    yield f"{ROWS_OF_A_NIGHT:,} more", measured(home, server)
    shutil.rmtree(home)


def main() -> None:
    """Prints a table, DuckDB's nights first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--engine", choices=("sail", "spark"), default="sail")
    options.add_argument("--url", help="of a server that runs already and reaches this machine's files")
    options.add_argument("--only", choices=("duckdb", "engine"), help="leave the other out")
    options.add_argument("--night", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.night is not None:
        one_night(chosen.night)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = (folder / "activities.csv", folder / "reps.csv", folder)
        write_activities(files[0], chosen.rows)
        write_reps(files[1])
        print(
            f"{chosen.rows:,} activities, one run each, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, MB are megabytes"
        )
        print(f"{'what':26}" + "".join(f"{name:>{WIDTH}}" for name in HEAD), flush=True)
        asked = {"duckdb": "duckdb", "engine": chosen.engine}
        for name in asked.values() if chosen.only is None else (asked[chosen.only],):
            with server_of(name, chosen.url, folder) if name != "duckdb" else _nobody() as server:
                for what, figures in both_nights(files, chosen.rows, server):
                    print(f"{name + ', ' + what:26}" + "".join(f"{value:{WIDTH},.1f}" for value in figures), flush=True)


@contextmanager
def _nobody() -> Iterator[None]:
    yield None


if __name__ == "__main__":
    main()
