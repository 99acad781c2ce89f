"""Delivers, and is killed while it does: one JSON job a line, one JSON answer a line.

Each job is done by a process of its own that is forked from this one, which has everything imported: so a trial costs
hundredths of a second instead of a second. A job: store, settings, environment, kill_after (seconds, or null).
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from models.alert_settings import Alerts
from pipelines.alerting import pinned, services  # noqa: F401  (imported before any process is forked)
from pipelines.alerting.delivery import deliver


def answer(job):
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        do(job)
    if job["kill_after"] is not None:
        time.sleep(job["kill_after"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return {"was_killed": os.WIFSIGNALED(status), "seconds": time.monotonic() - started}


def do(job):
    """Never returns: a child must not go on reading jobs."""
    code = 1
    try:
        settings = Alerts.model_validate(job["settings"])
        deliver(Path(job["store"]), settings, job["environment"], lambda: datetime.now(UTC), 600)
        code = 0
    finally:
        os._exit(code)


services.problem_with(SecretStr("mailto://127.0.0.1?to=a@example.com"))  # apprise loads its plugins when first asked
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
