"""`make bench-peers`: `touchline run` beside what others do with the same CSV, each against the floor of the same run.

The peers are installed in a throw-away environment and are no dependency of anything. What they do is less: dbt builds
four tables with five tests, dlt merges rows by their id, pydantic and Great Expectations only judge. dlt merges fewer
rows, since a million take minutes; its figure is led to the others' number by rows a second.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import run as bench  # noqa: E402
from measuring import Figures, medians, print_ratios, timed  # noqa: E402

PACKAGES = ("dbt-core<1.11", "dbt-duckdb<1.11", "dlt[duckdb]", "great-expectations", "pandas", "pydantic")
"""Later versions of dbt fetch a parser while they are installed, which not every network allows."""
TOLD = ("dbt-core", "dbt-duckdb", "dlt", "great-expectations", "pandas", "pydantic", "duckdb")


def install(place: Path) -> Path:
    """An environment with the peers; its Python."""
    uv = str(Path(sys.executable).with_name("uv"))
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", str(place)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES], check=True)
    return python


def versions(python: Path) -> str:
    """What was installed, in one line."""
    code = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {TOLD}}}))"
    found = json.loads(subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout)
    return ", ".join(f"{name} {version}" for name, version in found.items())


def dbt(python: Path, folder: Path, activities: Path, reps: Path) -> Figures:
    """`dbt build` of a fresh project."""
    subprocess.run(["rm", "-rf", str(folder / "dbt")], check=True)
    subprocess.run(
        [sys.executable, str(HERE / "dbt_project.py"), str(folder / "dbt"), str(activities), str(reps)], check=True
    )
    command = [
        str(python.with_name("dbt")),
        "--quiet",
        "build",
        "--project-dir",
        str(folder / "dbt"),
        "--profiles-dir",
        str(folder / "dbt"),
    ]
    where = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    os.chdir(folder / "dbt")
    return timed(command, where)


def main() -> None:
    """Prints a table: median wall, CPU and peak of each, and the ratios to the floor's."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--dlt-rows", type=int, default=50_000)
    options.add_argument("--environment", type=Path, help="where the peers are, or are to be, installed")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        python = install(chosen.environment or folder / "peers")
        activities, few, reps = folder / "activities.csv", folder / "few.csv", folder / "reps.csv"
        bench.write_activities(activities, chosen.rows)
        bench.write_activities(few, chosen.dlt_rows)
        bench.write_reps(reps)

        def script(name: str, *arguments: Path) -> Figures:
            return timed([str(python), str(HERE / name), *map(str, arguments)], dict(os.environ))

        def merge() -> Figures:
            subprocess.run(["rm", "-rf", str(folder / "dlt"), str(folder / "dlt.duckdb")], check=True)
            wall, cpu, peak = script("dlt_merge.py", folder, few)
            factor = chosen.rows / chosen.dlt_rows
            return wall * factor, cpu * factor, peak

        measured = {
            "floor": lambda: bench.floor(activities, folder),
            "touchline run": lambda: bench.command(activities, reps, folder),
            "dbt: 4 tables, 5 tests": lambda: dbt(python, folder, activities, reps),
            "dlt: merge (led on)": merge,
            "pydantic: rows": lambda: script("pydantic_rows.py", activities),
            "great expectations": lambda: script("ge_pandas.py", activities),
        }
        figures = medians(measured, chosen.repeat)
        print(f"{chosen.rows:,} activities, median of {chosen.repeat}, {os.cpu_count()} cores; {versions(python)}")
    print_ratios(figures, lambda _: "floor")


if __name__ == "__main__":
    main()
