"""Nights killed with SIGKILL, anywhere: what is published is always whole, and the next night makes up for it.

After each kill readers must find the state before the night, byte for byte, or the whole state after it. The next night
must end with the same tables and the same files as one that was never disturbed. Several nights in a row are killed before
one is left alone, so that each also meets what the killed ones before it left.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pytest

from pipelines.night.generation import is_whole
from pipelines.night.workspace import Workspace
from sql.hashing import logical_hashes
from tests.reliability import record, tried_here
from tests.runs.conftest import Office
from tests.seeds import chosen_seed

SETTINGS = """
company: {name: Test, timezone: America/New_York, holidays: {default_country: US}}
sources:
  - {name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}
engine: {keep_generations: 2, threads: 1}
"""
REPS = [
    {"rep_id": f"R{number}", "full_name": f"Rep {number}", "rep_type": "inside", "hire_date": "2025-01-01"}
    for number in range(5)
]
NO_TABLE = b"\xff\xfe\x00not a table"
"""Refused by the reader's own process, which costs a night half a second: one scene of three has it."""
ALL = ("core", "marts", "quarantine", "ops")


def calls(first, last, **changes):
    return [
        {
            "source_record_id": f"A{number}",
            "channel": "call",
            "occurred_at": f"2026-03-{number % 28 + 1:02}T15:00:00Z",
            "rep_id": f"R{number % 5}",
            "status": "completed",
            "updated_at": "2026-03-29T00:00:00Z",
        }
        | changes
        for number in range(first, last)
    ]


@dataclass
class Scene:
    """A workspace before a night, and what that night makes of it when nobody disturbs it."""

    base: Path
    home: Path
    full_refresh: bool
    before: dict[str, str] | None
    after: dict[str, str]
    files: list[str]
    steps: list[str]
    operations: int
    cpu_seconds: float

    def job(self, share=None, **kill):
        """`share`: after so much of the CPU seconds that such a night takes."""
        if share is not None:
            kill = {"cpu_seconds": share * self.cpu_seconds}
        return {
            "home": str(self.home),
            "as_of": "2026-04-01T03:59:59+00:00",
            "started_at": "2026-04-01T07:00:00+00:00",
            "full_refresh": self.full_refresh,
            **kill,
        }


@pytest.fixture(scope="module")
def server():
    """Answers jobs as night_server.py says."""
    command = [sys.executable, str(Path(__file__).with_name("night_server.py"))]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def ask(job):
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def open_scene(tmp_path_factory, server):
    """Makes a scene, once: `first` has published nothing yet, `later` and `full` have three nights behind them."""

    @cache
    def make(which):
        office = Office(tmp_path_factory.mktemp(which) / "workspace", SETTINGS)
        if which == "first":
            office.workspace.secret_key.unlink()  # the first night makes it
        else:
            office.deliver("contacts.csv", [{"contact_id": "C1", "email": "a@example.com"}])
            office.deliver("reps.csv", REPS[:4])
            for night in range(3):
                office.deliver(f"activities_{night}.csv", calls(night * 100, night * 100 + 100))
                office.night()
        office.deliver("reps_all.csv", REPS)
        office.deliver("activities_new.csv", calls(250, 400, updated_at="2026-03-30T00:00:00Z"))
        office.deliver("activities_bad.csv", calls(500, 510, channel="pigeon"))
        office.deliver("stages.csv", NO_TABLE if which == "first" else b"when,what\n1,2\n")
        return undisturbed(server, office.workspace.home, which == "full")

    return make


def undisturbed(server, base, full_refresh):
    scene = Scene(base, base.with_name("killed"), full_refresh, None, {}, [], [], 0, 0.0)
    restore(scene)
    server(scene.job())  # imports what such a night imports, which the next one is measured without
    restore(scene)
    if (scene.home / "var/published").exists():
        scene.before = bytes_of(scene.home)
    answer = server(scene.job())
    assert (answer["signal"], answer["code"]) == (0, 0)
    scene.after, scene.files = hashes_of(scene.home), files_of(scene.home)
    scene.steps, scene.operations, scene.cpu_seconds = answer["steps"], answer["operations"], answer["cpu_seconds"]
    return scene


def restore(scene):
    """The workspace as it was before the night; big files, which no night changes in place, as hard links."""
    shutil.rmtree(scene.home, ignore_errors=True)

    def link_or_copy(source, target):
        if source.endswith(".duckdb") or "/landed/" in source:
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    shutil.copytree(scene.base, scene.home, symlinks=True, copy_function=link_or_copy)


def bytes_of(home):
    folder = (home / "var/published").resolve()
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def files_of(home):
    return sorted(str(path.relative_to(home)) for path in (home / "var").rglob("*"))


