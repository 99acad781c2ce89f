"""Only a fault that may pass by itself is tried again."""

import errno
import sqlite3
import subprocess
import sys

import dagster as dg
import duckdb
import pytest

from models.errors import BusyError, TouchlineError
from pipelines.assets.faults import is_transient
from pipelines.definitions import build_definitions
from pipelines.new_workspace import write_dagster_settings

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.ESTALE, "Stale file handle"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (OSError(errno.EROFS, "Read-only file system"), False),
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.OperationalError("no such table: x"), False),
        (duckdb.IOException('IO Error: Could not set lock on file "crm.duckdb"'), True),
        (duckdb.IOException("IO Error: Could not write all bytes: No space left on device"), False),
        (BusyError("another night", "wait"), False),
        (TouchlineError("what", "remedy"), False),
        (ValueError("a fault of ours"), False),
    ],
)
def test_which_faults_may_pass(error, may_pass):
    assert is_transient(error) is may_pass


def retried(office):
    """How often Dagster tried the night again, and whether it succeeded."""
    write_dagster_settings(office.workspace)
    job = build_definitions(office.workspace).resolve_job_def("nightly")
    with dg.DagsterInstance.from_config(str(office.workspace.dagster_home)) as instance:
        config = {"ops": {"night": {"config": {"as_of": "2026-03-31"}}}}
        result = job.execute_in_process(config, instance, raise_on_error=False)
    return len([event for event in result.all_events if event.is_step_up_for_retry]), result.success


@pytest.mark.slow
def test_a_file_that_somebody_writes_is_tried_again_as_often_as_the_settings_say(office):
    office.configure(office.workspace.settings_file.read_text() + "schedule: {retries: 2, retry_delay_seconds: 0}\n")
    office.deliver("reps.csv", [REP])
    office.night()
    file = (office.workspace.published / "crm.duckdb").resolve()
    file.chmod(0o600)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        assert retried(office) == (2, False)
        holder.stdin.close()
    assert retried(office) == (0, True)


def test_what_a_person_must_mend_is_tried_once(office):
    office.configure(office.workspace.settings_file.read_text() + "schedule: {retries: 2, retry_delay_seconds: 0}\n")
    office.deliver("reps.csv", [REP])
    office.workspace.published.symlink_to("generations/000099")
    assert retried(office) == (0, False)
