"""A night that forgets somebody, killed anywhere: readers find a whole night, and the next one ends what it began."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.night.erasing.forget import Standing, standing_erasures
from pipelines.night.workspace import Workspace
from tests.reliability import record
from tests.runs.test_forget import NEEDLES, forget, found_below, workspace_with_ann
from tests.runs.test_kills import every, hashes_of

OURS = ("core", "marts", "quarantine")


@pytest.fixture(scope="module")
def killer():
    """Runs nights and kills them, as night_server.py says."""
    command = [sys.executable, str(Path(__file__).with_name("night_server.py"))]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def ask(home, **kill):
            instants = {"as_of": "2026-04-01T03:59:59+00:00", "started_at": "2026-04-05T07:00:00+00:00"}
            process.stdin.write(json.dumps({"home": str(home), **instants, **kill}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def ordered(tmp_path_factory, killer):
    """A workspace with an order, and what an undisturbed night makes of a copy of it."""
    office = workspace_with_ann(tmp_path_factory.mktemp("ordered") / "workspace")
    assert forget(office, "--contact", "CON-77120") == 0
    home = copied(office.workspace.home)
    answer = killer(home)
    assert (answer["signal"], answer["code"]) == (0, 0)
    assert found_below(home) == set()
    return office.workspace.home, ours(home), answer["operations"]


def copied(base):
    home = base.with_name("killed")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base, home, symlinks=True)
    return home


def ours(home):
    return {name: found for name, found in hashes_of(home).items() if name.split(".")[0] in OURS}


def is_made_up_for(killer, ordered, operation):
    base, expected, _ = ordered
    home = copied(base)
    assert killer(home, operation=operation)["signal"] == 9, operation
    assert len(ours(home)) == len(expected)
    again = killer(home)
    assert (again["signal"], again["code"]) == (0, 0), operation
    assert ours(home) == expected, operation
    assert found_below(home, NEEDLES) == set(), operation
    assert standing_erasures(Workspace(home)) == Standing(), operation


@pytest.mark.slow
def test_a_forgetting_night_killed_before_its_publication_is_completed_by_the_next(killer, tmp_path):
    office = workspace_with_ann(tmp_path / "workspace")
    before = ours(office.workspace.home)
    assert forget(office, "--contact", "CON-77120") == 0
    assert killer(office.workspace.home, step="publish")["signal"] == 9
    assert ours(office.workspace.home) == before
    assert office.night().status == "published"
    assert found_below(office.workspace.home) == set()


@pytest.mark.slow
def test_a_forgetting_night_killed_before_changes_of_files_is_completed(killer, ordered):
    operations = every(4, ordered[2])
    for operation in operations:
        is_made_up_for(killer, ordered, operation)
    kills = len(operations)
    record("a killed night that forgets is completed by the next", f"killed before {kills} changes of files", kills)
