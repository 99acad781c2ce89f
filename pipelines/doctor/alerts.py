"""Whether alerts can be judged and told: their settings, the variables that channels name, and what nobody received."""

from __future__ import annotations

import os
from collections.abc import Iterator

from models.errors import SettingsError, TouchlineError
from pipelines.alerting.notifications import read_dead_letters
from pipelines.alerting.tonight import refuse_wrong_alerts
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn


def check_alerts(patient: Patient) -> Iterator[Finding]:
    """Nights stop at settings of alerts that are wrong. No message is sent: `touchline alerts test` does."""
    if patient.settings is None:
        return
    alerts = patient.settings.alerts
    try:
        refuse_wrong_alerts(patient.settings, os.environ)
    except SettingsError as error:
        yield fail("alerts", error.what, error.remedy)
        return
    if not alerts.enabled:
        yield fine("alerts", "switched off (alerts.enabled)")
    elif not alerts.channels:
        yield fine("alerts", "judged, and told to nobody: no channel is set (docs/alert_channels.md)")
    else:
        names = ", ".join(channel.name for channel in alerts.channels)
        yield fine("alerts", f"told to {names}; whether they arrive: touchline alerts test")
    yield from _undelivered(patient)


def _undelivered(patient: Patient) -> Iterator[Finding]:
    try:
        dead = read_dead_letters(patient.workspace.operator_store)
    except TouchlineError as error:
        yield fail("alert messages", error.what, error.remedy)
        return
    if dead:
        last = dead[-1]
        yield warn(
            "alert messages",
            f"{len(dead)} were given up, the last of {last.created_at:%Y-%m-%d %H:%M} UTC: {last.fault}",
            "Mend the channel, then send them again: touchline alerts deliver --dead",
        )