def hashes_of(home):
    """The logical hash of every published table."""
    with duckdb.connect(str(home / "var/published/crm.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return logical_hashes(connection, ALL)


def is_after(scene):
    """What is published equals the undisturbed night's; a first night makes its own key, which its fingerprint has."""
    own = {"ops.publication"} if scene.before is None else set()
    found, expected = hashes_of(scene.home), scene.after
    return {name: found[name] for name in found.keys() - own} == {
        name: expected[name] for name in expected.keys() - own
    }


def assert_of_one_generation(folder):
    """Both files open, and every table holds as many rows as the publication says."""
    with duckdb.connect(str(folder / "private.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from duckdb_tables()").fetchone() > (0,)
    with duckdb.connect(str(folder / "crm.duckdb"), read_only=True) as connection:
        generation, counts = connection.execute("select generation, row_counts from ops.publication").fetchone()
        assert generation == int(folder.name)
        for table, rows in json.loads(counts).items():
            assert connection.execute(f"select count(*) from {table}").fetchone() == (rows,), table


def has_published(scene):
    """Readers find nothing, if nothing was published before, or the state before: False; or whole the state after."""
    published = scene.home / "var/published"
    if not published.is_symlink():
        assert scene.before is None
        return False
    assert not list(published.resolve().glob("*.wal"))
    if scene.before is not None and scene.before.items() <= bytes_of(scene.home).items():
        return False
    assert_of_one_generation(published.resolve())
    assert is_after(scene)
    return True


def survives(server, scene, *kills):
    """Kills night after night there until one of them has published, and looks each time at what readers find; then at
    what a night makes of it that nobody kills. How many were tried, and how many of these were killed."""
    restore(scene)
    killed = tried = 0
    done = False
    while not done and tried < len(kills):
        ended = server(scene.job(**kills[tried]))
        assert ended["signal"] in (0, 9) and ended["code"] == 0, (kills[: tried + 1], ended)
        done, tried, killed = has_published(scene), tried + 1, killed + (ended["signal"] == 9)
        if ended["signal"] == 0:  # it was quicker than the night that was measured
            scene.cpu_seconds = min(scene.cpu_seconds, ended["cpu_seconds"])
    again = server(scene.job() | {"full_refresh": scene.full_refresh and not is_done(scene)})
    assert (again["signal"], again["code"]) == (0, 0), kills[:tried]
    assert is_after(scene), kills[:tried]
    assert_same_files(scene)
    return tried, killed


def assert_same_files(scene):
    """Nothing is missing or left over; only a generation beyond `keep` may stay until the next one is published."""
    found, expected = set(files_of(scene.home)), set(scene.files)
    assert expected <= found
    extra = {path.split("/")[2] for path in found - expected if path.startswith("var/generations/")}
    assert len(extra) <= 1 and all(is_whole(scene.home / "var/generations" / name) for name in extra)
    assert all(path.startswith("var/generations/") for path in found - expected)


def is_done(scene):
    return Workspace(scene.home).published.resolve().name == Path(max(_generations(scene.files))).name


def _generations(files):
    return [name for name in files if Path(name).parent == Path("var/generations")]


def survives_all(server, scene, kills, chance):
    """All kills, up to a dozen nights in a row; how many were killed."""
    killed = 0
    while kills:
        tried, more = survives(server, scene, *kills[: chance.randint(4, 12)])
        kills, killed = kills[tried:], killed + more
    return killed


def every(step, operations):
    """Each `step`-th of the changes of files, or as many of these as are tried here, begun anywhere."""
    all_of_them = range(1, operations + 1, step)
    apart = -(-len(all_of_them) // tried_here(len(all_of_them)))
    return all_of_them[random.Random(chosen_seed()).randrange(apart) :: apart]


KILLED = "a killed night loses nothing and doubles nothing"
IN_EACH = tried_here(40)


@pytest.mark.slow
def test_a_night_killed_while_it_publishes_is_whole_before_or_after(open_scene, server):
    scene = open_scene("later")
    for changes_to_come in (14, 9):  # moving the build, swapping the symlink, and after it
        assert survives(server, scene, {"operation": scene.operations - changes_to_come}) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["first", "later", "full"])
def test_a_night_killed_at_each_named_step_and_before_changes_of_files(open_scene, server, which):
    scene = open_scene(which)
    assert {"land", "load", "tables", "publish"} <= set(scene.steps)
    steps = [{"step": step} for step in scene.steps]
    assert survives_all(server, scene, steps, random.Random(1)) == len(steps)
    operations = every(2 if which == "later" else 5, scene.operations)
    for operation in operations:
        assert survives(server, scene, {"operation": operation}) == (1, 1)
    record(
        KILLED,
        f"{which} night: killed at {len(steps)} steps and before {len(operations)} changes of files",
        len(steps) + len(operations),
    )


@pytest.mark.slow
@pytest.mark.parametrize("which", ["first", "later", "full"])
@pytest.mark.parametrize("number", [1, 2])
def test_nights_killed_in_a_row_at_any_moment(open_scene, server, which, number):
    """`TOUCHLINE_SEED` repeats the moments, as far as a machine's CPU clock does."""
    seed = chosen_seed() + number
    scene, chance = open_scene(which), random.Random(seed)
    kills = [{"share": chance.random()} for _ in range(IN_EACH)]
    killed = survives_all(server, scene, kills, chance)
    assert killed > IN_EACH // 2
    record(KILLED, f"{which} night: {killed} kills at random moments survived (seed {seed})", killed)
