"""What the parts of the bench have in common: a process measured whole, medians of several, and the table of ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

Figures = tuple[float, float, float]
"""Wall seconds, CPU seconds and peak MB of a process and what it started and waited for."""


def timed(command: list[str], environment: Mapping[str, str]) -> Figures:
    """Runs a process whole, with no input; the bench ends when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed with {status}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def medians(measured: Mapping[str, Callable[[], Figures]], repeat: int) -> dict[str, Figures]:
    """Measures everything so many times, in turns, so that a slow minute meets all of it; the medians."""
    runs: dict[str, list[Figures]] = {name: [] for name in measured}
    for _ in range(repeat):
        for name, measure in measured.items():
            runs[name].append(measure())
    return {name: median(figures) for name, figures in runs.items()}


def median(figures: list[Figures]) -> Figures:
    """Of wall, CPU and peak, each by itself."""
    wall, cpu, peak = (statistics.median(column) for column in zip(*figures, strict=True))
    return wall, cpu, peak


def print_ratios(figures: Mapping[str, Figures], base_of: Callable[[str], str]) -> None:
    """A table: wall, CPU and peak of each, and wall and CPU as ratios to those of its base."""
    width = max(map(len, figures)) + 2
    print(f"{'':{width}}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'wall ratio':>12}{'cpu ratio':>11}")
    for name, (wall, cpu, peak) in figures.items():
        base = figures[base_of(name)]
        print(f"{name:{width}}{wall:9.2f}{cpu:9.2f}{peak:9.0f}{wall / base[0]:12.2f}{cpu / base[1]:11.2f}")


def machine() -> str:
    """What the figures hold for."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, DuckDB {version('duckdb')}"
