"""Reading alerts for the command line: episodes as they stand now, not only as the last night left them.

What people said since (operator.sqlite) counts at once, and what became of the messages stands beside each alert.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from models.errors import SettingsError, TouchlineError, UsageError, nearest
from pipelines.commands.alert_words import rule_names
from pipelines.commands.fetching import Rows, fetch
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    from models.settings import Settings
    from pipelines.alerting.said import Acknowledgement, Silence

SEVERITIES = ("critical", "warning", "info")
STATES = ("firing", "acknowledged", "recovering", "pending", "suppressed", "resolved")
"""The worst first: what nobody has taken up, down to what is over."""
_HIDEABLE = ("firing", "acknowledged", "pending")
_EVALUATED = """
    select * exclude (as_of), as_of from ops.alert_evaluation
    where night_date = (select max(night_date) from ops.alert_evaluation) order by rule
"""
_SUBJECTS = """
    select 'rep' as kind, rep_id as subject_id from core.dim_rep
    union select 'team', team from core.dim_rep where team is not null
    union select 'source', source from ops.source
    union select 'stage', concat(pipeline, ': ', stage) from core.dim_stage
"""
_DELIVERIES = """
    select news.alert_id, news.place, message.channel, message.kind, message.state, message.created_at,
        message.not_before, message.sent_at, message.attempts, message.last_error
    from alert_news as news join alert_message as message using (message_id)
    order by news.alert_id, news.place, message.channel
"""


@dataclass(frozen=True)
class AlertChoice:
    """Which alerts a command is about; a blank filter chooses any, and only open ones unless `everything`."""

    rule: str | None = None
    team: str | None = None
    severity: str | None = None
    state: str | None = None
    everything: bool = False

    def takes(self, alert: dict[str, Any]) -> bool:
        """Whether it chooses this one."""
        wanted = [name for name in ("rule", "team", "severity", "state") if getattr(self, name)]
        is_open = alert["state"] != "resolved" or self.everything or self.state == "resolved"
        return is_open and all(alert[name] == getattr(self, name) for name in wanted)


@dataclass(frozen=True)
class Board:
    """Every alert, the worst first; `evaluated` is what the last judged night says of each rule, `day` the company's
    day that silences are held against."""

    alerts: Rows
    evaluated: Rows
    silences: tuple[Silence, ...]
    day: date

    @property
    def firing(self) -> Rows:
        """Those that nobody has taken up."""
        return [alert for alert in self.alerts if alert["state"] == "firing"]

    @property
    def standing_silences(self) -> tuple[Silence, ...]:
        """Those whose last day is not over."""
        return tuple(silence for silence in self.silences if not silence.is_past(self.day))

    def firing_by_severity(self) -> dict[str, int]:
        """How many fire; severities of which none does are left out."""
        found = Counter(alert["severity"] for alert in self.firing)
        return {severity: found[severity] for severity in SEVERITIES if found[severity]}


def read_board(workspace: Workspace, settings: Settings | None, now: datetime) -> Board:
    """Published episodes and those of the pipeline's own health; without settings their silences are not known."""
    from models.alert_settings import Alerts
    from pipelines.alerting.health import read_health
    from pipelines.alerting.said import all_silences, read_acknowledgements

    store = workspace.operator_store
    day = company_day_of(workspace, settings, now)
    published, evaluated = _published(workspace)
    health = [{**asdict(episode), "notified_at": None, "notification_status": None} for episode in read_health(store)]
    silences = all_silences(settings.alerts if settings else Alerts(), store)
    said, deliveries = read_acknowledgements(store), _deliveries(workspace)
    alerts = [
        _as_it_stands(row, said.get(row["alert_id"]), silences, day, deliveries.get(row["alert_id"], []))
        for row in (*published, *health)
    ]
    return Board(sorted(alerts, key=_worst_first), evaluated, silences, day)


def board_or_problem(workspace: Workspace, now: datetime) -> Board | str:
    """For pages about other things, which alerts must not keep from being shown: the board, or why it cannot be read."""
    try:
        settings = workspace.settings()
    except SettingsError:
        settings = None
    try:
        return read_board(workspace, settings, now)
    except TouchlineError as error:
        return error.what


def company_day_of(workspace: Workspace, settings: Settings | None, now: datetime) -> date:
    """The company's day at this instant; a demo company's nights are of a fixed day, which is its today."""
    if workspace.demo_as_of.exists():
        now = datetime.fromisoformat(workspace.demo_as_of.read_text(encoding="utf-8").strip())
    return now.astimezone(ZoneInfo(settings.company.timezone if settings else "UTC")).date()


