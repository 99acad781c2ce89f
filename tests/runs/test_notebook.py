"""docs/notebooks/explore.py runs without anybody looking, on the demo company, and draws every question it names.

Its tools are not those of nights: `make site` puts them into .venv-docs, and .ci/run makes the site before it tests.
"""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-docs/bin/python"
RUN = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("explore", sys.argv[1])
explore = importlib.util.module_from_spec(spec)
spec.loader.exec_module(explore)
outputs, definitions = explore.app.run()
drawn = sum("vega" in getattr(output, "text", "") for output in outputs)
print(json.dumps({"drawn": drawn, "rows": {number: len(rows) for number, rows in definitions["answers"].items()}}))
"""


@pytest.mark.skipif(
    not PYTHON.exists() or not list(PYTHON.parents[1].glob("lib/*/site-packages/marimo")),
    reason="marimo is not installed: make site",
)
def test_the_notebook_draws_five_answers(storied_demo):
    done = subprocess.run(
        [PYTHON, "-c", RUN, ROOT / "docs/notebooks/explore.py"],
        env={"TOUCHLINE_HOME": str(storied_demo.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["drawn"] == len(told["rows"]) == 5
    assert all(told["rows"].values())
