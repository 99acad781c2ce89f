"""A full or read-only disk ends a night with one clear sentence; what is published stays, and nothing is left behind."""

import json
import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from models.errors import TouchlineError
from models.settings import load_settings
from pipelines.doctor.examine import examine
from pipelines.night.run import NightRequest, run_night
from pipelines.night.storage import storage_error
from tests.reliability import record
from tests.runs.conftest import AS_OF, STARTED

pytestmark = pytest.mark.slow

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}
MEGABYTE = 1 << 20


@pytest.fixture
def disk(tmp_path):
    """A disk of 48 MB of our own; skipped where mounting is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def one_call(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_1.csv", [{"source_record_id": "A1", **CALL}])
    office.night()


def begin(office):
    """A night of one call, and two thousand that wait for the next."""
    office.stand_on(one_call)
    office.deliver("activities_2.csv", [{"source_record_id": f"B{number}", **CALL} for number in range(2_000)])
    return office.hashes()


def names(office):
    return sorted(str(path.relative_to(office.workspace.var)) for path in office.workspace.var.rglob("*"))


@pytest.mark.parametrize("free", [0, 3 * MEGABYTE, 7 * MEGABYTE])
def test_a_disk_that_fills_up_anywhere_leaves_the_last_good_night(office_at, disk, free):
    office = office_at(disk / "workspace")
    before, files = begin(office), names(office)
    filler = fill(disk, free)
    with pytest.raises(TouchlineError, match="the disk is full") as failed:
        office.night()
    assert "Free some space" in failed.value.remedy and failed.value.exit_code == 1
    assert office.hashes() == before
    assert [name for name in names(office) if name not in files and not name.startswith("landed/")] == []
    assert not [name for name in names(office) if name.startswith("landed/.")]
    filler.unlink()
    assert office.night().status == "published"
    assert office.query("select count(*) from core.latest_activities") == [(2_001,)]


class FullAt:
    """A Progress that fills the disk when a step begins."""

    def __init__(self, disk, name):
        self.disk, self.name = disk, name

    def step(self, name):
        if name == self.name:
            fill(self.disk, 0)

    def advance(self, done, total):
        pass


FULL = "a full disk leaves the last good night"
STEPS = ("copy", "load", "tables")


def test_a_disk_that_is_full_at_a_step_leaves_the_last_good_night_and_the_doctor_says_so(office_at, disk):
    office = office_at(disk / "workspace")
    before, files = begin(office), names(office)
    settings = load_settings(office.workspace.settings_file, office.environment)
    for step in STEPS:
        with pytest.raises(TouchlineError, match="the disk is full"):
            run_night(NightRequest(office.workspace, AS_OF, STARTED, step), settings, FullAt(disk, step))
        assert office.hashes() == before, step
        (told,) = (found for found in examine(office.workspace, STARTED) if found.check == "disk")
        assert told.level != "ok" and "Free some space" in told.remedy  # the build that was removed left some room
        (disk / "filler").unlink()
        assert [name for name in names(office) if name not in files and not name.startswith("landed/")] == []
    assert office.night().status == "published"
    assert office.query("select count(*) from core.latest_activities") == [(2_001,)]
    record(FULL, f"full at {len(STEPS)} steps, and with 3 amounts of room left")


def test_a_disk_that_is_full_when_a_night_publishes_leaves_a_whole_one_and_says_so(office_at, disk):
    """The rename itself needs no room, so the night may be out before its record finds none."""
    office = office_at(disk / "workspace")
    before = begin(office)
    settings = load_settings(office.workspace.settings_file, office.environment)
    with pytest.raises(TouchlineError, match="the disk is full"):
        run_night(NightRequest(office.workspace, AS_OF, STARTED, "full"), settings, FullAt(disk, "publish"))
    [(rows,)] = office.query("select count(*) from core.latest_activities")
    assert rows == 2_001 or office.hashes() == before
    (disk / "filler").unlink()
    assert office.night().status == ("nothing_new" if rows == 2_001 else "published")
    assert office.query("select count(*) from core.latest_activities") == [(2_001,)]
    record(FULL, "full while it publishes: whole, and told")


def fill(disk, free):
    """Takes all of the disk but `free` bytes; the file that takes them."""
    found = os.statvfs(disk)
    with (disk / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, found.f_bavail * found.f_frsize - free)
    return disk / "filler"


def test_a_full_disk_is_no_reason_to_put_a_file_off(office_at, disk):
    office = office_at(disk / "workspace")
    begin(office)
    fill(disk, 8192)
    with pytest.raises(TouchlineError, match="the disk is full"):
        office.night()
    nights = [json.loads(line) for line in office.workspace.nights.read_text().splitlines()]
    assert [night["status"] for night in nights] == ["published", "failed"]
    assert "the disk is full" in nights[1]["error"]


def test_a_read_only_disk_is_told_as_one_and_still_read(office_at, disk):
    office = office_at(disk / "workspace")
    before = begin(office)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(TouchlineError, match="mounted read-only") as failed:
        office.night()
    assert failed.value.exit_code == 1
    assert office.hashes() == before
    [told] = [found for found in examine(office.workspace, STARTED) if found.check == "permissions"]
    assert told.level == "fail" and "is mounted read-only" in told.what and "remount" in told.remedy
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert office.night().status == "published"
    assert office.query("select count(*) from core.latest_activities") == [(2_001,)]
    record("a read-only disk is still read", f"{len(before)} tables, and the next night made up for it")


@pytest.mark.parametrize("limit", [MEGABYTE])
def test_a_night_that_may_write_no_large_file_exits_with_1(office, limit):
    before = begin(office)
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "run", "--as-of", "2026-03-31", "--home"]
    done = subprocess.run(
        [*command, str(office.workspace.home)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python would write its caches half
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr
    assert office.hashes() == before


def test_other_faults_are_not_blamed_on_the_disk(tmp_path):
    assert storage_error(ValueError("no space left on device"), "It cannot be done", tmp_path) is None
    assert storage_error(FileNotFoundError(2, "No such file or directory"), "It cannot be done", tmp_path) is None
    fault = RuntimeError("wrapped")
    fault.__cause__ = OSError(28, "No space left on device", "/data/x")
    assert "(/data/x)" in str(storage_error(fault, "It cannot be done", Path("/var")))


def test_a_night_of_a_clock_that_ran_years_ahead_leaves_no_trace_in_the_tables(open_office):
    undisturbed, disturbed = open_office(), open_office()
    for office in (undisturbed, disturbed):
        office.deliver("reps.csv", [REP])
        office.deliver("activities_1.csv", [{"source_record_id": "A1", **CALL}])
    undisturbed.night(as_of=AS_OF - timedelta(days=1))
    disturbed.nights = 3650
    disturbed.night(as_of=AS_OF.replace(year=2036))
    for office in (undisturbed, disturbed):
        office.nights = 1
        office.deliver("activities_2.csv", [{"source_record_id": "A2", **CALL}])
        assert office.night().status == "published"
    assert disturbed.hashes() == undisturbed.hashes()
    record("a clock that jumps moves no figure", f"ten years ahead and back, {len(disturbed.hashes())} tables")