def alert_called(board: Board, alert_id: str) -> dict[str, Any]:
    """The alert of this id; UsageError names those that are nearly called so."""
    found = {alert["alert_id"]: alert for alert in board.alerts}
    if alert_id not in found:
        from difflib import get_close_matches

        near = get_close_matches(alert_id, found, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"no alert is called '{alert_id}'.{hint}", "See their ids: touchline alerts list --all")
    return found[alert_id]


def changes_of(workspace: Workspace, alert_id: str) -> Rows:
    """The changes of an alert's state, oldest first."""
    from pipelines.alerting.health import read_health_changes

    of_health = read_health_changes(workspace.operator_store).get(alert_id)
    if of_health is not None or not workspace.published_file.exists():
        return [asdict(change) for change in of_health or ()]
    connection = _open(workspace)
    try:
        return fetch(connection, "select * from ops.alert_transition where alert_id = ? order by place", [alert_id])
    finally:
        connection.close()


def refuse_unknown_filters(board: Board, choice: AlertChoice) -> None:
    """UsageError when a filter names what there is not: a typing error must not pass for `nothing`."""
    known: dict[str, Iterable[str]] = {
        "rule": known_rules(board),
        "team": {alert["team"] for alert in board.alerts if alert["team"]},
        "severity": SEVERITIES,
        "state": STATES,
    }
    for name, words in known.items():
        word = getattr(choice, name)
        if word and word not in words:
            raise UsageError(
                f"no alert was ever of --{name} {word}.{nearest(word, words)}",
                "See what there is: touchline alerts list --all",
            )


def known_rules(board: Board) -> set[str]:
    """Rules that there are, and those that ever raised an alert."""
    return rule_names() | {row["rule"] for row in (*board.alerts, *board.evaluated)}


def known_subjects(workspace: Workspace, board: Board) -> tuple[set[str], set[str]]:
    """Whom a silence can name: subjects, and teams. Before the first publication only the night itself."""
    subjects = {alert["subject_id"] for alert in board.alerts} | {"all"}
    teams = {alert["team"] for alert in board.alerts if alert["team"]}
    if not workspace.published_file.exists():
        return subjects, teams
    connection = _open(workspace)
    try:
        found = fetch(connection, _SUBJECTS)
    finally:
        connection.close()
    teams |= {row["subject_id"] for row in found if row["kind"] == "team"}
    return subjects | teams | {row["subject_id"] for row in found}, teams


def _published(workspace: Workspace) -> tuple[Rows, Rows]:
    if not workspace.published_file.exists():
        return [], []
    connection = _open(workspace)
    try:
        return fetch(connection, "select * from marts.alerts"), fetch(connection, _EVALUATED)
    finally:
        connection.close()


def _open(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    from sql.warehouse import open_published

    return open_published(workspace.published_file.resolve())


def _deliveries(workspace: Workspace) -> dict[str, Rows]:
    """Messages about each alert, by channel, as the outbox knows them now."""
    from pipelines.night.operator import opened

    if not workspace.operator_store.exists():
        return {}
    with opened(workspace.operator_store, writing=False) as connection:
        cursor = connection.execute(_DELIVERIES)
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    by_alert: dict[str, Rows] = {}
    for row in found:
        by_alert.setdefault(row["alert_id"], []).append(row)
    return by_alert


def _as_it_stands(
    alert: dict[str, Any], said: Acknowledgement | None, silences: tuple[Silence, ...], day: date, sent: Rows
) -> dict[str, Any]:
    """The episode with what was said of it since the night, and what became of its messages."""
    from pipelines.alerting.said import silence_on

    state, by = str(alert["state"]), alert["suppressed_by"]
    if state == "firing" and said is not None:
        state = "acknowledged"
    about = {"rule": alert["rule"], "subject_id": alert["subject_id"], "team": alert["team"]}
    silence = silence_on(silences, day, **about)
    if silence is not None and state in _HIDEABLE:
        state, by = "suppressed", "silence"
    return {
        **alert,
        "evidence": json.loads(alert["evidence"]) if isinstance(alert["evidence"], str) else alert["evidence"],
        "state": state,
        "suppressed_by": by,
        "state_of_the_night": str(alert["state"]),
        "acknowledgement": said and asdict(said),
        "silence": silence and asdict(silence),
        "delivery": _delivery(sent),
        "deliveries": sent,
    }


def _delivery(sent: Rows) -> str:
    """The worst of an alert's messages: dead before waiting before sent; `none` when there is none."""
    states = {row["state"] for row in sent}
    if "sending" in states:
        states.add("waiting")
    return next((state for state in ("dead", "waiting", "sent") if state in states), "none")


def _worst_first(alert: dict[str, Any]) -> tuple[Any, ...]:
    return (
        SEVERITIES.index(alert["severity"]),
        STATES.index(alert["state"]),
        alert["started_at"],
        alert["rule"],
        alert["subject_id"],
        alert["alert_id"],
    )
