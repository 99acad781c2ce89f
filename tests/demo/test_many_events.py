"""A large company is written in memory that its events do not fill."""

import os
import subprocess
import sys

import pytest

CODE = """
import pathlib, resource, sys
from pipelines.demo import write_demo
summary = write_demo(pathlib.Path(sys.argv[1]), reps=40, days=31, events=int(sys.argv[2]))
print(summary.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def rows_and_peak(folder, events):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CODE, str(folder), str(events)]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    return map(int, done.stdout.split())


@pytest.mark.slow
def test_four_times_the_events_take_the_same_memory(tmp_path):
    _, once = rows_and_peak(tmp_path / "once", 500_000)
    rows, four_times = rows_and_peak(tmp_path / "four", 2_000_000)
    assert rows > 2_000_000
    assert four_times < 1.25 * once  # both fill whole chunks: what grows with the chunk is in both
