"""The alerts of the generation that is being built, from its own tables and what people said; nobody is told here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb

from models.settings import Settings
from pipelines.alerting.credentials import check_channels
from pipelines.alerting.episode_rows import merge_rows
from pipelines.alerting.episodes import Night
from pipelines.alerting.fold import Judged
from pipelines.alerting.judge import judge_night
from pipelines.alerting.notifications import Notification, read_notifications
from pipelines.alerting.said import read_acknowledged, read_silences
from pipelines.night.shipped import shipped_rules
from pipelines.night.workspace import Workspace
from sql.alert_limits import check_alert_settings, write_limits, write_nights


def refuse_wrong_alerts(settings: Settings, environment: Mapping[str, str]) -> None:
    """Raises SettingsError when `alerts:` names what does not exist, a threshold could never be clear again, or a channel
    could never send."""
    if settings.alerts.enabled:
        check_alert_settings(settings, shipped_rules())
        check_channels(settings.alerts, environment)


def judge_tonight(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, settings: Settings, as_of: datetime
) -> Judged:
    """Every rule on the tables as built; marts.alerts and its kin in ops are left as of this night."""
    write_nights(connection, [])
    write_limits(
        connection, shipped_rules(), settings
    )  # also for nights that judge nothing: readers expect both tables
    if not settings.alerts.enabled and not _stands_any(connection):
        return Judged()
    store = workspace.operator_store
    night = Night.at(as_of, settings.company.timezone)
    silences = [one.as_rule() for one in read_silences(store)]
    judged = judge_night(connection, shipped_rules(), settings, night, read_acknowledged(store), silences)
    _note_deliveries(connection, read_notifications(store))
    return judged


def summary(connection: duckdb.DuckDBPyConnection, judged: Judged) -> dict[str, dict[str, object]]:
    """By rule what the night says of it, and how many of its episodes people were told of and are not over."""
    standing = dict(
        connection.execute(
            "select rule, count(*) from marts.alerts where fired_at is not null and state <> 'resolved' group by rule"
        ).fetchall()
    )
    return {
        one.rule: {
            "status": str(one.status),
            "reason": one.reason,
            "beyond": one.beyond,
            "suppressed": one.suppressed,
            "standing": standing.get(one.rule, 0),
        }
        for one in judged.evaluations
    }


def _note_deliveries(connection: duckdb.DuckDBPyConnection, told: Mapping[str, Notification]) -> None:
    """What the outbox says now of every alert that fired; of one without a message that there is none."""
    fired = connection.execute(
        "select alert_id, notified_at, notification_status from marts.alerts where fired_at is not null"
    ).fetchall()
    noted = {alert_id: (at, status) for alert_id, at, status in fired}
    known = {
        alert_id: (told[alert_id].notified_at, str(told[alert_id].status)) if alert_id in told else (None, "none")
        for alert_id in noted
    }
    changed = [
        {"alert_id": alert_id, "notified_at": at, "notification_status": status}
        for alert_id, (at, status) in known.items()
        if noted[alert_id] != (at, status)
    ]
    merge_rows(connection, "marts.alerts", changed)


def _stands_any(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute("select count(*) from marts.alerts where state <> 'resolved'").fetchone()
    return bool(found and found[0])
