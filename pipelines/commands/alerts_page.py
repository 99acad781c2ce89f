"""Alerts as pages: what stands, one alert with everything that is known of it, and the few lines for other pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from data_quality.quarantine import visible
from pipelines.alerting.wording import bare_figure, figure
from pipelines.commands.alert_words import alerts_line, counted, figures, headline, what_to_do, why_quiet
from pipelines.commands.fetching import Rows
from pipelines.commands.pages import Page, Styled
from pipelines.commands.status_top import instant

if TYPE_CHECKING:
    from pipelines.alerting.said import Silence
    from pipelines.commands.alerted import Board

_STYLES = {"critical": "bold red", "warning": "bold yellow", "info": "bold"}
_STATE_STYLES = {"firing": "red", "acknowledged": "yellow", "recovering": "green"}
_WAITING = {"waiting": "message waits", "dead": "message undeliverable"}
_FEW = 8


def show_alerts(out: Page, alerts: Rows, board: Board) -> None:
    """The page of `alerts list`: a table for each severity, then the silences."""
    if alerts:
        out.head(f"Alerts: {counted(board.firing_by_severity())}")
    else:
        out.line(_nothing(board))
    for severity in dict.fromkeys(alert["severity"] for alert in alerts):
        rows = [_row(alert) for alert in alerts if alert["severity"] == severity]
        out.rows(f"{severity.capitalize()} ({len(rows):,})", ("id", "alert", "figure", "since", "state"), rows)
    _show_unjudged(out, board)
    _show_silences(out, board)
    if alerts:
        out.line("\n→ More of one: touchline alerts show ID; to take it up: touchline alerts ack ID")


def _row(alert: dict[str, Any]) -> tuple[object, ...]:
    waits = _WAITING.get(alert["delivery"])
    state = alert["state"] + (f" ({alert['suppressed_by']})" if alert["state"] == "suppressed" else "")
    told = Styled(f"{state}; {waits}" if waits else state, _STATE_STYLES.get(alert["state"], "dim"))
    return alert["alert_id"], headline(alert), figures(alert), str(alert["started_date"]), told


def _nothing(board: Board) -> str:
    """That nothing is wrong says what was looked at; an empty list alone could mean that nobody looked."""
    judged = [row for row in board.evaluated if row["status"] == "judged"]
    if not judged:
        return "No alert is chosen by that; no rule has been judged yet: touchline run"
    subjects = sum(row["subjects"] for row in judged)
    as_of = max(row["as_of"] for row in judged)
    return (
        f"No alert is chosen by that. The night of {judged[0]['night_date']} judged {len(judged):,} rules"
        f" over {subjects:,} figures (as of {instant(as_of)} UTC)."
    )


def _show_unjudged(out: Page, board: Board) -> None:
    for row in board.evaluated:
        if row["status"] == "refused":
            out.line(f"\nThe last night did not judge {row['rule']}: {visible(row['reason'] or '')}")


def _show_silences(out: Page, board: Board) -> None:
    rows = [_silence_row(silence) for silence in board.standing_silences]
    if rows:
        out.rows("Silences", ("id", "hides", "until", "reason", "by"), rows)
        out.line("→ To end one: touchline alerts unsilence ID; those of touchline.yaml end there")


def _silence_row(silence: Silence) -> tuple[object, ...]:
    until = "no end" if silence.to_date is None else str(silence.to_date)
    return silence.silence_id or "", hidden(silence), until, visible(silence.reason), visible(silence.silenced_by)


def hidden(silence: Silence) -> str:
    """`rule rep_overload, team North`; `everything` when nothing is named."""
    named = {"rule": silence.rule, "subject": silence.subject, "team": silence.team}
    return ", ".join(f"{name} {visible(word)}" for name, word in named.items() if word) or "everything"


def show_alert(out: Page, alert: dict[str, Any], changes: Rows) -> None:
    """The page of `alerts show`: figures, evidence, what happened, messages, what to do."""
    out.marked(f"{alert['severity']:<8}", _STYLES.get(alert["severity"], ""), f"{headline(alert)}: {alert['state']}")
    out.line(f"  alert {alert['alert_id']} of rule {alert['rule']}, {_about(alert)}")
    _show_figures(out, alert)
    _show_evidence(out, alert["evidence"])
    _show_changes(out, alert, changes)
    _show_messages(out, alert["deliveries"])
    advice = what_to_do(alert["rule"])
    out.line("")
    if advice:
        out.line(f"→ {advice}")
    out.line(f"→ How the rule judges: {alert['runbook']}")
    if alert["state"] in ("firing", "pending"):
        out.line(f"→ To take it up: touchline alerts ack {alert['alert_id']}")


def _about(alert: dict[str, Any]) -> str:
    team = f" of team {visible(alert['team'])}" if alert["team"] and alert["subject_type"] != "team" else ""
    return f"{alert['subject_type']} {visible(alert['subject_id'])}{team}"


def _show_figures(out: Page, alert: dict[str, Any]) -> None:
    if alert["value"] is not None:
        named = f"{alert['limit_name']}: " if alert["limit_name"] not in (None, "threshold") else ""
        out.line(f"  {named}{figures(alert)}, clear at {_plain(alert, 'clear_threshold')}")
    usual = {"baseline": "usual for itself", "peers": "usual for others like it"}
    said = [f"{word} {_plain(alert, name)}" for name, word in usual.items() if alert[name] is not None]
    if said:
        out.line(f"  {', '.join(said)}")
    quiet = why_quiet(alert)
    if quiet:
        out.line(f"  Nobody is told: {quiet}")
    said_by = alert["acknowledgement"]
    if said_by:
        note = f": {visible(said_by['note'])}" if said_by["note"] else ""
        out.line(
            f"  Taken up by {visible(said_by['acknowledged_by'])}, {instant(said_by['acknowledged_at'])} UTC{note}"
        )


def _plain(alert: dict[str, Any], name: str) -> str:
    value = alert[name]
    return "its limit" if value is None else bare_figure(value, alert["unit"])


def _show_evidence(out: Page, evidence: object) -> None:
    if not evidence:
        return
    out.head("\nJudged on")
    named = (
        evidence.items() if isinstance(evidence, dict) else enumerate(evidence if isinstance(evidence, list) else [])
    )
    for name, value in named:
        for line in str(_readable(value)).splitlines():
            out.line(f"  {visible(str(name))}: {visible(line)}")


def _readable(value: object) -> object:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def _show_changes(out: Page, alert: dict[str, Any], changes: Rows) -> None:
    out.head(f"\nSince {alert['started_date']}, last seen {alert['last_seen_date']}")
    for row in changes:
        before = f"{row['from_state']} → " if row["from_state"] else ""
        value = "" if row["value"] is None else f" at {figure(row['value'], alert['unit'])}"
        news = " (people are told)" if row["is_news"] else ""
        out.line(f"  {row['night_date']}  {before}{row['to_state']}{value}{news}")


def _show_messages(out: Page, deliveries: Rows) -> None:
    rows = [
        (row["channel"], row["kind"], row["state"], _minute(row["sent_at"]), row["attempts"], visible(row["last_error"] or ""))
        for row in deliveries
    ]  # fmt: skip
    if rows:
        out.rows("Messages (UTC)", ("channel", "kind", "state", "sent", "attempts", "last error"), rows)


def _minute(text: str | None) -> str:
    return "" if text is None else instant(datetime.fromisoformat(text))


def show_firing(out: Page, board: Board | str) -> None:
    """Below a night: which alerts fire, at most a few of them; nothing where no rule has ever judged."""
    line = alerts_line(board)
    if line:
        out.head(f"\n{line}")
    firing = [] if isinstance(board, str) else board.firing
    for alert in firing[:_FEW]:
        said = figures(alert)
        out.marked(
            f"{alert['severity']:<8}", _STYLES[alert["severity"]], headline(alert) + (f": {said}" if said else "")
        )
    if len(firing) > _FEW:
        out.line(f"… and {len(firing) - _FEW:,} more")
