"""What a command takes that has nothing to build: the seventh part of `make bench`.

On the published demo company: a night that finds nothing new, the commands that only read, and the import of the Dagster
definitions, each a whole process beside `import dagster`, which the first and the last of them cannot do without.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import Figures, machine, medians, print_ratios, timed

DAGSTER = "import dagster"
COMMANDS = {
    "status": ("status",),
    "query": ("query", "select count(*) from marts.rep_activity_daily"),
    "quarantine list": ("quarantine", "list"),
}


def main() -> None:
    """Prints wall, CPU and peak of each, and the ratios to the import of Dagster."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeat", type=int, default=9)
    chosen = options.parse_args()
    touchline = str(Path(sys.executable).with_name("touchline"))
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "demo"
        where = {**os.environ, "TOUCHLINE_HOME": str(home)}
        subprocess.run([touchline, "demo", "--home", str(home)], check=True, stdout=subprocess.DEVNULL)
        night = [touchline, "run", "--as-of", (home / "var" / "demo_as_of").read_text(encoding="utf-8").strip()]
        timed(night, where)

        def importing(module: str) -> Callable[[], Figures]:
            return lambda: timed([sys.executable, "-c", f"import {module}"], where)

        def asking(*words: str) -> Callable[[], Figures]:
            return lambda: timed([touchline, *words], where)

        measured = {
            DAGSTER: importing("dagster"),
            "import pipelines.definitions": importing("pipelines.definitions"),
            "run, nothing new": lambda: timed(night, where),
            **{name: asking(*words) for name, words in COMMANDS.items()},
        }
        figures = medians(measured, chosen.repeat)
    print(f"the demo company, median of {chosen.repeat}, {machine()}")
    print_ratios(figures, lambda _: DAGSTER)


if __name__ == "__main__":
    main()
