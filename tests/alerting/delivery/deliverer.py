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

from models.alert_settings import Alerts
from pipelines.alerting.delivery import deliver
from pipelines.alerting.samples import send_samples


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


def warm_up():
    """Sends where nobody listens, so that whatever is loaded when it is first needed is loaded before any fork."""
    hook = {"name": "hook", "kind": "webhook", "url": "env:HOOK", "secret": "env:KEY"}
    channels = [hook, {"name": "mail", "url": "env:MAIL"}]
    settings = Alerts.model_validate({"channels": channels, "allow_hosts": ["127.0.0.1"]})
    nowhere = {
        "HOOK": "http://127.0.0.1:1/",
        "KEY": "k",
        "MAIL": "mailto://127.0.0.1:1?from=a@example.com&to=b@example.com",
    }
    send_samples(settings, nowhere, datetime.now(UTC))


warm_up()
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
