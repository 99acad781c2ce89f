"""Runs nights in forked children, so that importing is paid once, and kills them where it is told to.

Jobs come as JSON lines on standard input: `home`, `as_of`, `started_at`, `full_refresh`, and at most one of
`step` (SIGKILL when that step begins), `operation` (SIGKILL before the n-th change to the file system) and `seconds`
(SIGKILL after so long). Each is answered by a line: the signal that ended it (0: none), its exit code, its seconds,
and, when it ended by itself, its steps and how often it changed the file system.
"""

import json
import os
import select
import signal
import sys
import time
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
    run_night(request, settings, watched)
    os.write(answer, json.dumps({"steps": watched.steps, "operations": watched.operations}).encode())


def serve(job) -> dict:
    receiving, answering = os.pipe()
    begun = time.perf_counter()
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
    ended, _, _ = select.select([receiving], [], [], job.get("seconds"))
    if not ended:
        os.kill(child, signal.SIGKILL)
    answer = os.read(receiving, 1 << 16)
    os.close(receiving)
    _, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - begun
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"signal": ended_by, "code": status >> 8, "seconds": seconds, **json.loads(answer or b"{}")}


def main() -> None:
    shipped_catalogue()
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)


main()
