"""What `touchline alerts deliver` and `alerts test` do, and how they show it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import TouchlineError
from pipelines.commands.pages import Page

if TYPE_CHECKING:
    from models.settings import Settings
    from pipelines.alerting.answers import Outcome
    from pipelines.alerting.delivery import Delivered
    from pipelines.night.workspace import Workspace

AFTER_A_NIGHT_SECONDS = 20.0
"""How long a command that ran a night goes on sending; what is left waits for the next one, or for Dagster's sensor."""
CASES = Path("tests") / "alerts"
"""Beside the folder `sql`, in a checkout."""


def deliver_after_night(workspace: Workspace, settings: Settings) -> str | None:
    """Sends what the night, good or not, had to tell; what came of it, None when there was nothing to send.

    Never raises: whatever the night itself ended with must be told.
    """
    from pipelines.alerting.telling import deliver_waiting

    try:
        done = deliver_waiting(workspace, settings, os.environ, _now, AFTER_A_NIGHT_SECONDS)
    except (TouchlineError, OSError) as error:
        return f"Alerts wait to be sent: {error.what if isinstance(error, TouchlineError) else error}"
    if done is None or not (done.sent or done.waiting or done.dead):
        return None
    faults = "".join(f"; {fault}" for fault in dict(done.faults).values())
    return f"Alerts: {_counted(done)}{faults}"


def deliver_now(workspace: Workspace, settings: Settings, budget_seconds: float, dead: bool) -> Delivered:
    """Fills the outbox with what it lacks, and sends what is due; with `dead` also what was given up."""
    from pipelines.alerting.delivery import Delivered
    from pipelines.alerting.queue import revive_dead
    from pipelines.alerting.telling import deliver_waiting, fill_outbox

    fill_outbox(workspace, settings, _now())
    if dead and workspace.operator_store.exists():
        revive_dead(workspace.operator_store, _now(), timedelta(hours=settings.alerts.give_up_after_hours))
    return deliver_waiting(workspace, settings, os.environ, _now, budget_seconds) or Delivered()


def show_delivered(page: Page, done: Delivered, settings: Settings) -> None:
    """What was sent, what waits and why."""
    if not settings.alerts.channels and not settings.alerts.heartbeat_url:
        page.line("No channel is set, so nobody is told. Name one in touchline.yaml: docs/alert_channels.md")
        return
    if done.is_elsewhere:
        page.line(f"Another process is delivering; {done.waiting} messages wait.")
        return
    page.line(f"{_counted(done)}.")
    for channel, fault in done.faults:
        page.marked("!", "yellow", f"{channel}: {fault}")


def delivered_json(done: Delivered) -> dict[str, Any]:
    """The same for programs."""
    return {
        "sent": done.sent,
        "waiting": done.waiting,
        "dead": done.dead,
        "is_elsewhere": done.is_elsewhere,
        "faults": dict(done.faults),
    }


def run_cases() -> dict[str, list[str]]:
    """By case of a rule what is not as expected; none at all where the cases are not installed."""
    from pipelines.alerting.cases import find_cases, load_case, run_case
    from pipelines.night.shipped import SQL_FOLDER, shipped_catalogue, shipped_rules
    from sql.warehouse import connect

    folder = SQL_FOLDER.parent / CASES
    found: dict[str, list[str]] = {}
    with connect(threads=1) as connection:
        for path in find_cases(folder):
            name = "/".join(path.with_suffix("").parts[-2:])
            found[name] = run_case(shipped_catalogue(), shipped_rules(), load_case(path), connection)
    return found


def send_samples_now(settings: Settings) -> dict[str, Outcome]:
    """What became of a sample, by channel."""
    from pipelines.alerting.samples import send_samples

    return dict(send_samples(settings.alerts, os.environ, _now()))


def show_test(page: Page, cases: dict[str, list[str]], samples: dict[str, Outcome]) -> None:
    """The cases that fail, and every channel."""
    from pipelines.alerting.answers import Sent

    failed = {name: differences for name, differences in cases.items() if differences}
    page.line(f"{len(cases) - len(failed)} of {len(cases)} rule cases hold.")
    for name, differences in failed.items():
        page.marked("FAIL", "bold red", name)
        for difference in differences:
            page.line(f"      {difference}")
    for channel, outcome in samples.items():
        if isinstance(outcome, Sent):
            page.marked("ok", "green", f"{channel} took a sample message")
        else:
            page.marked("FAIL", "bold red", f"{channel}: {outcome.fault}")
    if not samples:
        page.line("No sample was sent: touchline.yaml names no channel (docs/alert_channels.md).")


def refuse_failed_test(cases: dict[str, list[str]], samples: dict[str, Outcome]) -> None:
    """Raises TouchlineError, exit code 1, when a case or a channel failed."""
    from pipelines.alerting.answers import Sent

    wrong = sum(bool(differences) for differences in cases.values())
    deaf = [channel for channel, outcome in samples.items() if not isinstance(outcome, Sent)]
    if wrong or deaf:
        raise TouchlineError(
            f"{wrong} rule cases fail, and {len(deaf)} channels took no sample",
            "Mend the rule or its case; what a channel needs is in docs/alert_channels.md.",
        )


def _counted(done: Delivered) -> str:
    return f"{done.sent} messages sent, {done.waiting} wait, {done.dead} given up"


def _now() -> datetime:
    return datetime.now(UTC)
