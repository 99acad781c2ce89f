"""The alerts of the generation that is being built, from its own tables and what people said; nobody is told here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb

from models.alert_settings import SilenceRule
from models.settings import Settings
from pipelines.alerting.credentials import check_channels
from pipelines.alerting.episodes import Night
from pipelines.alerting.fold import Judged
from pipelines.alerting.judge import judge_night
from pipelines.alerting.said import read_acknowledged, read_silences
from pipelines.night.plan import shipped_rules
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
    if not settings.alerts.enabled and not _stands_any(connection):
        write_nights(connection, [])
        write_limits(connection, (), settings)
        return Judged()
    store = workspace.operator_store
    night = Night.at(as_of, settings.company.timezone)
    silences = [
        SilenceRule(rule=one.rule, subject=one.subject, team=one.team, to_date=one.to_date, reason=one.reason)
        for one in read_silences(store)
    ]
    return judge_night(connection, shipped_rules(), settings, night, read_acknowledged(store), silences)


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


def _stands_any(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute("select count(*) from marts.alerts where state <> 'resolved'").fetchone()
    return bool(found and found[0])
