"""Runs nights in forked children, so that importing is paid once, and kills them where it is told to.

Jobs come as JSON lines on standard input: `home`, `as_of`, `started_at`, `full_refresh`, and at most one of
`step` (SIGKILL when that step begins), `operation` (SIGKILL before the n-th change to the file system) and
`cpu_seconds` (SIGKILL when the night has used so many, wherever it is: also inside DuckDB). Each is answered by a line:
the signal that ended it (0: none), its exit code, and, when it ended by itself, its CPU seconds, its steps and how often
it changed the file system.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from models.settings import load_settings
from pipelines.night.run import NightRequest, run_night
from pipelines.night.shipped import shipped_catalogue
from pipelines.night.workspace import Workspace
from tests.cheap_nights import CHEAP

CHANGES = {"os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "os.chmod", "shutil.copyfile"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Event(ctypes.Structure):
    """Linux's `struct sigevent`, 64 bytes."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_byte * 48),
    )


CPU_CLOCK = 2  # CLOCK_PROCESS_CPUTIME_ID


def die_after(cpu_seconds: float) -> None:
    """Has the kernel send SIGKILL when this process has used so much CPU: by the clock on the wall, a busy machine would
    be killed early in the night only, and an idle one never."""
    libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = _Event(None, signal.SIGKILL, 0)
    made = libc.timer_create(CPU_CLOCK, ctypes.byref(event), ctypes.byref(timer))
    nanoseconds = max(int(cpu_seconds * 1e9), 1)
    times = (ctypes.c_long * 4)(0, 0, nanoseconds // 10**9, nanoseconds % 10**9)
    if made or libc.timer_settime(timer, 0, times, None):
        raise OSError(ctypes.get_errno(), "no timer")


class Watched:
    """Counts steps (as the night's Progress) and changes to the file system (as Python's audit hook)."""

    def __init__(self, job) -> None:
        self.job, self.steps, self.operations = job, [], 0

    def step(self, name) -> None:
        if self.job.get("step") == name:
            die()
        self.steps.append(name)

    def advance(self, done, total) -> None:
        pass

    def audit(self, event, arguments) -> None:
        if event in CHANGES or (event == "open" and arguments[2] & WRITES):
            self.operations += 1
            if self.job.get("operation") == self.operations:
                die()


def run(job, answer) -> None:
    workspace = Workspace(Path(job["home"]))
    watched = Watched(job)
    request = NightRequest(
        workspace,
        datetime.fromisoformat(job["as_of"]),
        datetime.fromisoformat(job["started_at"]),
        "run",
        full_refresh=job.get("full_refresh", False),
    )
    settings = load_settings(workspace.settings_file, CHEAP)
    sys.addaudithook(watched.audit)
    if "cpu_seconds" in job:
        die_after(job["cpu_seconds"])
    run_night(request, settings, watched)
    told = {"steps": watched.steps, "operations": watched.operations, "cpu_seconds": time.process_time()}
    os.write(answer, json.dumps(told | {"modules": sorted(sys.modules)}).encode())


def serve(job) -> dict:
    receiving, answering = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(receiving)
            run(job, answering)
            code = 0
        finally:
            os._exit(code)
    os.close(answering)
    with os.fdopen(receiving, "rb") as told:
        answer = json.loads(told.read() or b"{}")
    _, status = os.waitpid(child, 0)
    import_what_a_night_imports(answer.pop("modules", ()))
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "code": status >> 8, **answer}


def import_what_a_night_imports(names) -> None:
    """Once, here: each night that is forked would import it again."""
    for name in names:
        if name not in sys.modules and name != "__main__":
            with suppress(ImportError):
                importlib.import_module(name)


def main() -> None:
    shipped_catalogue()
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)


main()
